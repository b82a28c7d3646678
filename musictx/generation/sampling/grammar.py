"""The grammar: a mask over the logits that makes every sampled token playable.

The allowed sequences are those that `midi.codec.encode` writes, apart from the
order of pitches within a step: note-offs of sounding keys, then note-ons of
silent keys, each with a velocity token before it where the velocity changes,
then time shifts of 100, 100, ..., remainder steps. So nothing generated needs repair, no
note is shorter than one step, and a token is never spent on saying nothing. And music goes
on: no more than a limit, at most `LONGEST_REST_STEPS`, passes from one onset to the next. A seed that ends with
a cadence would otherwise be followed by nothing but time shifts, since that is what ends a piece. Nor does
a key sound for ever: no time shift goes past the step at which a key has sounded for its limit, at most
`LONGEST_HOLD_STEPS`, and there it is released before anything else. A model that forgets a key would
otherwise let it ring to the end.

The static part is a table, `follow_table`; the part that depends on the tokens before is
a `GrammarState`, a few small arrays that a compiled loop carries along. The
functions take the array library `xp` first, as in `filters`.

Shape letters: B batch, T time, K the 128 keys, V vocabulary.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, shift_steps
from musictx.midi.notes import PITCHES
from musictx.types import Array, Ids

UNKNOWN = -1  # velocity before the first velocity token
SILENT = -1  # steps that a key which does not sound has sounded

# 3 s. In concert recordings one gap between two onsets in a thousand is longer than 2.8 s.
LONGEST_REST_STEPS = 300
# 8 s. In concert recordings, the pedal's work included, about one note a minute sounds longer (1.8 in a thousand).
LONGEST_HOLD_STEPS = 800

_ON = slice(v.NOTE_ON, v.NOTE_ON + PITCHES)
_OFF = slice(v.NOTE_OFF, v.NOTE_OFF + PITCHES)
_SHIFT = slice(v.TIME_SHIFT, v.TIME_SHIFT + v.MAX_SHIFT_STEPS)
_VELOCITY = slice(v.VELOCITY, v.VELOCITY + v.VELOCITY_BINS)
_LONGEST_SHIFT = v.TIME_SHIFT + v.MAX_SHIFT_STEPS - 1

SHORTEST_LIMIT_STEPS = 100  # one second: a breath in any piece
SHORTEST_HOLD_STEPS = 400  # four seconds: in concert recordings one note in a hundred sounds longer


class GrammarLimit(NamedTuple):
    """What a continuation may do; the defaults are those of a piece from nothing.

    rest_steps: 10 ms steps that may pass from one onset to the next. hold_steps: that a key may sound.
    """

    rest_steps: int = LONGEST_REST_STEPS
    hold_steps: int = LONGEST_HOLD_STEPS


class GrammarState(NamedTuple):
    """What the tokens before say about the next one.

    last_B: int32, the token before.
    held_BK: int32, steps since the note-on of each sounding key, `SILENT` (-1) for the others.
    velocity_B: int32, the velocity bin in force, `UNKNOWN` (-1) before the first.
    rested_B: int32, steps since the last onset.
    rest_limit_B: int32, how many steps that may become; it never changes.
    hold_limit_B: int32, how many steps a key may sound; it never changes.
    """

    last_B: Array
    held_BK: Array
    velocity_B: Array
    rested_B: Array
    rest_limit_B: Array
    hold_limit_B: Array


@lru_cache(maxsize=1)
def follow_table() -> npt.NDArray[np.bool_]:
    """(V, V), read-only: whether the column's token may ever stand after the row's token.

    The rows of the three specials are alike: the start of a piece.
    """
    follow = np.zeros((v.SIZE, v.SIZE), np.bool_)
    follow[:, _ON] = True
    follow[:, _VELOCITY] = True
    follow[:, _SHIFT] = True
    follow[_OFF, _OFF] = True  # note-offs come first in a step: after a time shift or another note-off
    follow[_SHIFT, _OFF] = True
    follow[v.EVENTS :, _OFF] = True
    follow[_SHIFT, _SHIFT] = False
    follow[_LONGEST_SHIFT, _SHIFT] = True  # only the last one of several time shifts is short
    follow[_VELOCITY, :] = False
    follow[_VELOCITY, _ON] = True
    follow.setflags(write=False)
    return follow


def allowed(xp: Any, state: GrammarState) -> Array:
    """bool (B, V): the tokens that may come next; at least one in each row.

    That there is one: a time shift may follow everything but a velocity and a short time shift, until
    the limit is reached. After a velocity a silent key remains for a note-on, for otherwise
    the velocity was not allowed. Where no time shift is possible, after a time shift either a key sounds
    and may be released, or all are silent and a new velocity may be set; after a note-off
    there is a silent key; and after an onset the limit is far again. A key that has sounded for its limit
    is released where a note-off may stand; after an onset (in a prompt that held keys for longer) a
    time shift of one step leads there.
    """
    last_B, held_BK, velocity_B, rested_B, rest_limit_B, hold_limit_B = state
    velocity_B1 = velocity_B[:, None]
    sounding_BK = held_BK >= 0
    silent_BK = ~sounding_BK
    some_silent_B1 = xp.any(silent_BK, axis=-1, keepdims=True)
    overdue_BK = held_BK >= hold_limit_B[:, None]
    hold_room_B = xp.maximum(hold_limit_B - xp.max(held_BK, axis=-1), 1)
    room_B1 = xp.minimum(rest_limit_B - rested_B, hold_room_B)[:, None]
    bins_1N = xp.arange(v.VELOCITY_BINS, dtype="int32")[None, :]
    shifts_1N = xp.arange(1, v.MAX_SHIFT_STEPS + 1, dtype="int32")[None, :]
    follow_BV = xp.take(follow_table(), last_B, axis=0)
    must_release_B1 = xp.any(overdue_BK, axis=-1, keepdims=True) & follow_BV[:, v.NOTE_OFF : v.NOTE_OFF + 1]
    free_B1 = ~must_release_B1
    specials_1N = xp.zeros((1, v.SIZE - v.EVENTS), dtype="bool")
    possible_BV = xp.concatenate(
        [
            silent_BK & (velocity_B1 != UNKNOWN) & free_B1,
            sounding_BK & (overdue_BK | free_B1),
            (shifts_1N <= room_B1) & free_B1,
            (bins_1N != velocity_B1) & some_silent_B1 & free_B1,
            specials_1N & free_B1,
        ],
        axis=-1,
    )
    return follow_BV & possible_BV


def apply(xp: Any, logits_BV: Array, state: GrammarState) -> Array:
    """The logits, float32 (B, V), -inf for what may not come next."""
    return xp.where(allowed(xp, state), logits_BV, float("-inf"))


def advance(xp: Any, state: GrammarState, ids_B: Array) -> GrammarState:
    """The state after one more token a row, `ids_B` int32."""
    keys_1K = xp.arange(PITCHES, dtype="int32")[None, :]
    is_on_BK = ids_B[:, None] == keys_1K + v.NOTE_ON
    is_off_BK = ids_B[:, None] == keys_1K + v.NOTE_OFF
    is_velocity_B = (ids_B >= v.VELOCITY) & (ids_B < v.VELOCITY + v.VELOCITY_BINS)
    is_shift_B = (ids_B >= v.TIME_SHIFT) & (ids_B < v.TIME_SHIFT + v.MAX_SHIFT_STEPS)
    passed_B = xp.where(is_shift_B, ids_B - (v.TIME_SHIFT - 1), 0)
    held_BK = xp.where(state.held_BK >= 0, state.held_BK + passed_B[:, None], SILENT)
    is_onset_B = ids_B < v.NOTE_ON + PITCHES
    return GrammarState(
        ids_B,
        xp.where(is_on_BK, 0, xp.where(is_off_BK, SILENT, held_BK)),
        xp.where(is_velocity_B, ids_B - v.VELOCITY, state.velocity_B),
        xp.where(is_onset_B, 0, state.rested_B + passed_B),
        state.rest_limit_B,
        state.hold_limit_B,
    )


def limit(ids_T: Ids) -> GrammarLimit:
    """The limit of a continuation of `ids_T`."""
    return GrammarLimit(longest_rest(ids_T), longest_hold(ids_T))


def longest_rest(ids_T: Ids) -> int:
    """How many steps may pass from one onset to the next in a continuation of `ids_T`.

    As many as in the prompt itself at most, but within `SHORTEST_LIMIT_STEPS` and `LONGEST_REST_STEPS`:
    a quick piece then does not stand still where its seed came to a cadence.
    """
    elapsed_T = np.cumsum(shift_steps(ids_T))
    gaps = np.diff(elapsed_T[ids_T < v.NOTE_OFF])
    longest = int(gaps.max()) if gaps.size else LONGEST_REST_STEPS
    return min(max(longest, SHORTEST_LIMIT_STEPS), LONGEST_REST_STEPS)


def longest_hold(ids_T: Ids) -> int:
    """How many steps a key may sound in a continuation of `ids_T`.

    As many as in the prompt itself at most, but within `SHORTEST_HOLD_STEPS` and `LONGEST_HOLD_STEPS`: a
    seed of short notes is not continued by an organ point that a model forgot to end.
    """
    notes = decode(ids_T)
    longest = round(float((notes.end_s - notes.start_s).max()) * v.STEPS_PER_SECOND) if len(notes) else 0
    return min(max(longest, SHORTEST_HOLD_STEPS), LONGEST_HOLD_STEPS)


def state_after(ids_BT: npt.ArrayLike, limit: GrammarLimit | None = None) -> GrammarState:
    """The state after whole sequences, int32 (B, T) with T >= 1, as numpy arrays.

    Lenient, as a prompt may be a part of a piece: a note-off of a silent key and a
    second note-on of a sounding one change nothing.
    """
    rows = [_state_of_row(row_T, *(limit or GrammarLimit())) for row_T in np.asarray(ids_BT, np.int32)]
    return GrammarState(*(np.stack(column) for column in zip(*rows, strict=True)))


def _state_of_row(ids_T: npt.NDArray[np.int32], rest_limit: int, hold_limit: int) -> GrammarState:
    """`state_after` for one row, without the batch axis."""
    last_event_of = np.full(v.SIZE, -1)
    last_event_of[ids_T] = np.arange(ids_T.size)  # of repeated ids numpy keeps the last
    last_on_K = last_event_of[_ON]
    sounding_K = last_on_K > last_event_of[_OFF]
    velocities = last_event_of[_VELOCITY]
    velocity = int(np.argmax(velocities)) if velocities.max() >= 0 else UNKNOWN
    last = int(ids_T[-1])
    if sounding_K.all() and v.VELOCITY <= last < v.VELOCITY + v.VELOCITY_BINS:
        last = v.START  # a velocity that no key is left for: nothing could follow it
    now_T = np.cumsum(shift_steps(ids_T))
    since_K = now_T[-1] - now_T[last_on_K]  # of a key never struck: whatever, it is silent
    rested = now_T[-1] - (now_T[last_on_K.max()] if last_on_K.max() >= 0 else 0)
    return GrammarState(
        np.int32(last),
        np.where(sounding_K, since_K, SILENT).astype(np.int32),
        np.int32(velocity),
        np.int32(rested),
        np.int32(rest_limit),
        np.int32(hold_limit),
    )
