"""Home: a continuation stays in the pitch classes of its seed.

A model that has once strayed into a strange key takes it for the key of the piece, and goes on there. So the shares of
the twelve pitch classes among the latest strikes are held against their shares in the prompt: keys whose class has come
too often become less likely to be the next one struck, keys whose class has come too seldom more likely. A class that
the prompt does not have at all is foreign. None is ever made more likely, and the stronger the pull the less likely all
of them are.

    home_c   = (strikes of c in the prompt + 1) / (all its strikes + its classes), 0 for a foreign class
    recent_c = (fading count of c + PRIOR * home_c) / (fading count of all + PRIOR)
    lean_c   = ln(home_c / recent_c)                                                    a class of the prompt
    lean_f   = min(every lean_c, ln(FOREIGN_SHARE / recent_f)) - FOREIGN_PENALTY * pull     all foreign classes together
    logit   += pull * lean                                                              each note-on
    pull     = how strongly it was asked for * strikes of the prompt / (strikes of the prompt + FULL_PULL)

With a pull of 1 a share that is twice what it was at home makes its keys half as likely. A model that would go on
with the shares m for ever, all at home, comes to rest at shares proportional to m^(1 / (1 + pull)) *
home^(pull / (1 + pull)), at half way for a pull of 1. The counts fade within `MEMORY_S`. It never decides whether a key
is struck, only which: all strikes together stay as likely as the model finds them. A short seed, from which little can
be told, pulls less.

Foreign keys lean alike, and farther down than any other. So bringing all strikes together back to what they were lifts
none of them, and none overtakes a key of the seed's, which top-k would then let in. It comes before the grammar: where
the keys of the seed's classes sound already and cannot be struck, fewer keys are struck, not more foreign ones.

The functions take the array library `xp` first, as in `sampling`.

Shape letters: B batch, T time, C the 12 pitch classes, K the 128 keys, V vocabulary.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling.exponential_decay import counted, left_by
from musictx.midi import vocabulary as v
from musictx.midi.notes import PITCHES

Array = Any
Ids = npt.NDArray[np.int32]

CLASSES = 12
MEMORY_S = 8.0
PRIOR = 12.0  # strikes: until so many have been heard of late, they are mostly taken to be at home
FULL_PULL = 20.0  # strikes of a prompt that pulls half as strongly as one without end
FOREIGN_SHARE = 0.02  # of the latest strikes: more of them foreign count as too many
FOREIGN_PENALTY = 1.5  # how much farther down foreign keys lean than any of the seed's, at a pull of 1

SOMEWHERE = (1 / CLASSES,) * CLASSES  # the home of a piece from nothing


class HomeState(NamedTuple):
    """Which pitch classes were struck of late, and which are those of the prompt.

    struck_BC: float32, the fading count of each class's strikes: after MEMORY_S an e-th of them is left.
    home_BC: float32, their shares in the prompt, 0 for a foreign class, not all of them 0; it never changes.
    pull_B: float32, how strongly a row stays in them; it never changes.
    """

    struck_BC: Array
    home_BC: Array
    pull_B: Array


@lru_cache(maxsize=1)
def classes() -> npt.NDArray[np.int32]:
    """(K,), read-only: the pitch class of each key."""
    of_key = np.arange(PITCHES, dtype=np.int32) % CLASSES
    of_key.setflags(write=False)
    return of_key


def shares(ids_T: Ids) -> tuple[float, ...]:
    """home_c of a prompt, 12 numbers that sum to 1; in a prompt without strikes no class is foreign."""
    counts = _strikes(ids_T)
    if not counts.any():
        return SOMEWHERE
    raised = np.where(counts > 0, counts + 1, 0)
    return tuple((raised / raised.sum()).tolist())


def pull(ids_T: Ids, strength: float) -> float:
    """How strongly a prompt pulls where `strength` is asked for."""
    strikes = _strikes(ids_T).sum()
    return float(strength * strikes / (strikes + FULL_PULL))


def _strikes(ids_T: Ids) -> npt.NDArray[np.int64]:
    return np.bincount(ids_T[ids_T < v.NOTE_OFF] % CLASSES, minlength=CLASSES)


def homeward(xp: Any, logits_BV: Array, state: HomeState) -> Array:
    """The logits, float32 (B, V), with the note-ons weighed anew among themselves."""
    ons_BK = logits_BV[:, v.NOTE_ON : v.NOTE_ON + PITCHES]
    lean_BC = state.pull_B[:, None] * _leanings(xp, state)
    moved_BK = ons_BK + xp.take(lean_BC, classes(), axis=-1)
    moved_BK = moved_BK + (_together(xp, ons_BK) - _together(xp, moved_BK))
    return xp.concatenate([moved_BK, logits_BV[:, v.NOTE_ON + PITCHES :]], axis=-1)


def _leanings(xp: Any, state: HomeState) -> Array:
    """How each class leans, (B, C), to be multiplied by the pull."""
    struck_BC, home_BC, pull_B = state
    all_B1 = xp.sum(struck_BC, axis=-1, keepdims=True) + PRIOR
    is_home_BC = home_BC > 0
    home_or_1_BC = xp.where(is_home_BC, home_BC, 1.0)
    lean_BC = xp.log(home_or_1_BC) - xp.log((struck_BC + PRIOR * home_or_1_BC) / all_B1)
    least_B1 = xp.min(xp.where(is_home_BC, lean_BC, float("inf")), axis=-1, keepdims=True)
    foreign_B1 = xp.sum(xp.where(is_home_BC, 0.0, struck_BC), axis=-1, keepdims=True)
    too_many_B1 = math.log(FOREIGN_SHARE) - xp.log((foreign_B1 + PRIOR * FOREIGN_SHARE) / all_B1)
    return xp.where(is_home_BC, lean_BC, xp.minimum(least_B1, too_many_B1) - FOREIGN_PENALTY * pull_B[:, None])


def _together(xp: Any, logits_BK: Array) -> Array:
    """The logarithm of the summed exponentials, (B, 1)."""
    highest_B1 = xp.max(logits_BK, axis=-1, keepdims=True)
    return highest_B1 + xp.log(xp.sum(xp.exp(logits_BK - highest_B1), axis=-1, keepdims=True))


def advance(xp: Any, state: HomeState, ids_B: Array) -> HomeState:
    """The state after one more token a row, `ids_B` int32."""
    left_B = xp.take(left_by(MEMORY_S), ids_B, axis=0)
    classes_1C = xp.arange(CLASSES, dtype="int32")[None, :]
    is_strike_B1 = (ids_B < v.NOTE_ON + PITCHES)[:, None]
    one, none = np.float32(1), np.float32(0)
    new_BC = xp.where(is_strike_B1 & (ids_B[:, None] % CLASSES == classes_1C), one, none)
    return state._replace(struck_BC=state.struck_BC * left_B[:, None] + new_BC)


def state_after(ids_BT: npt.ArrayLike, home: tuple[float, ...] = SOMEWHERE, strength: float = 0.0) -> HomeState:
    """The state after whole sequences, int32 (B, T), as numpy arrays.

    Args:
        home: from `shares`. strength: from `pull`.
    """
    ids_BT = np.asarray(ids_BT, np.int32)
    struck_BC = np.stack([np.bincount(classes(), counted(row_T, MEMORY_S)) for row_T in ids_BT]).astype(np.float32)
    home_BC = np.tile(np.asarray(home, np.float32), (len(ids_BT), 1))
    return HomeState(struck_BC, home_BC, np.full(len(ids_BT), strength, np.float32))
