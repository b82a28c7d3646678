"""From logits to the next token, as pure functions that every engine shares.

The first argument `xp` is the array library, `numpy` or `keras.ops`: the same
text runs on the host and inside a compiled loop, so that engines differ in
speed, never in taste. Temperature, top-k and top-p are runtime values: moving
a slider compiles nothing. Everything is float32.

Shape letters: B batch, V vocabulary.
"""

from __future__ import annotations

from typing import Any

Array = Any  # an array of `xp`: numpy.ndarray, or a tensor of the Keras backend

_NEVER = float("-inf")


def filter_logits(xp: Any, logits_BV: Array, temperature: Array, top_k: Array, top_p: Array) -> Array:
    """Keeps what may be drawn, in this order: temperature, then top-k, then top-p.

    Args:
        xp: numpy or keras.ops.
        logits_BV: float32; -inf marks what is forbidden already. At least one
            entry a row must be finite.
        temperature: scalar >= 0; the logits are divided by it. 0 is greedy: only
            the most likely token stays, of equals the one with the lowest id.
        top_k: whole scalar; the k most likely tokens stay, 0 keeps all. Tokens
            exactly as likely as the k-th stay with it.
        top_p: scalar in (0, 1]; of what top-k left, the smallest set of most likely
            tokens stays whose probabilities reach p, again with equals. 1 keeps all.

    Returns:
        float32 (B, V), 0 for the most likely token, lower for the others, -inf
        for what is dropped. The most likely token always stays.
    """
    size = logits_BV.shape[-1]
    ids_V = xp.arange(size, dtype="int32")
    highest_B1 = xp.max(logits_BV, axis=-1, keepdims=True)
    best_B1 = xp.min(xp.where(logits_BV >= highest_B1, ids_V, size), axis=-1, keepdims=True)

    divisor = xp.where(temperature > 0, temperature, 1.0)
    scaled_BV = (logits_BV - highest_B1) / divisor
    sampled_BV = scaled_BV >= _threshold(xp, scaled_BV, ids_V, top_k, top_p)
    kept_BV = xp.where(temperature > 0, sampled_BV, ids_V == best_B1)
    return xp.where(kept_BV, scaled_BV, _NEVER)


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


def sample(
    xp: Any, logits_BV: Array, uniforms_B: Array, temperature: Array, top_k: Array = 0, top_p: Array = 1.0
) -> Array:
    """Draws one id a row by the inverse of the cumulative distribution.

    Args:
        xp, logits_BV, temperature, top_k, top_p: see `filter_logits`.
        uniforms_B: float32 in [0, 1), one random number a row, drawn by the caller:
            one random seed gives one piece, whatever engine plays it.

    Returns:
        int32 (B,), ids of a probability above zero.
    """
    size = logits_BV.shape[-1]
    weight_BV = xp.exp(filter_logits(xp, logits_BV, temperature, top_k, top_p))
    reached_BV = xp.where(weight_BV > 0, xp.cumsum(weight_BV, axis=-1), 0.0)
    # Compiled sums may round a cumulative sum up where nothing was added, or down at its end.
    # Hence only ids of some weight count, and the total is what the highest of them reached.
    total_B1 = xp.max(reached_BV, axis=-1, keepdims=True)
    hit_BV = (reached_BV > uniforms_B[:, None] * total_B1) | (reached_BV >= total_B1)
    return xp.min(xp.where(hit_BV, xp.arange(size, dtype="int32"), size), axis=-1)
