#!/usr/bin/env python3
"""What added packs cost a start: `bash -c true` through guard with none, one and fifty of them.

Usage: benches/packs.py [GUARD] [ROUNDS]. The starts are taken in turn, so that what else the machine
does falls on all of them alike.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

GUARD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/guard")
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 400


def home(root, count):
    """A home directory with so many packs."""
    packs = root / str(count) / ".config/guard/packs"
    packs.mkdir(parents=True)
    for number in range(count):
        name = f"team-{number:02}"
        text = subprocess.run(
            [GUARD, "rules", "new", "--stdout", name], check=True, capture_output=True
        ).stdout
        (packs / f"{name}.toml").write_bytes(text)
    return root / str(count)


def start(place, command):
    environment = {**os.environ, "HOME": str(place)}
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        environment.pop(name, None)
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main():
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        homes = {count: home(root, count) for count in (0, 1, 50)}
        command = [GUARD, "-c", "true"]
        # A file that was changed a moment ago is not trusted to stay as it is.
        time.sleep(1.5)
        first = {count: start(place, command) for count, place in homes.items()}
        taken = {count: [] for count in homes}
        for _ in range(ROUNDS):
            for count, place in homes.items():
                taken[count].append(start(place, command))
        one = statistics.median(taken[1])
        for count, times in taken.items():
            median = statistics.median(times)
            print(
                f"{count:3} packs: {median * 1000:.2f} ms, {median / one:.3f} of one pack"
                f" (first start, which compiles: {first[count] * 1000:.1f} ms)"
            )


main()
