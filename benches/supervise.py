#!/usr/bin/env python3
"""Work below the supervisor against the same work without, side by side.

    cargo build --release && benches/supervise.py [target/release/guard]

Each pair runs alternately; shown are the medians and their ratio. A shell's start is shown as a
difference, since that is what an agent pays once for each command.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SPAWNS = "import os\nfor _ in range(1000): os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)"

# (what, rounds, text that prepares, text that is measured)
WORK = [
    ("a shell's start", 60, "", "true"),
    ("1,000 programs, one after another", 7, "", f'python3 -c "{SPAWNS}"'),
    ("a loop of 500 programs in bash", 7, "", "for i in {1..500}; do /bin/true; done"),
    ("make -j2, 60 files", 7, "rm -f *.o all", "make -s -j2"),
    ("git status, 2,000 files", 15, "", "git -C r status --short > /dev/null"),
    ("git clone, 2,000 files", 7, "rm -rf c", "git clone -q r c"),
    ("npm run", 7, "", "npm run --silent x"),
    ("rm -rf of 3,000 files", 9, "rm -rf many; mkdir many; cd many; seq 3000 | xargs touch; "
     "for f in *; do echo x; done > /dev/null", "rm -rf many"),
    ("python's rmtree of 3,000 files", 9, "rm -rf many; mkdir many; cd many; seq 3000 | xargs touch",
     "python3 -c 'import shutil; shutil.rmtree(\"many\")'"),
]


def prepare(place):
    """Sources to build, and a repository."""
    for number in range(60):
        with open(f"{place}/f{number}.c", "w") as source:
            source.write(f"#include <stdio.h>\nint f{number}(int x) {{ return printf(\"%d\", x); }}\n")
    with open(f"{place}/Makefile", "w") as makefile:
        makefile.write("all: $(patsubst %.c,%.o,$(wildcard *.c))\n\t@touch all\n")
    with open(f"{place}/package.json", "w") as package:
        package.write('{"scripts": {"x": "true"}}')
    script = (
        "git init -q r && cd r && git config user.email a@b && git config user.name n && "
        "mkdir $(seq 20) && for d in $(seq 20); do for f in $(seq 100); do echo $d$f > $d/$f; "
        "done; done && git add . && git commit -qm all"
    )
    subprocess.run(["bash", "-c", script], cwd=place, check=True, env=environment(place))


def environment(place):
    return {
        "HOME": place,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }


def once(words, text, setup, place):
    """Seconds."""
    if setup:
        subprocess.run(["bash", "-c", setup], cwd=place, check=True, env=environment(place))
    start = time.perf_counter()
    subprocess.run(
        [*words, "bash", "-c", text],
        cwd=place,
        check=True,
        env=environment(place),
        stdin=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main():
    guard = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/guard")
    # What lies in the temporary directory is nobody's work, and would not be looked at.
    place = tempfile.mkdtemp(prefix="guard-bench-", dir=os.path.dirname(guard))
    try:
        prepare(place)
        print(f"{'':36} {'bare':>10} {'supervised':>11} {'ratio':>6}")
        for what, rounds, setup, text in WORK:
            if shutil.which(text.split()[0]) is None and text.split()[0] not in ("for", "true"):
                print(f"{what:36} not installed")
                continue
            bare, supervised = [], []
            for _ in range(rounds):
                bare.append(once([], text, setup, place))
                supervised.append(once([guard, "--"], text, setup, place))
            one, other = statistics.median(bare), statistics.median(supervised)
            print(
                f"{what:36} {one * 1000:7.1f} ms {other * 1000:8.1f} ms {other / one:6.2f}"
                + (f"  (+{(other - one) * 1000:.2f} ms)" if what.startswith("a shell") else "")
            )
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
