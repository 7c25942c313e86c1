#!/usr/bin/env python3
"""Judges the commands that CLIs' own documentation shows, and prints those that ask by rule.

    cargo build
    tools/docs-noise/judge.py target/debug/guard DIRECTORY [--quiet | --missed]

DIRECTORY holds the documentation; what is not there yet is fetched: awscli and azure-cli with pip,
the tldr pages and Docker's with git. Nothing that was fetched is run, and no command is. --quiet
prints the figures alone; --missed prints what is named like a deletion and is not asked about.

Placeholders are filled with their own names. Where a page offers two spellings of an option, both
are judged. PyYAML is needed.
"""

import ast
import json
import re
import shlex
import subprocess
import sys
import textwrap
import zipfile
from collections import defaultdict
from pathlib import Path

import yaml

DESTROYS = re.compile(
    r"(^|[\s_./:-])(delete|destroy|purge|drop|terminate|wipe|erase|nuke|prune|remove|rm|reset|unpublish"
    r"|revoke|truncate|flush|clean|clear|format|shred|overwrite)([\s_=:-]|$)",
    re.I,
)


def fetch(name, source, into):
    if into.exists():
        return
    into.mkdir(parents=True)
    if source.startswith("https://"):
        subprocess.run(["git", "clone", "-q", "--depth", "1", source, into], check=True)
        return
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", into, source], check=True
    )
    for wheel in into.glob("*.whl"):
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(into)


def angles(text):
    """`<a name>` filled with its own name."""
    return re.sub(r"<([A-Za-z][\w .:/-]*)>", lambda m: re.sub(r"[^\w.-]+", "-", m[1]), text)


def indented(lines, starts):
    """The commands among the lines: one that starts as told, and the lines it goes on over."""
    command = None
    for line in lines:
        if command is not None:
            command.append(line)
        elif starts.match(line.strip()):
            command = [re.sub(r"^[$#>] +", "", line.strip())]
        else:
            continue
        if whole(command):
            yield "\n".join(command)
            command = None
    if command is not None:
        yield "\n".join(command)


def whole(lines):
    if lines[-1].rstrip().endswith("\\"):
        return False
    try:
        shlex.split("\n".join(lines))
    except ValueError:
        # A quote is still open; one that is open for this long is a mistake of the page.
        return len(lines) > 60
    return True


def awscli(directory):
    for page in sorted(directory.rglob("awscli/examples/**/*.rst")):
        lines = page.read_text(errors="replace").splitlines()
        for command in indented(lines, re.compile(r"(\$ +)?aws +\S")):
            if re.match(r"aws +[a-z0-9-]+( +\S|$)", command):
                yield page, angles(command)


def filled(text, long):
    """A tldr command with its placeholders filled, options in the long or the short spelling."""

    def fill(match):
        inside = match[1]
        both = re.fullmatch(r"\[(.*)\|(.*)\]", inside)
        if both:
            return both[2] if long else both[1]
        inside = re.sub(r"\[[^]]*\]", "", inside)
        if "|" in inside and not re.search(r"[\"']", inside):
            inside = inside.split("|")[0]
        return inside.replace(" ...", "").replace("...", "x")

    return angles(re.sub(r"\{\{(.*?)\}\}", fill, text))


def tldr(directory):
    for page in sorted((directory / "pages").rglob("*.md")):
        if page.parent.name in ("windows", "cisco-ios", "dos"):
            continue
        for command in re.findall(r"^`(.*)`$", page.read_text(), re.M):
            for long in (True, False):
                yield page, filled(command, long)


def examples_of(text):
    try:
        return yaml.safe_load(text).get("examples") or ()
    except yaml.YAMLError:
        # A text that is put together when azure-cli starts.
        return ()


def azure(directory):
    for page in sorted(directory.rglob("azure/cli/command_modules/**/*.py")):
        text = page.read_text(errors="replace")
        if page.name == "_help.py":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Constant) and "examples:" in str(node.value):
                    for example in examples_of(node.value):
                        lines = str(example.get("text", "")).splitlines()
                        for command in indented(lines, re.compile(r"az +\S")):
                            yield page, angles(command)
        elif ":example:" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ClassDef) and ":example:" in (ast.get_docstring(node) or ""):
                    lines = ast.get_docstring(node).splitlines()
                    for command in indented(lines, re.compile(r"az +\S")):
                        yield page, angles(command)


def docker(directory):
    for page in sorted((directory / "docs").rglob("*.md")):
        for block in re.findall(
            r"^ *```(?:console|bash|sh|shell)[^\n]*\n(.*?)^ *```", page.read_text(), re.M | re.S
        ):
            for command in indented(textwrap.dedent(block).splitlines(), re.compile(r"[$#] +\S")):
                yield page, angles(command)


SOURCES = {
    "awscli": (awscli, "awscli"),
    "azure-cli": (azure, "azure-cli"),
    "docker": (docker, "https://github.com/docker/cli"),
    "tldr": (tldr, "https://github.com/tldr-pages/tldr"),
}


def judge(guard, commands):
    asked = "".join(
        json.dumps({"id": str(number), "cmd": command, "cwd": "/home/user/project"}) + "\n"
        for number, command in enumerate(commands)
    )
    done = subprocess.run(
        [guard, "check", "--batch"], input=asked, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def rules_of(answer):
    """What a command is asked about: its rules, and why it cannot be seen; None if it runs."""
    if answer["verdict"] == "allow":
        return None
    rules = {effect["rule"] for effect in answer["effects"] if effect["decision"] != "allow"}
    unseen = {"unseen: " + opaque["reason"].split(": ")[0] for opaque in answer["opaque"]}
    return ", ".join(sorted(rules | unseen))


def main():
    guard, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    show = sys.argv[3] if len(sys.argv) > 3 else ""
    for name, (commands_of, source) in SOURCES.items():
        fetch(name, source, directory / name)
        page_of = {}
        for page, command in commands_of(directory / name):
            page_of.setdefault(command, page)
        commands = list(page_of)
        by_rule = defaultdict(list)
        asked = 0
        for command, answer in zip(commands, judge(guard, commands), strict=True):
            rules = rules_of(answer)
            if rules is not None:
                asked += 1
                by_rule[rules].append(command)
            elif show == "--missed" and DESTROYS.search(command):
                by_rule["not asked"].append(command)
        print(f"{name}: {len(commands)} commands, {asked} asked about", flush=True)
        if show == "--quiet":
            continue
        for rule, asking in sorted(by_rule.items()):
            if (rule == "not asked") != (show == "--missed"):
                continue
            print(f"  {rule}: {len(asking)}")
            for command in asking:
                print("    " + " ".join(command.split()))


if __name__ == "__main__":
    main()
