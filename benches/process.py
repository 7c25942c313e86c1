#!/usr/bin/env python3
"""Whole processes: a shell through guard against the same shell without, side by side.

    cargo build --release && benches/process.py [target/release/guard]

Each pair runs alternately, so that whatever else the machine does hits both. Shown are medians,
their ratio, and the peak memory (with GNU time, if it is installed).
"""

import os
import shutil
import statistics
import sys
import tempfile
import time

ROUNDS = 400

PAIRS = [
    ("bash -c true", "bash", ["-c", "true"]),
    ("sh -c true", "sh", ["-c", "true"]),
    ("zsh -c true", "zsh", ["-fc", "true"]),
    ("bash -lc, a pipeline", "bash", ["-lc", "ls -la / | grep -c bin"]),
    (
        "bash -c, an envelope",
        "bash",
        [
            "-c",
            "shopt -u extglob 2>/dev/null || true && eval 'git --version | cat' < /dev/null "
            "&& pwd -P >| /tmp/claude-0-cwd",
        ],
    ),
    ("a shim: psql --version", "psql", ["--version"]),
    ("a shim: rm --version", "rm", ["--version"]),
]


def run(path, argv, environment):
    """Seconds from fork to exit."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(path, argv, environment, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - start
    os.close(null)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{path} {argv} failed: {status}")
    return took


def peak(path, argv, environment):
    """The peak memory in MiB, of guard and of what it becomes; GNU time's own fork is small, while
    a child of this process would be charged for the interpreter."""
    if not os.path.exists("/usr/bin/time"):
        return "?"
    with tempfile.NamedTemporaryFile("r") as report:
        run("/usr/bin/time", ["time", "-o", report.name, "-f", "%M", path, *argv[1:]], environment)
        return f"{int(report.read()) / 1024:.1f}"


def main():
    guard = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/guard")
    with tempfile.TemporaryDirectory() as place:
        environment = dict(os.environ, HOME=place, XDG_STATE_HOME=place + "/state")
        environment.pop("BASH_ENV", None)
        print(f"{'':32} {'real':>9} {'guard':>9} {'ratio':>6} {'more':>9} {'memory':>16}")
        for name, program, arguments in PAIRS:
            real = shutil.which(program)
            if not real:
                print(f"{name:32} {program} is not installed")
                continue
            link = os.path.join(place, program)
            if not os.path.lexists(link):
                os.symlink(guard, link)
            samples = {real: [], link: []}
            memory = {path: peak(path, [program, *arguments], environment) for path in (real, link)}
            for _ in range(ROUNDS):
                for path in (real, link):
                    samples[path].append(run(path, [program, *arguments], environment))
            without = statistics.median(samples[real]) * 1e3
            through = statistics.median(samples[link]) * 1e3
            print(
                f"{name:32} {without:6.2f} ms {through:6.2f} ms {through / without:6.2f} "
                f"{through - without:6.2f} ms {memory[real]:>5} → {memory[link]:>4} MiB"
            )


if __name__ == "__main__":
    main()
