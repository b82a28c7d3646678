"""What a visitor has taken away, decoded: sound as samples, MIDI as the notes that its file holds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pretty_midi
import soundfile

from musictx.midi.notes import NoteSequence

LEAST_LIKENESS = 0.99
MOST_LATE_S = 0.002  # a tick and half of another at any tempo of a seed here


def samples_of(content: bytes) -> npt.NDArray[np.float64]:
    """A sound file, shape (frames, 2); it must keep within full scale."""
    samples, rate_hz = soundfile.read(io.BytesIO(content), always_2d=True)
    assert rate_hz == 44_100 and samples.shape[1] == 2 and np.abs(samples).max() <= 1
    return samples  # type: ignore[no-any-return]


def assert_same_sound(content: bytes, expected: npt.NDArray[Any]) -> None:
    """A sound file holds `expected`, on both sides and to the end."""
    heard = samples_of(content)
    assert len(heard) == len(expected)
    for side in (0, 1):
        assert np.corrcoef(heard[:, side], expected[:, side])[0, 1] > LEAST_LIKENESS


def notes_of(content: bytes) -> NoteSequence:
    """The notes of a MIDI file where it has them: what is silent before the first is not cut, as `read_midi` does."""
    tracks = pretty_midi.PrettyMIDI(io.BytesIO(content)).instruments
    return NoteSequence.from_tuples(
        (note.pitch, note.velocity, note.start, note.end) for track in tracks for note in track.notes
    )


def assert_same_notes(content: bytes, expected: NoteSequence) -> None:
    """A MIDI file holds `expected`."""
    found = notes_of(content)
    assert len(found) == len(expected)
    rows = [
        np.array(sorted(zip(each.start_s.round(2), each.pitch, each.velocity, each.end_s, each.start_s, strict=True)))
        for each in (found, expected)
    ]
    assert np.array_equal(rows[0][:, 1:3], rows[1][:, 1:3])
    assert np.abs(rows[0][:, 3:] - rows[1][:, 3:]).max(initial=0) < MOST_LATE_S
