"""Uploads as MIDI files by name: single files, zips and folders, within bounds and without trust."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath

from musictx.errors import TrainingError
from musictx.midi.files import LARGEST_FILE_BYTES
from musictx.training.prepare import MOST_MEMBERS, is_midi
from musictx.training.zip_reader import ZipReader
from musictx.workshop.policy import WorkshopLimits

SMALL_BYTES = 2**20  # below this a good compression ratio is no bomb
MEMBERS_A_FILE = 4  # of a zip, beside each MIDI file that is allowed
ZIP_SUFFIXES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
MB = 2**20


def midi_files(
    paths: Sequence[Path], limits: WorkshopLimits, folders: bool
) -> tuple[list[tuple[str, Path, str]], list[str]]:
    """Every MIDI file in `paths`, each as (its name, where it lies, its member name or ""), and sentences on the rest.

    Args:
        paths: .mid and .midi files, .zip files, and folders if `folders` allows.
        limits: on files, bytes and compression, over all paths together.
        folders: whether a folder may be named.

    Raises:
        TrainingError: for what is hostile, too large, or no such thing.
    """
    found: list[tuple[str, Path, str]] = []
    left_out = size = 0
    for path in paths:
        if path.is_dir():
            entries, others, total = _folder(path, limits, folders)
        elif path.suffix.lower() == ".zip":
            entries, others, total = _zip(path, limits)
        elif is_midi(path.name) and path.is_file():
            entries, others, total = [(path.name, path, "")], 0, path.stat().st_size
        else:
            raise TrainingError(f"{path.name} is no .mid, .midi or .zip file. Choose MIDI files, or a zip of them.")
        found += entries
        left_out, size = left_out + others, size + total
    if size > limits.upload_bytes or len(found) > limits.upload_files:
        raise _too_much(f"These {len(paths)} uploads hold", len(found), size, limits)
    if not found:
        raise TrainingError(f"No .mid or .midi files in {', '.join(path.name for path in paths)}. Choose some.")
    said = [f"{left_out} files that are no MIDI were left out."] if left_out else []
    return _with_own_names(found), said


def read_member(path: Path, member: str) -> bytes:
    """The bytes of one file that `midi_files` found; see `read_all` for many."""
    (content,) = (content for _, content in read_all([("", path, member)]))
    return content


def read_all(found: Sequence[tuple[str, Path, str]]) -> Iterator[tuple[int, bytes]]:
    """(place in `found`, bytes) of all files that `midi_files` found, each zip opened once; in an order of its own.

    Of a file at most one byte more than a MIDI file may have, so that a member that lies about its size is refused
    by the reader.

    Raises:
        TrainingError: if a zip is damaged.
    """
    for path, places in groupby(sorted(range(len(found)), key=lambda at: str(found[at][1])), lambda at: found[at][1]):
        numbers = list(places)
        if not found[numbers[0]][2]:
            for number in numbers:
                with path.open("rb") as file:
                    yield number, file.read(LARGEST_FILE_BYTES + 1)
            continue
        with ZipReader(path, MOST_MEMBERS) as archive:
            for number in numbers:
                yield number, archive.read(found[number][2], LARGEST_FILE_BYTES + 1)


def checked_members(path: Path, most_bytes: int, most_members: int, compression: float) -> list[zipfile.ZipInfo]:
    """The files of a zip, none of them hostile.

    Raises:
        TrainingError: for path parts, links, absolute names, encryption, zips within, bombs, or too much.
    """
    with ZipReader(path, most_members) as archive:
        members = archive.members
    size, packed = sum(info.file_size for info in members), sum(info.compress_size for info in members)
    if size > most_bytes:
        raise TrainingError(
            f"{path.name} unpacks to {size / MB:,.0f} MB; at most {most_bytes / MB:,.0f} MB are read. Split it."
        )
    if size > SMALL_BYTES and size > compression * max(packed, 1):
        raise TrainingError(
            f"{path.name} unpacks to {size / max(packed, 1):,.0f} times its size, which no music does. "
            "It was not opened; pack the MIDI files again."
        )
    for info in members:
        complaint = _complaint(info)
        if complaint:
            raise TrainingError(f"{path.name} holds {info.filename[:80]!r}, {complaint}. It was not opened.")
        archive.check(info)
    return [info for info in members if not info.filename.endswith("/")]


def _complaint(info: zipfile.ZipInfo) -> str:
    """What is wrong with a member, "" if nothing is."""
    name = info.filename
    if not name:
        return "which is no name; pack it with plain names"
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]):
        return "a path that leads out of the zip; pack it with plain names"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link to another file; pack the file itself"
    if info.flag_bits & 1:
        return "which is encrypted; pack it without a password"
    if name.lower().endswith(ZIP_SUFFIXES):
        return "an archive within the archive; unpack it first"
    return ""


def _zip(path: Path, limits: WorkshopLimits) -> tuple[list[tuple[str, Path, str]], int, int]:
    """MIDI files of a zip, the number of others, and all their bytes."""
    members = checked_members(path, limits.upload_bytes, MEMBERS_A_FILE * limits.upload_files, limits.compression)
    chosen = sorted(info.filename for info in members if is_midi(info.filename))
    size = sum(info.file_size for info in members)
    if len(chosen) > limits.upload_files:
        raise _too_much(f"{path.name} holds", len(chosen), size, limits)
    return [(name, path, name) for name in chosen], len(members) - len(chosen), size


def _folder(path: Path, limits: WorkshopLimits, allowed: bool) -> tuple[list[tuple[str, Path, str]], int, int]:
    """The same of a folder on the server; links that lead out of it are left out."""
    if not allowed:
        raise TrainingError(
            f"{path.name} is a folder of this server, and naming those is not allowed here. Upload the files or a zip; "
            "whoever runs the server can allow folders with MUSICTX_TRAINING_FOLDERS=on."
        )
    root, entries, size, others = path.resolve(), [], 0, 0
    for file in _files_of(root):
        if not is_midi(file.name):
            others += 1
            continue
        size += file.stat().st_size
        entries.append((str(PurePosixPath(file.relative_to(root))), file, ""))
        if size > limits.upload_bytes or len(entries) > limits.upload_files:
            raise _too_much(f"{path.name} holds more than", len(entries), size, limits)
    return entries, others, size


def _files_of(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file() and path.resolve().is_relative_to(root))


def _with_own_names(found: list[tuple[str, Path, str]]) -> list[tuple[str, Path, str]]:
    """In the order of their names; a name that came twice gets a number behind it."""
    taken: set[str] = set()
    renamed = []
    for name, path, member in sorted(found, key=lambda entry: entry[0]):
        own, number = name, 2
        while own in taken:
            own, number = f"{name} ({number})", number + 1
        taken.add(own)
        renamed.append((own, path, member))
    return renamed


def _too_much(what: str, files: int, size: int, limits: WorkshopLimits) -> TrainingError:
    return TrainingError(
        f"{what} {files:,} MIDI files and {size / MB:,.0f} MB; at most {limits.upload_files:,} files and "
        f"{limits.upload_bytes / MB:,.0f} MB are taken. Choose fewer."
    )
