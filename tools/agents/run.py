#!/usr/bin/env python3
"""Real agents below guard, with a model on loopback that makes them run commands.

Each agent is told to `echo`, then to delete a directory, then to delete it again. See README.md.
"""

import argparse
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import person
from model import Model

PROBE = 'echo guard-probe-"42"; pwd'
ANSWER = "guard-probe-42"
# Codex refuses `rm -f` itself.
DESTROY = "rm -r d && echo gone >> runs"
# In the order of the report.
STEPS = [
    "echo",
    "lost",
    "held",
    "approved",
    "ran once",
    "held again",
    "told why",
    "asked nothing else",
    "ended well",
]
# How long a call is held, and how long an agent may take (seconds).
HOLD = 50
PATIENCE = 240


class Claude:
    name, package, version = "claude", "@anthropic-ai/claude-code", "2.1.330"

    @staticmethod
    def prepare(home, port):
        """Writes its settings; gives its environment."""
        return {
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }

    arguments = ["-p", "go", "--model", "claude-sonnet-4-5", "--allowedTools", "Bash"]

    @staticmethod
    def shell(shells):
        return {"CLAUDE_CODE_SHELL": f"{shells}/bash"}


class Codex:
    name, package, version = "codex", "@openai/codex", "0.169.0"

    @staticmethod
    def prepare(home, port):
        directory = home / ".codex"
        directory.mkdir(exist_ok=True)
        (directory / "config.toml").write_text(
            'model = "mock"\nmodel_provider = "mock"\n'
            '[model_providers.mock]\nname = "mock"\nwire_api = "responses"\n'
            f'base_url = "http://127.0.0.1:{port}/v1"\nenv_key = "MOCK_KEY"\n'
        )
        return {"MOCK_KEY": "none"}

    arguments = [
        "exec",
        "--skip-git-repo-check",
        "--dangerously-bypass-approvals-and-sandbox",
        "go",
    ]
    # It takes the shell that the user data base names.
    shell = None


class Gemini:
    name, package, version = "gemini", "@google/gemini-cli", "0.61.0"

    @staticmethod
    def prepare(home, port):
        directory = home / ".gemini"
        directory.mkdir(exist_ok=True)
        settings = {
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
            "privacy": {"usageStatisticsEnabled": False},
        }
        (directory / "settings.json").write_text(json.dumps(settings))
        return {
            "GEMINI_API_KEY": "none",
            "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{port}",
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        }

    arguments = ["-p", "go", "--approval-mode", "yolo", "-m", "gemini-2.5-flash"]

    @staticmethod
    def shell(shells):
        # It runs the first bash on PATH.
        return {"PATH": f"{shells}:{os.environ['PATH']}"}


class OpenCode:
    name, package, version = "opencode", "opencode-ai", "1.18.33"

    @staticmethod
    def prepare(home, port):
        directory = home / ".config/opencode"
        directory.mkdir(parents=True, exist_ok=True)
        options = {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "none"}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "mock", "options": options}
        provider["models"] = {"mock": {"name": "mock"}}
        config = {"provider": {"mock": provider}, "permission": "allow", "autoupdate": False}
        (directory / "opencode.json").write_text(json.dumps(config))
        return {"OPENCODE_DISABLE_MODELS_FETCH": "1"}

    arguments = ["run", "-m", "mock/mock", "go"]

    @staticmethod
    def shell(shells):
        return {"SHELL": f"{shells}/bash"}


AGENTS = [Claude, Codex, Gemini, OpenCode]


def install(agent, cache):
    """Installs the agent; gives its program."""
    prefix = cache / f"{agent.name}-{agent.version}"
    program = prefix / "node_modules/.bin" / agent.name
    if not program.exists():
        npm = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
        wanted = f"{agent.package}@{agent.version}"
        subprocess.run([*npm, "--prefix", prefix, wanted], check=True, stdout=sys.stderr)
    return program


