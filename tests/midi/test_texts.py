"""Text events of MIDI files: written, read, bounded, and never in the way of the notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from musictx.midi.bounded import BoundedReader
from musictx.midi.files import read_midi, write_midi
from musictx.midi.track_events import LONGEST_TEXT_BYTES, MOST_TEXTS
from tests.midi.smf import Event, delta, named, off, on, rows, smf, track, two_notes


def said(content: bytes, ticks: int = 0, kind: int = 1) -> Event:
    """A text event."""
    return ticks, b"\xff" + bytes([kind]) + delta(len(content)) + content


def test_what_is_written_is_read(tmp_path: Path) -> None:
    notes = read_midi(two_notes()).notes
    texts = ["first", 'second {"a":[1,2]}', "x" * LONGEST_TEXT_BYTES]
    recording = read_midi(write_midi(notes, tmp_path / "a.mid", texts=texts))
    assert recording.texts == tuple(texts) and recording.warnings == ()
    assert recording.notes == read_midi(write_midi(notes, tmp_path / "b.mid")).notes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"plain", "plain"),
        ("Grüße, 音楽".encode(), "Grüße, 音楽"),
        (b"caf\xe9", "café"),
        (b"", ""),
        (b"x" * (LONGEST_TEXT_BYTES + 1), None),
        (b"y" * 300_000, None),
    ],
)
def test_any_text_leaves_the_notes_alone(content: bytes, expected: str | None) -> None:
    recording = read_midi(smf(track(said(content), on(0, 60), off(96, 60))))
    assert rows(recording) == rows(read_midi(smf(track(on(0, 60), off(96, 60)))))
    assert recording.texts == (() if expected is None else (expected,))


def test_of_many_texts_the_first_ones_are_kept() -> None:
    lyrics = [said(b"la%d" % number, 1) for number in range(5000)]
    recording = read_midi(smf(track(said(b"head")), track(on(0, 60), *lyrics, off(96, 60))))
    assert len(recording.texts) == MOST_TEXTS and recording.texts[:2] == ("head", "la0") and len(recording.notes) == 1


def test_other_kinds_of_texts_are_no_text_events() -> None:
    recording = read_midi(
        smf(track(said(b"(c)", kind=2), said(b"a lyric", kind=5), named(b"Piano"), on(0, 60), off(96, 60)))
    )
    assert recording.texts == () and recording.tracks[0].name == "Piano"


def test_a_text_cut_off_or_of_a_wrong_length_is_no_error() -> None:
    whole = smf(track(on(0, 60), off(96, 60), said(b"musictx-recipe {}")))
    for end in range(len(whole) - 22, len(whole)):
        assert len(read_midi(whole[:end]).notes) == 1
    swallowing = smf(track((0, b"\xff\x01\x7fabc"), on(0, 60), off(96, 60)))
    assert len(read_midi(swallowing).notes) == 1


def test_texts_come_through_the_other_process(tmp_path: Path) -> None:
    reader = BoundedReader(small_bytes=0)
    try:
        path = write_midi(read_midi(two_notes()).notes, tmp_path / "a.mid", texts=["told"])
        assert reader(path).texts == ("told",)
    finally:
        reader.close()
