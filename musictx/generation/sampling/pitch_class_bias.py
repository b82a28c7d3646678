"""The pitch-class bias: a continuation stays in the pitch classes of its seed.

A model that has once left the key takes the new one for the key of the piece, and goes on there. So the shares of the
twelve pitch classes among the latest onsets are held against their shares in the prompt: keys whose class has come too
often become less likely to be the next one played, keys whose class has come too seldom more likely. A class that the
prompt does not have at all is foreign. None is ever made more likely, and the greater the strength the less likely all
of them are.

    share_c  = (onsets of c in the prompt + 1) / (all its onsets + its classes), 0 for a foreign class
    recent_c = (decayed count of c + PRIOR * share_c) / (decayed count of all + PRIOR)
    bias_c   = ln(share_c / recent_c)                                         a class of the prompt
    bias_f   = min(every bias_c, ln(FOREIGN_SHARE / recent_f))
               - FOREIGN_PENALTY * strength                                   all foreign classes together
    logit   += strength * bias                                                each note-on
    strength = stay_in_key * onsets of the prompt / (onsets of the prompt + HALF_STRENGTH_ONSETS)

With a strength of 1 a share that is twice what it was in the prompt makes its keys half as likely. A model that would
go on with the shares m for ever, none of them foreign, comes to rest at shares proportional to
m^(1 / (1 + strength)) * share^(strength / (1 + strength)), at half way for a strength of 1. The counts decay within
`MEMORY_S`. It never decides whether a key is played, only which: all note-ons together stay as likely as the model
finds them. A short seed, from which little can be told, has less strength.

Foreign keys have one bias, lower than any other. So bringing all note-ons together back to what they were lifts none of
them, and none overtakes a key of the seed's, which top-k would then let in. It comes before the grammar: where the keys
of the seed's classes sound already and cannot be played, fewer keys are played, not more foreign ones.

The functions take the array library `xp` first, as in `filters`.

Shape letters: B batch, T time, C the 12 pitch classes, K the 128 keys, V vocabulary.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling.exponential_decay import decay_table, decayed_counts
from musictx.midi import vocabulary as v
from musictx.midi.notes import PITCHES
from musictx.types import Array, Ids

CLASSES = 12
MEMORY_S = 8.0
PRIOR = 12.0  # onsets: until so many have been heard of late, their shares are mostly taken to be the prompt's
HALF_STRENGTH_ONSETS = 20.0  # onsets of a prompt that has half the strength of one without end
FOREIGN_SHARE = 0.02  # of the latest onsets: more of them foreign count as too many
FOREIGN_PENALTY = 1.5  # how much farther down the bias of foreign keys is than any other, at a strength of 1

UNIFORM = (1 / CLASSES,) * CLASSES  # of a piece from nothing


class PitchClassTarget(NamedTuple):
    """The share of each pitch class, 0 for a foreign one, and how strongly a continuation is held to them."""

    shares: tuple[float, ...] = UNIFORM
    strength: float = 0.0


class PitchClassState(NamedTuple):
    """Which pitch classes the latest onsets have, and which the prompt has.

    onsets_BC: float32, the decayed count of each class's onsets: after MEMORY_S an e-th of them is left.
    shares_BC: float32, their shares in the prompt, 0 for a foreign class, not all of them 0; it never changes.
    strength_B: float32, how strongly a row is held to them; it never changes.
    """

    onsets_BC: Array
    shares_BC: Array
    strength_B: Array


@lru_cache(maxsize=1)
def classes() -> npt.NDArray[np.int32]:
    """(K,), read-only: the pitch class of each key."""
    of_key = np.arange(PITCHES, dtype=np.int32) % CLASSES
    of_key.setflags(write=False)
    return of_key


def shares(ids_T: Ids) -> tuple[float, ...]:
    """share_c of a prompt, 12 numbers that sum to 1; in a prompt without onsets no class is foreign."""
    counts = _onsets(ids_T)
    if not counts.any():
        return UNIFORM
    raised = np.where(counts > 0, counts + 1, 0)
    return tuple((raised / raised.sum()).tolist())


def strength(ids_T: Ids, stay_in_key: float) -> float:
    """How strongly a continuation is held to the prompt's pitch classes, where `stay_in_key` is asked for."""
    onsets = _onsets(ids_T).sum()
    return float(stay_in_key * onsets / (onsets + HALF_STRENGTH_ONSETS))