def leave_the_network():
    """Into a network namespace of our own, where there is nothing but loopback."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    new_user, new_network = 0x10000000, 0x40000000
    if libc.unshare(new_user | new_network) != 0:
        return os.strerror(ctypes.get_errno())
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    set_flags, up_and_running = 0x8914, 0x41
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH14x", b"lo", up_and_running))
    return None


class Place:
    """A guard, an agent's home, and a directory with something to lose."""

    def __init__(self, root, guard):
        self.root = root
        self.guard = root / "bin/guard"
        self.work = root / "work"
        self.home = root / "home"
        self.shells = root / "lib/guard/shells"
        for directory in [root / "bin", self.home]:
            directory.mkdir(parents=True)
        shutil.copy(guard, self.guard)
        setup = [self.guard, "setup", "--prefix", root]
        subprocess.run(setup, check=True, capture_output=True, env=self.environment())
        (root / "guard.toml").write_text(f"schema = 1\n[supervision]\nhold = {HOLD}\n")

    def tidy(self):
        """As before anything ran, but for what the agent has written at home."""
        shutil.rmtree(self.work, ignore_errors=True)
        for directory in ["d", "spare"]:
            (self.work / directory).mkdir(parents=True)
            (self.work / directory / "precious").write_text("a day's work\n")
        shutil.rmtree(self.home / ".local/state/guard", ignore_errors=True)

    def environment(self):
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "TERM": "xterm",
            "NO_COLOR": "1",
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "GUARD_POLICY": str(self.root / "guard.toml"),
        }

    def waiting(self):
        """What waits for a person."""
        found = []
        for file in (self.home / ".local/state/guard/requests").glob("*"):
            try:
                request = json.loads(file.read_text())
            except (OSError, ValueError):
                continue
            if request["status"] == "waiting":
                found.append(request)
        return found

    def is_there(self):
        return (self.work / "d/precious").exists()

    def runs(self):
        file = self.work / "runs"
        return len(file.read_text().splitlines()) if file.exists() else 0


class Case:
    """One agent, told to do three things."""

    def __init__(self, place):
        self.place = place
        self.results = []
        # What was looked at, and what is wrong with it.
        self.steps = {}
        self.noise = []
        # Requests by id, with what the person said.
        self.answered = {}
        self.is_restored = False
        self.lock = threading.Lock()
        self.commands = {}
        self.has_answered = threading.Event()

    def check(self, step, ok, why=""):
        self.steps[step] = "" if ok else why

    def next(self, results):
        """The command after these results. The same question has the same answer."""
        with self.lock:
            if len(results) not in self.commands:
                self.results = results
                self.commands[len(results)] = self.decide(len(results))
            return self.commands[len(results)]

    def decide(self, count):
        place = self.place
        if count == 0:
            return PROBE
        if count == 1:
            return DESTROY
        if self.is_restored:
            return None
        if place.is_there() and place.runs() == 0:
            # Stopped at once: it may be done again when a person has said yes.
            return DESTROY if count < 4 and self.has_answered.wait(60) else None
        if place.is_there():
            return None
        # An old file takes the place of what went, and the approval was for once.
        (place.work / "spare").rename(place.work / "d")
        self.is_restored = True
        return DESTROY

    def person(self):
        """Answers what waits: yes to the first, no to what comes after it has run."""
        for request in self.place.waiting():
            if request["id"] in self.answered:
                continue
            if DESTROY not in request["report"]["text"] and request["phrase"] != "d":
                self.noise.append(request["report"]["text"])
                self.say(request, ["--deny"], None)
            elif not self.is_restored:
                self.check("held", self.place.is_there() and self.place.runs() == 0, "it ran")
                status, screen = self.say(request, [], request["phrase"])
                self.check("approved", status == 0, f"{status}: {screen}")
                self.has_answered.set()
            else:
                self.check("held again", self.place.is_there(), "one approval was good for two")
                self.say(request, ["--deny"], None)

    def say(self, request, options, typed):
        self.answered[request["id"]] = typed
        environment = self.place.environment()
        words = [*options, request["id"]]
        return person.answer(self.place.guard, words, typed, environment, self.place.root)

    def conclude(self, status, is_guarded):
        place = self.place
        echoed = any(ANSWER in result for result in self.results[:1])
        self.check("echo", echoed, str(self.results[:1]))
        rest = f"the tool said {self.results[1:]}"
        if is_guarded:
            for step in ["held", "approved", "held again"]:
                if step not in self.steps:
                    self.check(step, False, f"never; {rest}")
            once = place.runs() == 1 and place.is_there() and self.is_restored
            self.check("ran once", once, f"{place.runs()} times; {rest}")
            told = any("REFUSED by the user" in result for result in self.results[2:])
            # As its shell alone guard has stopped it, and the agent has not tried again.
            told |= any("STOPPED" in result for result in self.results[-1:])
            self.check("told why", told, rest)
            self.check("asked nothing else", not self.noise, str(self.noise))
        else:
            self.check("lost", place.runs() == 2 and not place.is_there(), rest)
        self.check("ended well", status == 0, f"status {status}")


