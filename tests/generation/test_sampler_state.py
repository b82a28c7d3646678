"""The state that a draw looks at: told at once of a whole sequence, or token by token."""

from __future__ import annotations

import numpy as np

from musictx.generation.sampling.density_limit import DensityLimit
from musictx.generation.sampling.grammar import GrammarLimit
from musictx.generation.sampling.pitch_class_bias import PitchClassTarget, shares
from musictx.generation.sampling.state import Limits, advance, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.notes import NoteSequence

IDS = encode(NoteSequence.from_tuples([(60, 80, 0, 1), (64, 80, 0.5, 1.5), (60, 40, 1, 2), (67, 90, 1.2, 1.3)]))
LIMITS = Limits(GrammarLimit(150, 500), DensityLimit(6, 3), PitchClassTarget(shares(IDS), 0.7))


def test_state_after_is_advance_repeated() -> None:
    told = state_after([[v.START]], LIMITS)
    for length, token in enumerate(IDS, 1):
        told = advance(np, told, np.array([token], np.int32))
        for ours, theirs in zip(state_after(IDS[None, :length], LIMITS), told, strict=True):
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-5)


def test_rows_are_those_at_the_places_asked_for() -> None:
    both = state_after([[v.START, v.VELOCITY, 60], [v.START, v.VELOCITY, 72]])
    turned = both.rows(np.array([1, 0, 0]))
    for part, turned_part in zip(both, turned, strict=True):
        for array, turned_array in zip(part, turned_part, strict=True):
            assert np.array_equal(np.asarray(array)[[1, 0, 0]], turned_array)
    assert turned.with_last(np.array([1, 2, 3], np.int32)).last_B.tolist() == [1, 2, 3]
    assert turned.last_B.tolist() == [72, 60, 60]
