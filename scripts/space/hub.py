"""What the Hugging Face Hub takes: text up to 10 MiB in git, everything else by way of Git LFS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

LARGEST_PLAIN = 10 * 2**20
# Read by the Hub, by Python or by people: never in Git LFS, where the Hub would see a pointer.
TEXT = {"", ".css", ".html", ".js", ".json", ".jsonl", ".md", ".py", ".svg", ".toml", ".txt"}
# What may join the folder later, such as a SoundFont.
USUAL = (
    *(".safetensors", ".npz", ".npy", ".onnx", ".mid", ".midi", ".sf2", ".sf3"),
    *(".wav", ".flac", ".mp3", ".ogg", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".ico", ".woff2", ".zip", ".gz"),
)
LFS = "filter=lfs diff=lfs merge=lfs -text"


def is_binary(content: bytes) -> bool:
    """Whether git and the Hub take this for no text: a zero byte, or no UTF-8."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\0" in content


def files_of(folder: Path) -> list[Path]:
    """Every file below, without what git keeps of its own."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)


def lfs_patterns(files: Iterable[Path]) -> list[str]:
    """`*.suffix` for the usual binary files and every kind found among `files`."""
    found = {path.suffix for path in files if path.suffix not in TEXT and is_binary(path.read_bytes())}
    return [f"*{suffix}" for suffix in sorted(found | set(USUAL))]


def gitattributes(patterns: Sequence[str]) -> str:
    """The contents of `.gitattributes`."""
    return "".join(f"{pattern} {LFS}\n" for pattern in patterns)


def refused(folder: Path, patterns: Sequence[str]) -> list[str]:
    """A sentence for each file of a folder that the Hub would refuse; none if it takes them all."""
    sentences = []
    for path in files_of(folder):
        name = path.relative_to(folder).as_posix()
        if any(fnmatchcase(path.name, pattern) for pattern in patterns):
            continue
        if is_binary(path.read_bytes()):
            sentences.append(f"{name} is no text, and its kind of file cannot be in Git LFS.")
        elif path.stat().st_size > LARGEST_PLAIN:
            sentences.append(f"{name} has {path.stat().st_size / 2**20:.1f} MiB; a text may have 10.")
    return sentences
