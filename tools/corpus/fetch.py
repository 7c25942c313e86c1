#!/usr/bin/env python3
"""Fetches the shell scripts of well-known projects, to measure the parser on.

    tools/corpus/fetch.py DIRECTORY
    GUARD_SCRIPTS=DIRECTORY cargo test --test integration grammar -- --nocapture

packages.txt names the packages; Debian's sources come through apt-get, npm's and PyPI's through
their own clients. Of each, only the shell scripts are kept: what a first line or a name says is
one. Nothing that was fetched is run.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHEBANG = re.compile(rb"#! ?\S*/(env +)?(ba|da|a)?sh\b")
LONGEST = 1 << 21


def run(*argv, cwd):
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        print(f"{' '.join(argv)}: {done.stderr.strip()[-300:]}", file=sys.stderr)


class Sources:
    """apt with lists of its own, so that the system's stay as they are."""

    def __init__(self, at):
        self.at = at
        (at / "lists/partial").mkdir(parents=True)
        (at / "cache/archives/partial").mkdir(parents=True)
        release = Path("/etc/os-release").read_text()
        codename = re.search(r"^VERSION_CODENAME=(\S+)", release, re.M).group(1)
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (at / "sources.list").write_text(
            f"deb-src [signed-by={keyring}] http://deb.debian.org/debian {codename} main\n"
        )
        self.options = [
            item
            for key, value in {
                "Dir::Etc::sourcelist": at / "sources.list",
                "Dir::Etc::sourceparts": "-",
                "Dir::State::lists": at / "lists",
                "Dir::Cache": at / "cache",
                "APT::Sandbox::User": "",
            }.items()
            for item in ("-o", f"{key}={value}")
        ]
        run("apt-get", *self.options, "-qq", "update", cwd=at)

    def fetch(self, package, into):
        run("apt-get", *self.options, "-qq", "source", "--download-only", package, cwd=into)


def members(archive):
    """(name, first bytes, reader) of each regular file in an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir() and info.file_size < LONGEST:
                    yield info.filename, opened.read(info)
        return
    try:
        with tarfile.open(archive) as opened:
            for info in opened:
                if info.isreg() and info.size < LONGEST:
                    yield info.name, opened.extractfile(info).read()
    except tarfile.ReadError:
        return


def is_script(name, content):
    first = content.split(b"\n", 1)[0]
    if first.startswith(b"#!"):
        return SHEBANG.match(first) is not None
    return name.endswith((".sh", ".bash"))


def keep(package, archives, into):
    count = 0
    for archive in archives:
        for name, content in members(archive):
            if not is_script(name, content):
                continue
            flat = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-150:]
            target = into / package / flat
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            count += 1
    return count


def main():
    into = Path(sys.argv[1]).resolve()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        apt = Sources(scratch / "apt")

        def one(line):
            registry, package = line.split()
            place = scratch / f"{registry}-{package}"
            place.mkdir()
            if registry == "debian":
                apt.fetch(package, place)
            elif registry == "npm":
                run("npm", "pack", "--silent", package, cwd=place)
            else:
                # Source packages hold more scripts, but pip runs their set-up to read them.
                run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                    "--only-binary", ":all:", package, cwd=place)
            count = keep(f"{registry}-{package}", sorted(place.iterdir()), into)
            for path in place.iterdir():
                path.unlink()
            return f"{count:5} {registry} {package}"

        lines = (HERE / "packages.txt").read_text().splitlines()
        wanted = [line for line in lines if line and not line.startswith("#")]
        with ThreadPoolExecutor(3) as pool:
            for said in pool.map(one, wanted):
                print(said, flush=True)


if __name__ == "__main__":
    main()
