"""The per-kind filter: the sliders act on which key and how loud; what comes next and when stays as the model learned.

A token is of a kind: note-on, note-off, time shift, velocity. So its probability is that of its kind times its own
among that kind,

    P(token) = P(kind) * P(token | kind)

and temperature, top-k and top-p act on P(token | kind) of note-ons, note-offs and velocities alone. P(kind) and the
time shifts stay as they are, since sharpening all tokens at once does not make music safer but thinner and hurried:
note-ons are spread over many keys, time shifts over few lengths, so that the likeliest single tokens are time shifts
and note-offs, and among the time shifts the short ones. Chords lose their notes, time passes in small steps, and the
same few keys come again (docs/experiments.md has the figures).

The functions take the array library `xp` first, as in `filters`.

Shape letters: B batch, V vocabulary, K the kinds that are filtered, N the tokens of one of them.
"""

from __future__ import annotations

from typing import Any

from musictx.generation.sampling.filters import beside, filter_logits, likeliest
from musictx.midi import vocabulary as v
from musictx.types import Array

_NEVER = float("-inf")
_ON, _OFF = slice(v.NOTE_ON, v.NOTE_OFF), slice(v.NOTE_OFF, v.TIME_SHIFT)
_SHIFTS, _VELOCITIES = slice(v.TIME_SHIFT, v.VELOCITY), slice(v.VELOCITY, v.EVENTS)
_SPECIALS = slice(v.EVENTS, v.SIZE)


def filter_per_kind(xp: Any, logits_BV: Array, temperature: Array, top_k: Array, top_p: Array) -> Array:
    """What may be drawn, and with what odds.

    Args:
        xp: numpy or keras.ops.
        logits_BV: float32 (B, V); -inf marks what is forbidden already. At least one entry a row must be finite.
        temperature, top_k, top_p: scalars or (B,), see `filters.filter_logits`. At temperature 0 the most likely of all
            is taken.

    Returns:
        float32 (B, V) logits, the highest near 0, -inf for what is dropped.
    """
    best_BV = likeliest(xp, logits_BV)
    logits_BV = logits_BV - xp.max(logits_BV, axis=-1, keepdims=True)
    # One row for each kind: keys are 128, velocities 32, so that the rest of their row is forbidden.
    velocities_BN = xp.zeros_like(logits_BV[:, _ON])[:, v.VELOCITY_BINS :] + _NEVER
    velocities_BN = xp.concatenate([logits_BV[:, _VELOCITIES], velocities_BN], axis=-1)
    kinds_BKN = xp.stack([logits_BV[:, _ON], logits_BV[:, _OFF], velocities_BN], axis=1)
    kept_BKN = _filtered_kinds(xp, kinds_BKN, temperature, top_k, top_p)
    velocities_BN = kept_BKN[:, 2, : v.VELOCITY_BINS]
    in_order = [kept_BKN[:, 0], kept_BKN[:, 1], logits_BV[:, _SHIFTS], velocities_BN, logits_BV[:, _SPECIALS]]
    greedy_BV = xp.where(best_BV, xp.zeros_like(logits_BV), _NEVER)
    return xp.where(beside(temperature, 2) > 0, xp.concatenate(in_order, axis=-1), greedy_BV)


def _filtered_kinds(xp: Any, logits_BKN: Array, temperature: Array, top_k: Array, top_p: Array) -> Array:
    """Each kind's tokens filtered among themselves; together they are as likely as before."""
    possible_BK1 = xp.max(logits_BKN, axis=-1, keepdims=True) > _NEVER
    safe_BKN = xp.where(possible_BK1, logits_BKN, 0.0)
    filtered_BKN = filter_logits(xp, safe_BKN, temperature, top_k, top_p)
    # Neither sum can be too small for a logarithm: the first is at least that of one possible token, the second 1.
    highest_BK1 = xp.max(safe_BKN, axis=-1, keepdims=True)
    before_BK1 = xp.log(xp.sum(xp.exp(safe_BKN - highest_BK1), axis=-1, keepdims=True))
    after_BK1 = xp.log(xp.sum(xp.exp(filtered_BKN), axis=-1, keepdims=True))
    return xp.where(possible_BK1, filtered_BKN + (highest_BK1 + before_BK1 - after_BK1), _NEVER)
