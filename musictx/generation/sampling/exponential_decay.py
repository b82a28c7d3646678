"""Counts of onsets with exponential decay: after `memory_s` seconds an e-th of each is left.

For compiled loops there is a table of what each token leaves; for sequences that are there already, the counts at their
end.

Shape letters: T time, K the 128 keys, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.midi import vocabulary as v
from musictx.midi.codec import shift_steps
from musictx.midi.notes import PITCHES


@lru_cache(maxsize=8)
def decay_table(memory_s: float) -> npt.NDArray[np.float32]:
    """(V,), read-only: the share of the counts that each token leaves."""
    steps_V = shift_steps(np.arange(v.SIZE, dtype=np.int32))
    return constant(np.exp(-steps_V / (memory_s * v.STEPS_PER_SECOND)))


def decayed_counts(ids_T: npt.NDArray[np.int32], memory_s: float) -> npt.NDArray[np.float32]:
    """The decayed count of each key's onsets at the end of a sequence, (K,)."""
    now_T = np.cumsum(shift_steps(ids_T))
    is_onset_T = ids_T < v.NOTE_ON + PITCHES
    left = np.exp((now_T[is_onset_T] - now_T[-1]) / (memory_s * v.STEPS_PER_SECOND))
    return np.bincount(ids_T[is_onset_T], left, minlength=PITCHES).astype(np.float32)


def constant(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """As float32 that nobody can change, since a cache hands it out again."""
    values = values.astype(np.float32)
    values.setflags(write=False)
    return values
