"""From logits to the next token, as pure functions that every engine shares.

The first argument `xp` is the array library, `numpy` or `keras.ops`: the same
text runs on the host and inside a compiled loop, so that engines differ in
speed alone. Temperature, top-k and top-p are runtime values: moving
a slider compiles nothing. Everything is float32.

Shape letters: B batch, V vocabulary.
"""

from __future__ import annotations

from typing import Any

from musictx.types import Array

_NEVER = float("-inf")


def filter_logits(xp: Any, logits_BV: Array, temperature: Array, top_k: Array, top_p: Array) -> Array:
    """Keeps what may be drawn, in this order: temperature, then top-k, then top-p.

    Args:
        xp: numpy or keras.ops.
        logits_BV: float32; -inf marks what is forbidden already. At least one
            entry a row must be finite. There may be axes between the two.
        temperature: >= 0; the logits are divided by it. 0 is greedy: only
            the most likely token stays, of equals the one with the lowest id.
        top_k: whole; the k most likely tokens stay, 0 keeps all. Tokens
            exactly as likely as the k-th stay with it.
        top_p: in (0, 1]; of what top-k left, the smallest set of most likely
            tokens stays whose probabilities reach p, again with equals. 1 keeps all.
        Each of the three is a scalar or (B,), one for each row.

    Returns:
        float32, as shaped as the logits, 0 for the most likely token, lower for the others, -inf
        for what is dropped. The most likely token always stays.
    """
    temperature, top_k, top_p = (beside(slider, len(logits_BV.shape)) for slider in (temperature, top_k, top_p))
    divisor = xp.where(temperature > 0, temperature, 1.0)
    scaled_BV = (logits_BV - xp.max(logits_BV, axis=-1, keepdims=True)) / divisor
    ranks_V = xp.arange(logits_BV.shape[-1], dtype="int32")
    sampled_BV = scaled_BV >= _threshold(xp, scaled_BV, ranks_V, top_k, top_p)
    kept_BV = xp.where(temperature > 0, sampled_BV, likeliest(xp, logits_BV))
    return xp.where(kept_BV, scaled_BV, _NEVER)


def beside(slider: Array, axes: int) -> Array:
    """A slider to be taken with logits of so many axes: a scalar as it is, (B,) with axes of length 1 behind."""
    # Nothing is made an array of: numpy would take a Python number for float64, and the logits with it.
    return slider[(slice(None), *(None,) * (axes - 1))] if len(getattr(slider, "shape", ())) else slider


def likeliest(xp: Any, logits_BV: Array) -> Array:
    """Where the most likely token of each row stands, of equals the one with the lowest id: bool (B, V)."""
    size = logits_BV.shape[-1]
    ids_V = xp.arange(size, dtype="int32")
    is_highest_BV = logits_BV >= xp.max(logits_BV, axis=-1, keepdims=True)
    return ids_V == xp.min(xp.where(is_highest_BV, ids_V, size), axis=-1, keepdims=True)


def _threshold(xp: Any, scaled_BV: Array, ranks_V: Array, top_k: Array, top_p: Array) -> Array:
    """The lowest logit, (B, 1), that top-k and top-p let through; the highest logit must be 0."""
    falling_BV = -xp.sort(-scaled_BV, axis=-1)
    within_k_V = (ranks_V < top_k) | (top_k <= 0)
    weight_BV = xp.where(within_k_V, xp.exp(falling_BV), 0.0)
    reached_BV = xp.cumsum(weight_BV, axis=-1)
    # What stands before a rank decides, so that the first one (0 before it) always stays.
    before_BV = reached_BV - weight_BV
    total_B1 = xp.sum(weight_BV, axis=-1, keepdims=True)
    within_p_BV = (before_BV < top_p * total_B1) | (top_p >= 1)
    return xp.min(xp.where(within_k_V & within_p_BV, falling_BV, 0.0), axis=-1, keepdims=True)


def pick(xp: Any, filtered_BV: Array, uniforms_B: Array) -> Array:
    """Draws one id a row by the inverse of the cumulative distribution.

    Args:
        xp: numpy or keras.ops.
        filtered_BV: float32 logits, 0 for the most likely token or near it, -inf for what is dropped.
        uniforms_B: float32 in [0, 1), one random number a row, drawn by the caller:
            one random seed gives one piece, whatever engine plays it.

    Returns:
        int32 (B,), ids of a probability above zero.
    """
    size = filtered_BV.shape[-1]
    weight_BV = xp.exp(filtered_BV)
    reached_BV = xp.where(weight_BV > 0, xp.cumsum(weight_BV, axis=-1), 0.0)
    # Compiled sums may round a cumulative sum up where nothing was added, or down at its end.
    # Hence only ids of some weight count, and the total is what the highest of them reached.
    total_B1 = xp.max(reached_BV, axis=-1, keepdims=True)
    hit_BV = (reached_BV > uniforms_B[:, None] * total_B1) | (reached_BV >= total_B1)
    return xp.min(xp.where(hit_BV, xp.arange(size, dtype="int32"), size), axis=-1)
