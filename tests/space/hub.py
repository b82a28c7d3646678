"""A stand-in for the Hub: a bare git repository whose hook has the Hub's published rules.

No file over 10 MiB, and no binary file of any size: both belong into Git LFS, which leaves a pointer of a few lines.
Run as a program it is that hook.
"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

LARGEST = 10 * 2**20
NO_COMMIT = "0" * 40


def make_hub(folder: Path) -> Path:
    """An empty bare repository with the hook."""
    git(folder.parent, "init", "--quiet", "--bare", "--initial-branch", "main", str(folder))
    hook = folder / "hooks" / "pre-receive"
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}"\n', encoding="utf-8")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    return folder


def git(folder: Path, *arguments: str) -> str:
    """What git prints, of any person; an error carries it."""
    person = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    done = subprocess.run(["git", *person, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def has_lfs() -> bool:
    """Whether git-lfs is installed."""
    return shutil.which("git-lfs") is not None


def _output(*command: str) -> bytes:
    return subprocess.run(["git", *command], capture_output=True, check=True).stdout


def _complaints(commit: str) -> list[str]:
    """A line for every file of the commit that the Hub refuses."""
    found = []
    for line in _output("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        if not line:
            continue
        about, _, name = line.partition(b"\t")
        content = _output("cat-file", "blob", about.split()[2].decode())
        if len(content) > LARGEST:
            found.append(f"contains files larger than 10 MiB: {name.decode()}")
        elif _binary(content):
            found.append(f"contains binary files: {name.decode()}")
    return found


def _binary(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\0" in content


def main() -> int:
    """The hook: reads what is pushed from standard input; 1 if the Hub would refuse it."""
    pushed = [line.split()[1] for line in sys.stdin if line.strip()]
    complaints = [each for commit in pushed if commit != NO_COMMIT for each in _complaints(commit)]
    for each in complaints:
        print(f"Your push was rejected because it {each}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
