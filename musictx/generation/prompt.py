"""Prompts: which tokens the model sees before it writes its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling import density_limit as restraint
from musictx.generation.sampling import grammar
from musictx.generation.sampling import pitch_class_bias as home
from musictx.generation.sampling.state import Limits
from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, shift_steps
from musictx.midi.notes import NoteSequence

Ids = npt.NDArray[np.int32]

SHORTEST_LIMIT_STEPS = 100  # one second: a breath in any piece
SHORTEST_HOLD_STEPS = 400  # four seconds: in concert recordings one note in a hundred sounds longer


def seed_prompt(ids_T: Ids, context_s: float) -> Ids:
    """The prompt for a seed of which the last `context_s` seconds are to be seen.

    START stands before the seed when it is used from its very beginning, as it did
    in training; a shorter context is a `tail` of the seed. An empty seed is [START].
    """
    elapsed_T = np.cumsum(shift_steps(ids_T))
    total_steps = int(elapsed_T[-1]) if ids_T.size else 0
    context_steps = round(context_s * v.STEPS_PER_SECOND)
    if total_steps <= context_steps:
        return np.concatenate([[v.START], ids_T]).astype(np.int32)
    # From the time shift on that leads into the context: a token that `tail` may drop.
    return tail(ids_T, ids_T.size - int(np.searchsorted(elapsed_T, total_steps - context_steps)))


def tail(ids_T: Ids, keep: int) -> Ids:
    """The last `keep` tokens, with the velocity in force told before their first note-on.

    To make room for that velocity token the oldest token goes; the result has
    exactly `keep` tokens. Like a window drawn in training, it may begin anywhere
    within a step.
    """
    assert 0 < keep <= ids_T.size, (keep, ids_T.size)
    cut = ids_T.size - keep
    kept_T, rest_T = ids_T[cut:], ids_T[cut + 1 :]
    matters = (rest_T < v.NOTE_OFF) | ((rest_T >= v.VELOCITY) & (rest_T < v.EVENTS))
    first = int(np.argmax(matters)) if matters.any() else -1
    velocity = velocity_after(ids_T[: cut + 1])
    if first < 0 or rest_T[first] >= v.VELOCITY or velocity == grammar.UNKNOWN:
        return kept_T.astype(np.int32)
    return np.concatenate([rest_T[:first], [v.VELOCITY + velocity], rest_T[first:]]).astype(np.int32)


def limits_of(ids_T: Ids, stay_in_key: float = 0.0, seen_T: Ids | None = None) -> Limits:
    """What a continuation of `ids_T` may do.

    Args:
        stay_in_key: as in `SamplingConfig`.
        seen_T: what the model sees of a prompt that its window does not hold, and whose pitch classes it stays in; all
            of it if not given.
    """
    seen_T = ids_T if seen_T is None else seen_T
    return Limits(
        longest_wait(ids_T),
        longest_hold(ids_T),
        *greatest_densities(ids_T),
        home.shares(seen_T),
        home.pull(seen_T, stay_in_key),
    )


def longest_wait(ids_T: Ids) -> int:
    """How many steps may pass from strike to strike in a continuation of `ids_T`.

    As many as in the prompt itself at most, but within `SHORTEST_LIMIT_STEPS` and the grammar's own
    limit: a quick piece then does not stand still where its seed came to a cadence.
    """
    elapsed_T = np.cumsum(shift_steps(ids_T))
    gaps = np.diff(elapsed_T[ids_T < v.NOTE_OFF])
    longest = int(gaps.max()) if gaps.size else grammar.LONGEST_WAIT_STEPS
    return min(max(longest, SHORTEST_LIMIT_STEPS), grammar.LONGEST_WAIT_STEPS)


def longest_hold(ids_T: Ids) -> int:
    """How many steps a key may sound in a continuation of `ids_T`.

    As many as in the prompt itself at most, but within `SHORTEST_HOLD_STEPS` and the grammar's own limit: a
    seed of short notes is not continued by an organ point that a model forgot to end.
    """
    notes = decode(ids_T)
    longest = round(float((notes.end_s - notes.start_s).max()) * v.STEPS_PER_SECOND) if len(notes) else 0
    return min(max(longest, SHORTEST_HOLD_STEPS), grammar.LONGEST_HOLD_STEPS)


def greatest_densities(ids_T: Ids) -> tuple[float, float]:
    """Strikes a second that a continuation of `ids_T` may have at no cost: of all keys together, and of one key.

    As many as the prompt ever had, measured with the fading memory of `restraint`, or its least limits if these are
    more, and its headroom above that.
    """
    is_strike_T = ids_T < v.NOTE_OFF
    if not is_strike_T.any():
        return restraint.UNLIMITED, restraint.UNLIMITED
    densities = restraint.counts(np.cumsum(shift_steps(ids_T))[is_strike_T], ids_T[is_strike_T]) / restraint.MEMORY_S
    together, alone = float(densities.sum(axis=1).max()), float(densities.max())
    together, alone = max(together, restraint.LEAST_LIMIT), max(alone, restraint.LEAST_KEY_LIMIT)
    return restraint.HEADROOM * together, restraint.HEADROOM * alone


def velocity_after(ids_T: Ids) -> int:
    """The velocity bin in force after at least one token, `grammar.UNKNOWN` where none was told."""
    return int(grammar.state_after(ids_T[None]).velocity_B[0])


def continuation_notes(prompt_P: Ids, ids_T: Ids) -> NoteSequence:
    """The notes of generated `ids_T`, times in seconds from the end of the prompt.

    The first of them may rely on a velocity that the prompt told. The release of a
    key struck in the prompt is no note of the continuation; notes struck after
    the last time shift have not sounded yet and are left out; those still held end there.
    """
    sounded = np.flatnonzero(shift_steps(ids_T))
    ids_T = ids_T[: sounded[-1] + 1] if sounded.size else ids_T[:0]
    velocity = velocity_after(prompt_P)
    told = [] if velocity == grammar.UNKNOWN else [v.VELOCITY + velocity]
    return decode(np.concatenate([told, ids_T]).astype(np.int32))
