"""Restraint: a continuation grows no denser than its seed was, unless the model insists.

A model that has once struck too many keys takes its own flood for the style of the piece and goes on. So strikes
are counted with a memory that fades within `MEMORY_S`, and where they come more densely than they ever did in the
prompt, all that leads to a strike becomes less likely, the more the farther:

    logit -= STRENGTH * ln(density / limit)    for note-ons and velocities, where density > limit

Below the limit nothing changes. It leans on the model instead of forbidding, so that every sequence of the grammar
stays possible. The functions take the array library `xp` first, as in `sampling`.

Shape letters: B batch, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.midi import vocabulary as v

Array = Any

MEMORY_S = 3.0
STRENGTH = 4.0  # at twice the limit a strike is 16 times less likely: flows stop there, single chords pass
LEAST_LIMIT = 4.0  # strikes a second: slow seeds may become livelier than they were
UNLIMITED = 1e6

MEMORY_STEPS = MEMORY_S * v.STEPS_PER_SECOND


@lru_cache(maxsize=1)
def costs() -> npt.NDArray[np.float32]:
    """(V,), read-only: STRENGTH for note-ons and the velocities, which are always followed by one; 0 for the rest."""
    ids = np.arange(v.SIZE)
    leads_to_a_strike = (ids < v.NOTE_OFF) | ((ids >= v.VELOCITY) & (ids < v.EVENTS))
    return _constant(np.where(leads_to_a_strike, STRENGTH, 0.0))


@lru_cache(maxsize=1)
def effects() -> npt.NDArray[np.float32]:
    """(2, V), read-only: what each token leaves of the count of strikes, and what it adds to it."""
    ids = np.arange(v.SIZE)
    is_shift = (ids >= v.TIME_SHIFT) & (ids < v.VELOCITY)
    left = np.where(is_shift, np.exp(-(ids - v.TIME_SHIFT + 1) / MEMORY_STEPS), 1.0)
    return _constant(np.stack([left, ids < v.NOTE_OFF]))


def _constant(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    values = values.astype(np.float32)
    values.setflags(write=False)
    return values


def restrained(xp: Any, logits_BV: Array, struck_B: Array, limit_B: Array) -> Array:
    """The logits, float32 (B, V), with strikes less likely where they are too dense.

    Args:
        struck_B: float32, the fading count of strikes, see `advance`.
        limit_B: float32, strikes a second that cost nothing.
    """
    excess_B = xp.log(xp.maximum(struck_B / (limit_B * MEMORY_S), 1.0))
    return logits_BV - excess_B[:, None] * costs()


def advance(xp: Any, struck_B: Array, ids_B: Array) -> Array:
    """The fading count of strikes after one more token a row, float32: after MEMORY_S an e-th of it is left."""
    left_B, added_B = (xp.take(row_V, ids_B, axis=0) for row_V in effects())
    return struck_B * left_B + added_B


def counts(strike_steps_N: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """The fading count just after each of N strikes at the given steps, float32 (N,)."""
    counted, count, before = np.zeros(strike_steps_N.size, np.float32), 0.0, 0
    for number, now in enumerate(strike_steps_N.tolist()):
        count = count * float(np.exp(-(now - before) / MEMORY_STEPS)) + 1.0
        counted[number], before = count, now
    return counted
