#!/usr/bin/env python3
"""Judges the commands that CLIs' own documentation shows, and prints those that ask by rule.

    cargo build
    tools/docs-noise/judge.py target/debug/guard DIRECTORY [--quiet | --missed | --check]

DIRECTORY holds the documentation; what is not there yet is fetched: awscli and azure-cli with pip,
the tldr pages and Docker's with git. Nothing that was fetched is run, and no command is. --quiet
prints the figures alone; --missed prints what is named like a deletion and is not asked about.

read.tsv holds what a person found who read each group of commands that ask, and those that do not
and are named like a deletion. --check fails on a group that is not there, or that holds other
commands than were read, and prints its line for the table. The verdicts:

    right    it loses, discloses or sends something for good, or what it runs cannot be seen
    table    it can be taken back with effort, and the place is unknown: the policy's table asks
    page     the text is no command: a slip or a placeholder that no shell takes
    wrong    it asks about nothing; why it still does stands beside it
    quiet    it is named like a deletion, loses nothing that lasts, and is not asked about
    missed   it loses something and is not asked about; why it still is not stands beside it

`right, wrong 2` says that two of a group's commands are wrong, and the others are right.

Placeholders are filled with their own names. Where a page offers two spellings of an option, both
are judged. PyYAML is needed.
"""

import ast
import csv
import hashlib
import json
import re
import shlex
import subprocess
import sys
import textwrap
import zipfile
from collections import Counter, defaultdict
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
        address, _, commit = source.partition("@")
        for arguments in (
            ["init", "-q"],
            ["fetch", "-q", "--depth", "1", address, commit],
            ["checkout", "-q", "FETCH_HEAD"],
        ):
            subprocess.run(["git", "-C", into, *arguments], check=True)
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
    "awscli": (awscli, "awscli==1.46.2"),
    "azure-cli": (azure, "azure-cli==2.91.0"),
    "docker": (
        docker,
        "https://github.com/docker/cli@28f756087eea5fa301f3fbf12b01ae62f91521c2",
    ),
    "tldr": (
        tldr,
        "https://github.com/tldr-pages/tldr@08e345f42639f67d99282813247ac670dc6e87cb",
    ),
}
READ = Path(__file__).with_name("read.tsv")
# The group of what is not asked about though it is named like a deletion.
UNASKED = "not asked"


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


def unasked_group(command):
    """Its program, so that what was read stays small."""
    words = [word for word in command.split() if "=" not in word and word not in ("sudo", "$")]
    program = re.sub(r"[^\w.+-]", "", Path(words[0] if words else "").name)
    return f"{UNASKED}: {program}"


def digest(commands):
    return hashlib.sha256("\n".join(sorted(commands)).encode()).hexdigest()[:12]


def unread(source, groups):
    """The lines that the table of what was read lacks, and how many commands have which verdict."""
    with open(READ, newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    known = {
        (row["group"], row["digest"]): row["verdict"] for row in table if row["source"] == source
    }
    lacking, verdicts = [], Counter()
    for group, commands in sorted(groups.items()):
        verdict = known.get((group, digest(commands)))
        if verdict is None:
            lacking.append(f"{source}\t{group}\t{len(commands)}\t{digest(commands)}\t\t")
            continue
        first, *others = verdict.split(", ")
        for other in others:
            other, count = other.split()
            verdicts[other] += int(count)
            verdicts[first] -= int(count)
        verdicts[first] += len(commands)
    return lacking, verdicts


def main():
    guard, directory = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    show = sys.argv[3] if len(sys.argv) > 3 else ""
    lacking = []
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
            elif show in ("--missed", "--check") and DESTROYS.search(command):
                by_rule[unasked_group(command)].append(command)
        print(f"{name}: {len(commands)} commands, {asked} asked about", flush=True)
        if show == "--quiet":
            continue
        if show == "--check":
            lines, verdicts = unread(name, by_rule)
            lacking += lines
            print("  " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
            continue
        for rule, asking in sorted(by_rule.items()):
            if rule.startswith(UNASKED) != (show == "--missed"):
                continue
            print(f"  {rule}: {len(asking)}")
            for command in asking:
                print("    " + " ".join(command.split()))
    if lacking:
        print("source\tgroup\tcommands\tdigest\tverdict\twhy", *lacking, sep="\n")
        sys.exit(f"{len(lacking)} groups have not been read as they are now")


if __name__ == "__main__":
    main()
