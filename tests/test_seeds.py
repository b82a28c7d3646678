"""The built-in seeds: the committed files are what the note lists give, and a pianist could play them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from musictx.midi.files import read_midi
from musictx.midi.notes import HIGHEST_PIANO_PITCH, LOWEST_PIANO_PITCH, NoteSequence
from scripts.make_seeds import SEEDS, entry, write_seeds
from scripts.seeds import PIECES
from scripts.seeds.notation import parse
from scripts.seeds.performance import Piece, perform

TICK_S = 0.004  # of a written file, at the slowest tempo here, with room for rounding


@pytest.fixture(params=PIECES, ids=lambda piece: piece.id)
def piece(request: pytest.FixtureRequest) -> Piece:
    chosen: Piece = request.param
    return chosen


def assert_same_notes(one: NoteSequence, other: NoteSequence) -> None:
    """Equal up to a tick; onsets that round to one tick may change their order."""
    assert len(one) == len(other)
    by_pitch = [np.lexsort((notes.start_s, notes.pitch)) for notes in (one, other)]
    for name in ("pitch", "velocity"):
        np.testing.assert_array_equal(getattr(one, name)[by_pitch[0]], getattr(other, name)[by_pitch[1]])
    for name in ("start_s", "end_s"):
        np.testing.assert_allclose(getattr(one, name)[by_pitch[0]], getattr(other, name)[by_pitch[1]], atol=TICK_S)


def test_the_committed_files_are_what_the_script_writes(tmp_path: Path) -> None:
    written = write_seeds(tmp_path)
    assert (tmp_path / "seeds.json").read_text("utf-8") == (SEEDS / "seeds.json").read_text("utf-8")
    assert {path.name for path in written} == {path.name for path in SEEDS.glob("*.mid")}
    for path in written:
        assert_same_notes(read_midi(path).notes, read_midi(SEEDS / path.name).notes)


def test_the_listing_names_every_file() -> None:
    listing = json.loads((SEEDS / "seeds.json").read_text("utf-8"))
    assert listing == [entry(piece) for piece in PIECES]
    assert len({item["style"] for item in listing}) == len(listing) >= 10
    for item in listing:
        assert (SEEDS / item["file"]).is_file()
        assert "public domain" in item["credit"] or "Own phrase" in item["credit"]


def test_reading_gives_back_the_performance(piece: Piece) -> None:
    recording = read_midi(SEEDS / f"{piece.id}.mid")
    assert recording.warnings == ()
    assert recording.tempo_bpm == pytest.approx(piece.tempo_bpm, abs=0.1)
    assert_same_notes(recording.notes, perform(piece))


def test_a_seed_is_playable(piece: Piece) -> None:
    notes = perform(piece)
    assert 8 <= notes.duration_s <= 25
    assert notes.pitch.min() >= LOWEST_PIANO_PITCH and notes.pitch.max() <= HIGHEST_PIANO_PITCH
    struck_together = [((notes.start_s >= at) & (notes.start_s < at + 0.03)).sum() for at in notes.start_s]
    assert max(struck_together) <= 10
    sounding = [((notes.start_s <= at) & (notes.end_s > at)).sum() for at in notes.start_s]
    assert max(sounding) <= 12
    for pitch in set(notes.pitch.tolist()):
        same = notes.select(notes.pitch == pitch)
        assert (same.start_s[1:] > same.end_s[:-1]).all(), "a key is struck while it is down"


def test_a_seed_is_touched_as_by_hand(piece: Piece) -> None:
    notes = perform(piece)
    assert np.unique(notes.velocity).size >= 15
    assert np.ptp(notes.velocity) >= 20
    # A machine would put every onset on one grid: here the steps between onsets differ by milliseconds.
    steps = np.diff(np.unique(notes.start_s.round(4)))
    assert np.unique(steps.round(3)).size >= 20
    assert notes.pitch.min() < 60 < notes.pitch.max()  # two hands


def test_performing_twice_gives_the_same_notes(piece: Piece) -> None:
    assert perform(piece) == perform(piece)


def test_notation_reads_what_it_documents() -> None:
    notes = parse("C4:1 F#3+Bb3:1/2! - | Eb5/E5:1' G4~ | G4:1/2", beats_per_bar=2)
    assert [(n.pitch, float(n.beat), float(n.beats)) for n in notes] == [
        (60, 0, 1),
        (54, 1, 0.5),
        (58, 1, 0.5),
        (76, 2, 1),
        (67, 3, 1.5),
    ]
    assert notes[1].accent and notes[3].staccato and notes[3].grace == 75


@pytest.mark.parametrize("text", ["C4:1 D4:2 | E4", "C4:1 H4", "C4:1~ D4", "C4:1~"])
def test_notation_refuses_what_cannot_be_meant(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text, beats_per_bar=2)
