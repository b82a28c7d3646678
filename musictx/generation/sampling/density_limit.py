"""The density limit: a continuation grows hardly denser than its seed was, and dwells on no key more.

A model that has once played too many notes, or one key too often, takes it for the style of the piece and goes on. So
onsets are counted with exponential decay within `MEMORY_S`, for every key and in all. Where they come more densely
than `HEADROOM` times as densely as they ever did in the prompt, they become less likely, the more the farther, and so
do time shifts that are shorter than the gaps of a piece of the limit's density: after one something must happen.

    e = ln(density / limit) where density > limit, else 0
    logit -= STRENGTH * e                             all note-ons and velocities
    logit -= STRENGTH * e * max(0, 1 - shift * limit)  time shifts
    logit -= STRENGTH * e of this key alone           each note-on

Below the limits nothing changes. It leans on the model instead of forbidding, so that every sequence of the grammar
stays possible. The functions take the array library `xp` first, as in `filters`.

Shape letters: B batch, T time, K the 128 keys, N the 100 time shifts, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling.exponential_decay import constant, decay_table, decayed_counts
from musictx.midi import vocabulary as v
from musictx.midi.codec import shift_steps
from musictx.midi.notes import PITCHES
from musictx.types import Array, Ids

MEMORY_S = 3.0
# A seed of some seconds is not the piece's climax. Without headroom takes are sparser and keep to fewer keys than
# people do, with more of it floods come back (docs/experiments.md, "Its music").
HEADROOM = 1.5
STRENGTH = 4.0  # at twice the limit an onset is 16 times less likely: flows stop there, single chords pass
LEAST_LIMIT = 4.0  # onsets a second: slow seeds may become livelier than they were
# Onsets a second of one key. In half of all 30 s of concert recordings none comes more often than that.
LEAST_KEY_LIMIT = 2.0
UNLIMITED = 1e6

MEMORY_STEPS = MEMORY_S * v.STEPS_PER_SECOND


class DensityLimit(NamedTuple):
    """Onsets a second that cost nothing: of all keys together, and of each key alone."""

    together: float = UNLIMITED
    alone: float = UNLIMITED


class DensityState(NamedTuple):
    """How dense the latest onsets are.

    onsets_BK: float32, the decayed count of each key's onsets: after MEMORY_S an e-th of them is left.
    limit_B: float32, onsets a second that cost nothing; it never changes.
    key_limit_B: float32, the same for each key alone; it never changes.
    """

    onsets_BK: Array
    limit_B: Array
    key_limit_B: Array


@lru_cache(maxsize=1)
def shifts_s() -> npt.NDArray[np.float32]:
    """(1, N), read-only: seconds of each time shift."""
    return constant(np.arange(1, v.MAX_SHIFT_STEPS + 1)[None] / v.STEPS_PER_SECOND)


def apply(xp: Any, logits_BV: Array, state: DensityState) -> Array:
    """The logits, float32 (B, V), with onsets less likely where they are too dense."""
    onsets_BK, limit_B, key_limit_B = state
    all_B1 = STRENGTH * _excess(xp, xp.sum(onsets_BK, axis=-1, keepdims=True), limit_B)
    keys_BK = STRENGTH * _excess(xp, onsets_BK, key_limit_B)
    short_BN = xp.maximum(1.0 - xp.multiply(limit_B[:, None], shifts_s()), 0.0)
    bins_1 = xp.ones((1, v.VELOCITY_BINS), dtype="float32")  # a velocity is always followed by a note-on
    specials_1 = xp.zeros((1, v.SIZE - v.EVENTS), dtype="float32")
    in_order = [keys_BK + all_B1, xp.zeros_like(keys_BK), all_B1 * short_BN, all_B1 * bins_1, all_B1 * specials_1]
    return logits_BV - xp.concatenate(in_order, axis=-1)


def _excess(xp: Any, count: Array, limit_B: Array) -> Array:
    """ln(density / limit), 0 below the limit."""
    return xp.log(xp.maximum(count / (limit_B[:, None] * MEMORY_S), 1.0))


def advance(xp: Any, state: DensityState, ids_B: Array) -> DensityState:
    """The state after one more token a row, `ids_B` int32."""
    left_B = xp.take(decay_table(MEMORY_S), ids_B, axis=0)
    keys_1K = xp.arange(PITCHES, dtype="int32")[None, :]
    one, none = np.float32(1), np.float32(0)
    onsets_BK = xp.where(ids_B[:, None] == keys_1K + v.NOTE_ON, one, none)
    return state._replace(onsets_BK=state.onsets_BK * left_B[:, None] + onsets_BK)


def limit(ids_T: Ids) -> DensityLimit:
    """The limit of a continuation of `ids_T`.

    The greatest densities that the prompt ever had, or the least limits if these are more, and the headroom above that.
    """
    is_onset_T = ids_T < v.NOTE_OFF
    if not is_onset_T.any():
        return DensityLimit()
    densities = counts(np.cumsum(shift_steps(ids_T))[is_onset_T], ids_T[is_onset_T]) / MEMORY_S
    together, alone = float(densities.sum(axis=1).max()), float(densities.max())
    return DensityLimit(HEADROOM * max(together, LEAST_LIMIT), HEADROOM * max(alone, LEAST_KEY_LIMIT))


def state_after(ids_BT: npt.ArrayLike, limit: DensityLimit | None = None) -> DensityState:
    """The state after whole sequences, int32 (B, T), as numpy arrays; all rows have the same limit."""
    together, alone = limit or DensityLimit()
    ids_BT = np.asarray(ids_BT, np.int32)
    onsets_BK = np.stack([decayed_counts(row_T, MEMORY_S) for row_T in ids_BT])
    full = np.ones(len(ids_BT), np.float32)
    return DensityState(onsets_BK, full * np.float32(together), full * np.float32(alone))


def counts(steps_N: npt.NDArray[np.int64], pitches_N: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """The decayed counts of all keys just after each of N onsets, at the given steps, float32 (N, K)."""
    counts_NK = np.zeros((steps_N.size, PITCHES), np.float32)
    count, before = np.zeros(PITCHES), 0
    for number, (now, pitch) in enumerate(zip(steps_N.tolist(), pitches_N.tolist(), strict=True)):
        count *= np.exp(-(now - before) / MEMORY_STEPS)
        count[pitch] += 1.0
        counts_NK[number], before = count, now
    return counts_NK
