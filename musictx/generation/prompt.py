"""Prompts: which tokens the model sees before it writes its own."""

from __future__ import annotations

import numpy as np

from musictx.generation.sampling import grammar
from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, shift_steps
from musictx.midi.notes import NoteSequence
from musictx.types import Ids


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
