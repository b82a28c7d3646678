"""A folder or zip of MIDI becomes token files that training can map into memory.

Processes read and encode, this one writes (`corpus_writer.py` has the files): memory stays small however many
files there are, and a preparation that was interrupted goes on where it was.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from musictx.errors import MidiError, TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import encode
from musictx.midi.files import MIDI_SUFFIXES, read_midi
from musictx.midi.notes import NoteSequence
from musictx.settings import check_range
from musictx.training.corpus_writer import CorpusWriter
from musictx.training.splits import split_by_name
from musictx.training.zip_reader import ZipReader

FILES_IN_FLIGHT = 64  # bounds the memory of files read ahead of the workers
IGNORED_PREFIXES = ("._", "__MACOSX")
LARGEST_MEMBER_BYTES = 64 * 2**20
MOST_WORKERS = 256  # processes: sanity
SPLITS = ("train", "validation", "test")
MOST_MEMBERS = 1_000_000  # of a zip: the largest collections of MIDI files have fewer

Content = tuple[str, bytes | TrainingError]  # a file's name, and its bytes or what is wrong with it
Contents = Callable[[list[str]], Iterator[Content]]


@dataclass(frozen=True)
class Preparation:
    """What `prepare` did: counts for a report, and the files left out with the reason.

    training_pieces: of the `pieces`; the others are held out. others: how many files of the source are no MIDI by their
    suffix and were passed over, by suffix ("" for names without one).
    """

    folder: Path
    pieces: int
    training_pieces: int
    tokens: int
    notes: int
    seconds: float
    left_out: tuple[tuple[str, str], ...]
    others: Mapping[str, int]


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
        folder: where to write; an older preparation there is replaced once the new one is whole. An unfinished one
            of the same source goes on.
        workers: processes that read and encode.
        report: called with (files done, files in all).

    Raises:
        TrainingError: if there is no such source, no usable MIDI file in it, or `folder` cannot be written.
        SettingsError: if there is not at least one worker.
    """
    check_range("workers", workers, 1, MOST_WORKERS)
    names, split_of, contents, others = _open_source(source)
    if not names:
        raise TrainingError(f"No .mid or .midi files in {source}. Give a folder or a zip that holds some.")
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder} is no folder. Give one for the prepared corpus.")
    listing = hashlib.sha256("\n".join(names).encode()).hexdigest()
    with CorpusWriter(folder, f"{source.name} {listing}") as writer, ProcessPoolExecutor(workers) as pool:
        waiting = [name for name in names if name not in writer.done]
        for done, encoded in enumerate(_encode_all(pool, contents(waiting)), len(names) - len(waiting) + 1):
            if encoded.error:
                writer.leave_out(encoded.name, encoded.error)
            else:
                writer.add(encoded.name, split_of(encoded.name), encoded.ids, encoded.notes, encoded.seconds)
            if report:
                report(done, len(names))
        if not writer.pieces:
            reason = writer.left_out[0][1]
            raise TrainingError(f"None of the {len(names)} files in {source} could be used; the first: {reason}")
        writer.finish(source.stem)
    notes, seconds = sum(piece.notes for piece in writer.pieces), sum(piece.seconds for piece in writer.pieces)
    training = sum(piece.split == "train" for piece in writer.pieces)
    left_out = tuple(writer.left_out)
    return Preparation(folder, len(writer.pieces), training, writer.tokens, notes, seconds, left_out, others)


def _encode_all(pool: ProcessPoolExecutor, contents: Iterator[Content]) -> Iterator[_Encoded]:
    """Results in the order of the files, with a bounded number of files in memory."""
    pending = [pool.submit(_encode_one, *item) for item in islice(contents, FILES_IN_FLIGHT)]
    while pending:
        yield pending.pop(0).result()
        pending += [pool.submit(_encode_one, *item) for item in islice(contents, 1)]


def _encode_one(name: str, content: bytes | TrainingError) -> _Encoded:
    try:
        if isinstance(content, TrainingError):
            raise content
        notes = read_midi(content).notes
    except (MidiError, TrainingError) as error:
        return _Encoded(name, np.zeros(0, np.uint16), 0, 0.0, str(error))
    return _Encoded(name, piece_ids(notes), len(notes), notes.duration_s, "")