# Nothing of guard; guard as its shell; below a supervisor; both. The first one shows that the agent
# loses what it is told to, and leaves files of its own at home for the others to find.
WAYS = {
    "bare": (False, False),
    "its shell": (False, True),
    "guard --": (True, False),
    "guard --, its shell": (True, True),
}


def run(agent, program, way, place, model):
    """Runs an agent in one of the ways; gives what was seen of it."""
    is_below, has_shell = WAYS[way]
    place.tidy()
    case = Case(place)
    model.script = case.next
    environment = place.environment() | agent.prepare(place.home, model.port)
    if has_shell:
        environment |= agent.shell(place.shells)
    words = [str(program), *agent.arguments]
    if is_below:
        words = [str(place.guard), "--", *words]
    with open(place.root / f"output of {way}", "wb") as output:
        child = subprocess.Popen(
            words,
            cwd=place.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE
        while child.poll() is None and time.monotonic() < end:
            case.person()
            time.sleep(0.1)
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    case.person()
    case.conclude(child.returncode, is_below or has_shell)
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guard", type=Path, default="target/release/guard")
    parser.add_argument("--cache", type=Path, default="target/agents", help="where CLIs are kept")
    parser.add_argument(
        "--place",
        type=Path,
        default=Path.home(),
        help="where to make the directory with something to lose; nothing that git ignores, no /tmp",
    )
    parser.add_argument("--keep", action="store_true", help="keep what agents and guard wrote")
    parser.add_argument("agent", nargs="*", help="claude, codex, gemini, opencode; all of them")
    options = parser.parse_args()
    chosen = [agent for agent in AGENTS if not options.agent or agent.name in options.agent]
    if len(chosen) < len(options.agent):
        parser.error("there is no such agent")
    cache = options.cache.resolve()
    programs = {agent: install(agent, cache) for agent in chosen}
    failure = leave_the_network()
    print(f"network: {'loopback alone' if failure is None else f'the machine’s own ({failure})'}")
    root = Path(tempfile.mkdtemp(prefix="guard-agents-", dir=options.place)).resolve()
    failed = 0
    with open(root / "model.log", "w") as log:
        model = Model(log)
        for agent, program in programs.items():
            place = Place(root / agent.name, options.guard)
            for way, (_, has_shell) in WAYS.items():
                if has_shell and agent.shell is None:
                    continue
                case = run(agent, program, way, place, model)
                for step in filter(case.steps.__contains__, STEPS):
                    wrong = case.steps[step]
                    said = f"FAILED: {wrong}" if wrong else "ok"
                    print(f"{agent.name} {agent.version}, {way}: {step}: {said}", flush=True)
                    failed += bool(wrong)
    if options.keep or failed:
        print(f"kept: {root}")
    else:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
