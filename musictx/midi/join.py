"""Where a seed ends and its continuation begins."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from musictx.midi.codec import encode, token_times
from musictx.midi.notes import NoteSequence
from musictx.midi.vocabulary import STEPS_PER_SECOND

ROUNDING_STEPS = 1e-6  # of times that lie on a step but for their last digits


def seed_and_join(notes: NoteSequence, end_s: float = 0.0) -> tuple[npt.NDArray[np.int32], float]:
    """The token ids of a seed, int32 (T,), and the second at which its continuation begins.

    The join lies on the codec's grid of 10 ms and behind every note-off of the seed, whose notes stay as they were
    played: a release left over at 4.004 s would cut a new note at 4.00 s in any player.

    end_s: where the seed ends if a rest closes it.
    """
    ids = encode(notes, end_s)
    told_s = float(token_times(ids)[-1]) if ids.size else 0.0
    steps = math.ceil(notes.duration_s * STEPS_PER_SECOND - ROUNDING_STEPS)
    return ids, max(told_s, steps / STEPS_PER_SECOND)
