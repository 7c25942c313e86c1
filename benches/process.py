#!/usr/bin/env python3
"""Whole processes: a shell through guard against the same shell without, side by side.

    cargo build --release && benches/process.py [target/release/guard]

Each pair runs alternately, so that whatever else the machine does hits both. Shown are medians,
their ratio, and the highest memory that one process had.
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
    """Seconds from fork to exit, and the peak memory in KiB."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(path, argv, environment, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    took = time.perf_counter() - start
    os.close(null)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{path} {argv} failed: {status}")
    return took, usage.ru_maxrss


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
            memory = {real: 0, link: 0}
            for _ in range(ROUNDS):
                for path in (real, link):
                    took, peak = run(path, [program, *arguments], environment)
                    samples[path].append(took)
                    memory[path] = max(memory[path], peak)
            without = statistics.median(samples[real]) * 1e3
            through = statistics.median(samples[link]) * 1e3
            print(
                f"{name:32} {without:6.2f} ms {through:6.2f} ms {through / without:6.2f} "
                f"{through - without:6.2f} ms {memory[real] / 1024:5.1f} → {memory[link] / 1024:4.1f} MiB"
            )


if __name__ == "__main__":
    main()
