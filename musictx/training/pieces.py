"""Whole pieces as token ids, from wherever they lie: files, folders, zips, prepared corpora."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import encode
from musictx.midi.files import read_midi
from musictx.training.dataset import Corpus, open_corpus
from musictx.training.prepare import MOST_MEMBERS, prepare
from musictx.training.zip_reader import ZipReader
from musictx.types import Ids

SPLIT_TABLE = "metadata.csv"


def read_pieces(path: Path, split: str) -> list[Ids]:
    """Token ids, START and END included, of the pieces at `path`.

    Args:
        path: one MIDI file; a folder or zip of them; or a prepared corpus.
        split: "train" or "validation", of what comes with a split: a prepared corpus, or a folder or
            zip with a `metadata.csv`. Of others all pieces are taken.

    Raises:
        MidiError: if a single file cannot be used. TrainingError: if there is nothing to read, or nothing in the split.
    """
    if (path / "pieces.json").is_file():
        return _of_split(open_corpus(path), split, path)
    if not path.exists():
        raise TrainingError(f"There is no {path}. Give MIDI files, folders or zips of them, or prepared corpora.")
    if not path.is_dir() and not zipfile.is_zipfile(path):
        ends = np.array([vocabulary.START], np.int32), np.array([vocabulary.END], np.int32)
        return [np.concatenate([ends[0], encode(read_midi(path).notes), ends[1]])]
    with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
        corpus = open_corpus(prepare(path, Path(folder)).folder)
        if _has_split(path):
            return _of_split(corpus, split, path)
        return [corpus.ids(piece) for piece in corpus.pieces]


def _of_split(corpus: Corpus, split: str, path: Path) -> list[Ids]:
    pieces = [corpus.ids(piece) for piece in corpus.split(split)]
    if not pieces:
        known = ", ".join(sorted({piece.split for piece in corpus.pieces}))
        raise TrainingError(f"{path} has no pieces in the split {split!r}. It has: {known}.")
    return pieces


def _has_split(path: Path) -> bool:
    """Whether a folder or zip says itself which pieces are held out."""
    if path.is_dir():
        return any(path.rglob(SPLIT_TABLE))
    with ZipReader(path, MOST_MEMBERS) as archive:
        return any(PurePosixPath(info.filename).name == SPLIT_TABLE for info in archive.members)
