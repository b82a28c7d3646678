"""Restraint: a continuation grows hardly denser than its seed was, and dwells on no key more, unless the model insists.

A model that has once struck too many keys, or one key too often, takes it for the style of the piece and goes on. So
strikes are counted with a memory that fades within `MEMORY_S`, for every key and in all. Where they come more densely
than `HEADROOM` times as densely as they ever did in the prompt, they become less likely, the more the farther, and so
do waits that are shorter than the gaps of a piece of the limit's density: after a wait something must happen.

    e = ln(density / limit) where density > limit, else 0
    logit -= STRENGTH * e                             all note-ons and velocities
    logit -= STRENGTH * e * max(0, 1 - wait * limit)  time shifts
    logit -= STRENGTH * e of this key alone           each note-on

Below the limits nothing changes. It leans on the model instead of forbidding, so that every sequence of the grammar
stays possible. The functions take the array library `xp` first, as in `sampling`.

Shape letters: B batch, T time, K the 128 keys, N the 100 time shifts, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling.exponential_decay import constant, counted, left_by
from musictx.midi import vocabulary as v
from musictx.midi.notes import PITCHES

Array = Any

MEMORY_S = 3.0
# A seed of some seconds is not the piece's climax. Without headroom takes are sparser and keep to fewer keys than
# people do, with more of it floods come back (docs/experiments.md, "Its music").
HEADROOM = 1.5
STRENGTH = 4.0  # at twice the limit a strike is 16 times less likely: flows stop there, single chords pass
LEAST_LIMIT = 4.0  # strikes a second: slow seeds may become livelier than they were
# Strikes a second of one key. In half of all 30 s of concert recordings none comes more often than that.
LEAST_KEY_LIMIT = 2.0
UNLIMITED = 1e6

MEMORY_STEPS = MEMORY_S * v.STEPS_PER_SECOND


class RestraintState(NamedTuple):
    """How densely keys were struck of late.

    struck_BK: float32, the fading count of each key's strikes: after MEMORY_S an e-th of them is left.
    limit_B: float32, strikes a second that cost nothing; it never changes.
    key_limit_B: float32, the same for each key alone; it never changes.
    """

    struck_BK: Array
    limit_B: Array
    key_limit_B: Array


@lru_cache(maxsize=1)
def shifts_s() -> npt.NDArray[np.float32]:
    """(1, N), read-only: seconds of each time shift."""
    return constant(np.arange(1, v.MAX_SHIFT_STEPS + 1)[None] / v.STEPS_PER_SECOND)


def restrained(xp: Any, logits_BV: Array, state: RestraintState) -> Array:
    """The logits, float32 (B, V), with strikes less likely where they are too dense."""
    struck_BK, limit_B, key_limit_B = state
    all_B1 = STRENGTH * _excess(xp, xp.sum(struck_BK, axis=-1, keepdims=True), limit_B)
    keys_BK = STRENGTH * _excess(xp, struck_BK, key_limit_B)
    # The tensor stands first: numpy would not know what to do with one of torch's.
    short_BN = xp.maximum(1.0 - limit_B[:, None] * shifts_s(), 0.0)
    bins_1 = np.ones((1, v.VELOCITY_BINS), np.float32)  # a velocity is always followed by a strike
    specials_1 = np.zeros((1, v.SIZE - v.EVENTS), np.float32)
    in_order = [keys_BK + all_B1, xp.zeros_like(keys_BK), all_B1 * short_BN, all_B1 * bins_1, all_B1 * specials_1]
    return logits_BV - xp.concatenate(in_order, axis=-1)


def _excess(xp: Any, struck: Array, limit_B: Array) -> Array:
    """ln(density / limit), 0 below the limit."""
    return xp.log(xp.maximum(struck / (limit_B[:, None] * MEMORY_S), 1.0))


def advance(xp: Any, state: RestraintState, ids_B: Array) -> RestraintState:
    """The state after one more token a row, `ids_B` int32."""
    left_B = xp.take(left_by(MEMORY_S), ids_B, axis=0)
    keys_1K = xp.arange(PITCHES, dtype="int32")[None, :]
    one, none = np.float32(1), np.float32(0)
    struck_BK = xp.where(ids_B[:, None] == keys_1K + v.NOTE_ON, one, none)
    return state._replace(struck_BK=state.struck_BK * left_B[:, None] + struck_BK)


def state_after(ids_BT: npt.ArrayLike, limit: float = UNLIMITED, key_limit: float = UNLIMITED) -> RestraintState:
    """The state after whole sequences, int32 (B, T), as numpy arrays."""
    ids_BT = np.asarray(ids_BT, np.int32)
    struck_BK = np.stack([counted(row_T, MEMORY_S) for row_T in ids_BT])
    full = np.ones(len(ids_BT), np.float32)
    return RestraintState(struck_BK, full * np.float32(limit), full * np.float32(key_limit))


def counts(steps_N: npt.NDArray[np.int64], pitches_N: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The fading counts of all keys just after each of N strikes, at the given steps, float32 (N, K)."""
    counts_NK = np.zeros((steps_N.size, PITCHES), np.float32)
    count, before = np.zeros(PITCHES), 0
    for number, (now, pitch) in enumerate(zip(steps_N.tolist(), pitches_N.tolist(), strict=True)):
        count *= np.exp(-(now - before) / MEMORY_STEPS)
        count[pitch] += 1.0
        counts_NK[number], before = count, now
    return counts_NK