def _onsets(ids_T: Ids) -> npt.NDArray[np.int64]:
    return np.bincount(ids_T[ids_T < v.NOTE_OFF] % CLASSES, minlength=CLASSES)


def limit(ids_T: Ids, stay_in_key: float) -> PitchClassTarget:
    """What a continuation of `ids_T` is held to, where `stay_in_key` (0 to 2) is asked for."""
    return PitchClassTarget(shares(ids_T), strength(ids_T, stay_in_key))


def apply(xp: Any, logits_BV: Array, state: PitchClassState) -> Array:
    """The logits, float32 (B, V), with the note-ons weighed anew among themselves."""
    ons_BK = logits_BV[:, v.NOTE_ON : v.NOTE_ON + PITCHES]
    bias_BC = state.strength_B[:, None] * _biases(xp, state)
    moved_BK = ons_BK + xp.take(bias_BC, classes(), axis=-1)
    moved_BK = moved_BK + (_together(xp, ons_BK) - _together(xp, moved_BK))
    return xp.concatenate([moved_BK, logits_BV[:, v.NOTE_ON + PITCHES :]], axis=-1)


def _biases(xp: Any, state: PitchClassState) -> Array:
    """The bias of each class, (B, C), before it is multiplied by the strength."""
    onsets_BC, shares_BC, strength_B = state
    all_B1 = xp.sum(onsets_BC, axis=-1, keepdims=True) + PRIOR
    is_seeds_BC = shares_BC > 0
    share_or_1_BC = xp.where(is_seeds_BC, shares_BC, 1.0)
    bias_BC = xp.log(share_or_1_BC) - xp.log((onsets_BC + PRIOR * share_or_1_BC) / all_B1)
    lowest_B1 = xp.min(xp.where(is_seeds_BC, bias_BC, float("inf")), axis=-1, keepdims=True)
    foreign_B1 = xp.sum(xp.where(is_seeds_BC, 0.0, onsets_BC), axis=-1, keepdims=True)
    too_many_B1 = math.log(FOREIGN_SHARE) - xp.log((foreign_B1 + PRIOR * FOREIGN_SHARE) / all_B1)
    return xp.where(is_seeds_BC, bias_BC, xp.minimum(lowest_B1, too_many_B1) - FOREIGN_PENALTY * strength_B[:, None])


def _together(xp: Any, logits_BK: Array) -> Array:
    """The logarithm of the summed exponentials, (B, 1)."""
    highest_B1 = xp.max(logits_BK, axis=-1, keepdims=True)
    return highest_B1 + xp.log(xp.sum(xp.exp(logits_BK - highest_B1), axis=-1, keepdims=True))


def advance(xp: Any, state: PitchClassState, ids_B: Array) -> PitchClassState:
    """The state after one more token a row, `ids_B` int32."""
    left_B = xp.take(decay_table(MEMORY_S), ids_B, axis=0)
    classes_1C = xp.arange(CLASSES, dtype="int32")[None, :]
    is_onset_B1 = (ids_B < v.NOTE_ON + PITCHES)[:, None]
    one, none = np.float32(1), np.float32(0)
    new_BC = xp.where(is_onset_B1 & (ids_B[:, None] % CLASSES == classes_1C), one, none)
    return state._replace(onsets_BC=state.onsets_BC * left_B[:, None] + new_BC)


def state_after(ids_BT: npt.ArrayLike, limit: PitchClassTarget | None = None) -> PitchClassState:
    """The state after whole sequences, int32 (B, T), as numpy arrays; all rows have the same limit, from `limit`."""
    shares, strength = limit or PitchClassTarget()
    ids_BT = np.asarray(ids_BT, np.int32)
    onsets_BC = np.stack([np.bincount(classes(), decayed_counts(row_T, MEMORY_S)) for row_T in ids_BT]).astype(
        np.float32
    )
    shares_BC = np.tile(np.asarray(shares, np.float32), (len(ids_BT), 1))
    return PitchClassState(onsets_BC, shares_BC, np.full(len(ids_BT), strength, np.float32))
