"""A person at a terminal of their own, who answers what guard asks.

The terminal belongs to a process that descends from nothing here and has a clean environment, as
a terminal program does: guard takes no answer from a place that the agent commands.
"""

import json
import os
import pty
import select
import subprocess
import sys
import time


def answer(guard, arguments, typed, environment, directory):
    """Runs `guard approve` with these arguments at a new terminal, and types. Gives its exit status
    and what the terminal showed."""
    seen = directory / "seen.json"
    seen.unlink(missing_ok=True)
    words = [str(guard), "approve", *arguments]
    scene = {"words": words, "typed": typed, "seen": str(seen), "environment": environment}
    file = directory / "scene.json"
    file.write_text(json.dumps(scene))
    subprocess.run(
        ["setsid", "--fork", sys.executable, __file__, str(file)],
        env=environment,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if seen.exists():
            answer = json.loads(seen.read_text())
            return answer["status"], answer["screen"]
        time.sleep(0.05)
    return None, "the terminal gave no sign"


def terminal(scene):
    # A script that holds a terminal and hides where it came from would not be believed.
    with open("/proc/self/comm", "w") as comm:
        comm.write("terminal")
    # Until the process that detached this one is gone, it still descends from the agent's starter.
    time.sleep(0.1)
    child, master = pty.fork()
    if child == 0:
        os.execve(scene["words"][0], scene["words"], scene["environment"])
    screen = b""
    typed = scene["typed"]
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            read = os.read(master, 65536)
        except OSError:
            break
        if not read:
            break
        screen += read
        if typed is not None and screen.rstrip(b" ").endswith(b"\r\n>"):
            # What is typed before the question has been on the screen for a moment is not taken.
            time.sleep(1)
            os.write(master, typed.encode() + b"\n")
            typed = None
    _, status = os.waitpid(child, 0)
    seen = {"status": os.waitstatus_to_exitcode(status), "screen": screen.decode(errors="replace")}
    part = scene["seen"] + ".part"
    with open(part, "w") as file:
        json.dump(seen, file)
    os.rename(part, scene["seen"])


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        terminal(json.load(file))
