"""A piece written on from one of its moments."""

from __future__ import annotations

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.extend import Extended, extend
from musictx.generation.generate import Ending
from musictx.generation.tokens import EngineTokens
from musictx.midi.notes import NoteSequence
from tests.fakes import FakeDecoder, random_logits

# A key that rings over second 2, and one that is struck there.
PIECE = NoteSequence.from_tuples(
    [(60, 80, 0.0, 0.5), (64, 70, 0.5, 3.5), (67, 90, 1.0, 1.5), (60, 50, 2.0, 2.5), (72, 60, 4.0, 5.0)]
)


def last(moment_s: float, seconds: float, **changes: object) -> Extended:
    """The last of what comes."""
    source, open_ended = EngineTokens(FakeDecoder(random_logits())), SamplingConfig(1.0, top_k=0, top_p=1.0)
    steps = list(extend(source, PIECE, moment_s, seconds, sampling=open_ended, **changes))  # type: ignore[arg-type]
    return steps[-1]


def test_what_begins_before_the_moment_stays_to_the_note() -> None:
    made = last(2.0, 6.0, random_seed=3)
    head = PIECE.select(PIECE.start_s < 2.0)
    kept = made.notes.select(made.notes.start_s < 2.0)
    assert kept.pitch.tolist() == head.pitch.tolist() and np.array_equal(kept.end_s, head.end_s)
    new = made.notes.select(made.notes.start_s >= 2.0)
    assert len(new) and made.chunk.ending is Ending.FINISHED
    assert new.start_s.max() < 8.0 and new.end_s.max() <= 8.0 + 1e-9
    assert not ((new.pitch == 64) & (new.start_s < 3.5)).any()  # no key is struck while it sounds


def test_the_same_random_seed_gives_the_same_notes_and_another_gives_others() -> None:
    one, again, other = last(2.0, 4.0, random_seed=1), last(2.0, 4.0, random_seed=1), last(2.0, 4.0, random_seed=2)
    assert one.notes.pitch.tolist() == again.notes.pitch.tolist()
    assert one.notes.pitch.tolist() != other.notes.pitch.tolist()


def test_from_the_end_and_from_the_beginning() -> None:
    longer = last(5.0, 3.0)
    assert len(longer.notes.select(longer.notes.start_s < 5.0)) == len(PIECE)
    assert last(0.0, 2.0).notes.start_s.min() >= 0


def test_it_stops_when_told() -> None:
    assert last(2.0, 600.0, stop=lambda: True).chunk.ending is Ending.STOPPED


@pytest.mark.parametrize("moment_s", [-1.0, 5.1, float("nan"), float("inf")])
def test_a_moment_outside_the_piece_is_refused(moment_s: float) -> None:
    with pytest.raises(SettingsError, match="outside the piece"):
        last(moment_s, 2.0)
