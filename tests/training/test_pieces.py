"""The same pieces from a file, a folder, a zip and a prepared corpus."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.training.pieces import read_pieces
from musictx.training.prepare import prepare

NAMES = ("a", "b", "c")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder of three pieces that differ in pitch."""
    for number, name in enumerate(NAMES):
        notes = NoteSequence.from_tuples((60 + number, 80, beat / 2, beat / 2 + 0.4) for beat in range(8))
        write_midi(notes, tmp_path / "music" / f"{name}.mid")
    return tmp_path / "music"


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")
    return path


def pitches(pieces: list[np.ndarray]) -> list[int]:
    return [int(ids[ids < vocabulary.NOTE_OFF][0]) for ids in pieces]


def test_without_a_split_all_pieces_are_read(music: Path) -> None:
    assert pitches(read_pieces(music, "validation")) == [60, 61, 62]
    assert pitches(read_pieces(zipped(music), "validation")) == [60, 61, 62]
    (single,) = read_pieces(music / "b.mid", "validation")
    assert (single[0], single[-1]) == (vocabulary.START, vocabulary.END)
    np.testing.assert_array_equal(single, read_pieces(music, "validation")[1])


def test_a_split_is_kept_wherever_it_stands(music: Path, tmp_path: Path) -> None:
    (music / "metadata.csv").write_text("file,split\na.mid,train\nb.mid,validation\nc.mid,train\n")
    for source in (music, zipped(music), prepare(music, tmp_path / "prepared").folder):
        assert pitches(read_pieces(source, "validation")) == [61]
        assert pitches(read_pieces(source, "train")) == [60, 62]
        with pytest.raises(TrainingError, match="no pieces in the split 'test'. It has: train, validation"):
            read_pieces(source, "test")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is no .*nowhere.mid"):
        read_pieces(tmp_path / "nowhere.mid", "validation")
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"No \.mid or \.midi files"):
        read_pieces(tmp_path / "empty", "validation")