def piece_ids(notes: NoteSequence) -> npt.NDArray[np.uint16]:
    """The token ids of a whole piece, uint16 (T,), START and END included."""
    return np.concatenate([[vocabulary.START], encode(notes), [vocabulary.END]]).astype(np.uint16)


def _open_source(source: Path) -> tuple[list[str], Callable[[str], str], Contents, Mapping[str, int]]:
    """Names of the MIDI files, the split of each, what reads those that are asked for, and a count of the others."""
    if source.is_dir():
        files = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
        names = [name for name in files if is_midi(name)]
        tables = {name: _text(_file(path), name) for name, path in files.items() if _is_metadata(name)}
        return names, _splitter(tables), lambda wanted: _files(files, wanted), _others(files)
    if not zipfile.is_zipfile(source):
        raise TrainingError(f"{source} is neither a folder nor a zip file. Give one of the two.")
    with ZipReader(source, MOST_MEMBERS) as archive:
        inside = [info.filename for info in archive.members if not info.is_dir()]
        tables = {name: _text(archive.read(name, LARGEST_MEMBER_BYTES), name) for name in inside if _is_metadata(name)}
    names = sorted(name for name in inside if is_midi(name))
    return names, _splitter(tables), lambda wanted: _members(source, wanted), _others(inside)


def _files(files: Mapping[str, Path], names: list[str]) -> Iterator[Content]:
    for name in names:
        try:
            yield name, _file(files[name])
        except TrainingError as error:
            yield name, error


def _file(path: Path) -> bytes:
    """At most as many bytes as a MIDI file may have, and one more, so that a larger one is refused."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_MEMBER_BYTES + 1)
    except OSError as error:
        raise TrainingError(f"{path.name} could not be opened: {error.strerror or error}.") from error


def _members(source: Path, names: list[str]) -> Iterator[Content]:
    """Of each at most as many bytes as a MIDI file may have: a zip bomb is cut, then refused."""
    with ZipReader(source, MOST_MEMBERS) as archive:
        for name in names:
            try:
                yield name, archive.read(name, LARGEST_MEMBER_BYTES + 1)
            except TrainingError as error:
                yield name, error


def _others(names: Iterable[str]) -> Mapping[str, int]:
    return Counter(PurePosixPath(name).suffix.lower() for name in names if not is_midi(name) and not _is_metadata(name))


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")  # as Excel saves it, with a byte order mark
    except UnicodeDecodeError as error:
        raise TrainingError(f"{name} is no text in UTF-8. Save it again as a CSV file in UTF-8.") from error


def is_midi(name: str) -> bool:
    """Whether a file's name is that of a MIDI file, and of none that a Mac put beside it."""
    path = PurePosixPath(name)
    return path.suffix.lower() in MIDI_SUFFIXES and not any(part.startswith(IGNORED_PREFIXES) for part in path.parts)


def _is_metadata(name: str) -> bool:
    return PurePosixPath(name).name == "metadata.csv"


def _splitter(tables: dict[str, str]) -> Callable[[str], str]:
    """Maps a file's name to "train" or "validation"; `tables` are the metadata.csv by their own names."""
    splits: dict[str, str] = {}
    for table_name, table in tables.items():
        rows = csv.DictReader(io.StringIO(table))
        try:
            columns = list(rows.fieldnames or ())
            if not {"file", "split"} <= set(columns):
                found = ", ".join(columns) or "none"
                raise TrainingError(f"{table_name} needs the columns file and split. It has: {found}.")
            for row in rows:
                split = (row["split"] or "").strip()
                if split and split not in SPLITS:
                    raise TrainingError(
                        f"{table_name}, line {rows.line_num}: split is {' or '.join(SPLITS)}. Received: {split!r}"
                    )
                splits[str(PurePosixPath(table_name).parent / (row["file"] or "").strip())] = split
        except csv.Error as error:
            raise TrainingError(f"{table_name} is no table ({error}). Save it again as a CSV file in UTF-8.") from error
    return lambda name: splits.get(name) or split_by_name(name)
