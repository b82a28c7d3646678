"""A folder or zip of MIDI becomes token files that training can map into memory.

A prepared corpus is a folder with two files:

    tokens.npy    uint16 (T,), all pieces one after another, each START ... END
    pieces.json   name, licence and, per piece: file, split, start, length, notes, seconds
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from musictx.errors import MidiError, TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import encode
from musictx.midi.files import read_midi

MIDI_SUFFIXES = {".mid", ".midi"}
HELD_OUT_SHARE = 0.1  # of pieces without a metadata.csv, by a hash of their name
FILES_IN_FLIGHT = 64  # bounds the memory of files read ahead of the workers
IGNORED_PREFIXES = ("._", "__MACOSX")
LARGEST_MEMBER_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Piece:
    """One piece of a prepared corpus: `tokens[start : start + length]`, START and END included."""

    file: str
    split: str
    start: int
    length: int
    notes: int
    seconds: float


@dataclass(frozen=True)
class Preparation:
    """What `prepare` did: counts for a report, and the files left out with the reason."""

    folder: Path
    pieces: int
    tokens: int
    notes: int
    seconds: float
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Encoded:
    name: str
    ids: npt.NDArray[np.uint16]
    notes: int
    seconds: float
    error: str


def prepare(
    source: Path, folder: Path, workers: int = 2, report: Callable[[int, int], None] | None = None
) -> Preparation:
    """Encodes every MIDI file of `source` into `folder`.

    Args:
        source: a zip or folder. A `metadata.csv` beside the files (columns file and split:
            train or validation) decides the split; without one a tenth of the files is held
            out by a hash of their names, the same on every machine.
        folder: where to write; an older preparation there is replaced once the new one is whole.
        workers: processes that read and encode.
        report: called with (files done, files in all).

    Raises:
        TrainingError: if there is no such source, or no usable MIDI file in it.
    """
    names, split_of, contents = _open_source(source)
    if not names:
        raise TrainingError(f"No .mid or .midi files in {source}. Give a folder or a zip that holds some.")
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[Piece] = []
    left_out: list[tuple[str, str]] = []
    position = 0
    chunks: list[npt.NDArray[np.uint16]] = []
    with ProcessPoolExecutor(workers) as pool:
        for done, encoded in enumerate(_encode_all(pool, contents), 1):
            if encoded.error:
                left_out.append((encoded.name, encoded.error))
            else:
                split = split_of(encoded.name)
                pieces.append(Piece(encoded.name, split, position, encoded.ids.size, encoded.notes, encoded.seconds))
                chunks.append(encoded.ids)
                position += encoded.ids.size
            if report:
                report(done, len(names))
    if not pieces:
        raise TrainingError(f"None of the {len(names)} files in {source} could be used; the first: {left_out[0][1]}")
    _write(folder, source.stem, np.concatenate(chunks), pieces, left_out)
    return Preparation(
        folder, len(pieces), position, sum(p.notes for p in pieces), sum(p.seconds for p in pieces), tuple(left_out)
    )


def _write(
    folder: Path, name: str, tokens: npt.NDArray[np.uint16], pieces: list[Piece], left_out: list[tuple[str, str]]
) -> None:
    index = {
        "name": name,
        "vocabulary": vocabulary.fingerprint(),
        "pieces": [asdict(piece) for piece in pieces],
        "left_out": left_out,
    }
    unfinished = folder / "tokens.tmp.npy"
    np.save(unfinished, tokens)
    unfinished.replace(folder / "tokens.npy")
    (folder / "pieces.json").write_text(json.dumps(index), encoding="utf-8")


def _encode_all(pool: ProcessPoolExecutor, contents: Iterator[tuple[str, bytes]]) -> Iterator[_Encoded]:
    """Results in the order of the files, with a bounded number of files in memory."""
    pending = [pool.submit(_encode_one, *item) for item in islice(contents, FILES_IN_FLIGHT)]
    while pending:
        yield pending.pop(0).result()
        pending += [pool.submit(_encode_one, *item) for item in islice(contents, 1)]


def _encode_one(name: str, content: bytes) -> _Encoded:
    try:
        notes = read_midi(content).notes
    except MidiError as error:
        return _Encoded(name, np.zeros(0, np.uint16), 0, 0.0, str(error))
    ids = np.concatenate([[vocabulary.START], encode(notes), [vocabulary.END]]).astype(np.uint16)
    return _Encoded(name, ids, len(notes), notes.duration_s, "")


def _open_source(source: Path) -> tuple[list[str], Callable[[str], str], Iterator[tuple[str, bytes]]]:
    """Names of the MIDI files, the split of each, and an iterator over (name, bytes)."""
    if source.is_dir():
        files = {str(PurePosixPath(path.relative_to(source))): path for path in sorted(source.rglob("*"))}
        names = [name for name in files if _is_midi(name)]
        tables = {name: path.read_text(encoding="utf-8") for name, path in files.items() if _is_metadata(name)}
        return names, _splitter(tables), ((name, files[name].read_bytes()) for name in names)
    if not zipfile.is_zipfile(source):
        raise TrainingError(f"{source} is neither a folder nor a zip file. Give one of the two.")
    archive = zipfile.ZipFile(source)
    names = sorted(name for name in archive.namelist() if _is_midi(name))
    tables = {name: archive.read(name).decode("utf-8") for name in archive.namelist() if _is_metadata(name)}
    return names, _splitter(tables), ((name, _member(archive, name)) for name in names)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's bytes, at most as many as a MIDI file may have: a zip bomb is cut, then refused."""
    with archive.open(name) as member:
        return member.read(LARGEST_MEMBER_BYTES + 1)


def _is_midi(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in MIDI_SUFFIXES and not any(part.startswith(IGNORED_PREFIXES) for part in path.parts)


def _is_metadata(name: str) -> bool:
    return PurePosixPath(name).name == "metadata.csv"


def _splitter(tables: dict[str, str]) -> Callable[[str], str]:
    """Maps a file's name to "train" or "validation"; `tables` are the metadata.csv by their own names."""
    splits: dict[str, str] = {}
    for table_name, table in tables.items():
        for row in csv.DictReader(io.StringIO(table)):
            splits[str(PurePosixPath(table_name).parent / row["file"])] = row["split"]
    return lambda name: splits.get(name) or _split_by_hash(name)


def _split_by_hash(name: str) -> str:
    place = int.from_bytes(hashlib.sha256(PurePosixPath(name).name.encode()).digest()[:4], "big") / 2**32
    return "validation" if place < HELD_OUT_SHARE else "train"
