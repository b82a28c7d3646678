"""A range taken out of a piece, and notes fitted into the gap."""

from __future__ import annotations

import numpy as np
import pytest

from musictx.midi.notes import NoteSequence
from musictx.midi.ranges import closed_at, split_at

PIECE = NoteSequence.from_tuples(
    [(60, 81, 0.0, 3.3), (62, 50, 1.999, 2.7), (64, 33, 2.0, 4.5), (65, 70, 3.0, 3.2), (67, 44, 4.0, 4.1)]
)


def overlaps(notes: NoteSequence) -> int:
    """How often a key is struck while it sounds."""
    found = 0
    for key in np.unique(notes.pitch):
        mine = notes.select(notes.pitch == key)
        found += int((mine.start_s[1:] < mine.end_s[:-1]).sum())
    return found


def test_a_range_takes_what_begins_in_it_and_no_more() -> None:
    parts = split_at(PIECE, 2.0, 4.0)
    assert [part.pitch.tolist() for part in (parts.before, parts.inside, parts.after)] == [[60, 62], [64, 65], [67]]
    assert parts.kept == PIECE.select(np.isin(PIECE.pitch, [60, 62, 67]))
    assert parts.joined(parts.inside) == PIECE


def test_new_notes_give_way_to_those_that_are_kept() -> None:
    parts = split_at(PIECE, 2.0, 4.0)
    new = NoteSequence.from_tuples(
        [
            (60, 90, 2.5, 3.9),  # its key rings until 3.3 s
            (60, 91, 3.3, 3.9),  # and is free from then on
            (67, 92, 3.5, 5.0),  # is struck again at 4 s
            (67, 93, 3.995, 5.0),  # would last 5 ms
            (70, 94, 3.9, 4.8),  # may ring over the end
            (71, 95, 4.0, 4.5),  # begins behind the range
            (72, 96, 2.5, 3.5),
            (72, 97, 3.0, 3.6),  # struck while it sounds
        ]
    )
    fitted = parts.fitted(new)
    rows = set(zip(fitted.velocity.tolist(), fitted.start_s.tolist(), fitted.end_s.tolist(), strict=True))
    assert rows == {(91, 3.3, 3.9), (92, 3.5, 4.0), (94, 3.9, 4.8), (96, 2.5, 3.0), (97, 3.0, 3.6)}
    assert overlaps(parts.joined(fitted)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_any_notes_fit_without_touching_the_rest(seed: int) -> None:
    random = np.random.default_rng(seed)

    def notes(count: int) -> NoteSequence:
        start = random.uniform(0, 10, count)
        key = random.integers(50, 62, count, np.int16)
        raw = NoteSequence(
            key, random.integers(1, 128, count, np.int16), start, start + random.exponential(0.5, count) + 1e-3
        )
        return split_at(raw, 0.0, 11.0).fitted(raw)

    piece, new = notes(150), notes(150)
    parts = split_at(piece, 3.217, 6.1234)
    joined = parts.joined(parts.fitted(new))
    outside = (joined.start_s < 3.217) | (joined.start_s >= 6.1234)
    assert joined.select(outside) == parts.kept
    assert overlaps(joined) == 0
    assert len(parts.fitted(new)) > 10


def test_notes_are_closed_at_a_moment() -> None:
    assert closed_at(PIECE, 4.2).end_s.max() == 4.2
