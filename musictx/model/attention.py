"""Relative global attention with the skew (Huang et al. 2018, arXiv:1809.04281).

    logits = (Q K^T + skew(Q E^T)) / (sqrt(K) * attention temperature * focus)

Row L-1-d of the relative embedding E (L, K) speaks for distance d between query
and key; heads share it. Q E^T has a column a distance; the skew shifts each row so
that the column becomes the key's position, without the (T, S, K) tensor of Shaw et
al. One formula serves training (T = S), prefill and single steps (T = 1: no shift).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from musictx.config import QUERY_BLOCK, ModelConfig

Tensor = Any

MASKED_LOGIT = -1e9  # exp() of it is 0 in float32; finite, so a fully masked row stays finite


class AttentionMemory(NamedTuple):
    """One block's slice of the cache.

    keys, values: (B·H, S, K). places: int32 (S,), 0 .. S-1, see `cache.places`.
    position: int32, where the next token is written: a scalar, or (B,), one for each row.
    """

    keys: Tensor
    values: Tensor
    position: Tensor
    places: Tensor


def written(memory_RSK: Tensor, new_RTK: Tensor, position: Tensor) -> Tensor:
    """The memory with T new places from `position` on: a scalar, or (R,), one for each row, and then T is 1."""
    new_RTK = ops.cast(new_RTK, memory_RSK.dtype)
    if not len(position.shape):
        return ops.slice_update(memory_RSK, (0, position, 0), new_RTK)
    assert new_RTK.shape[1] == 1, new_RTK.shape
    at_R2 = ops.stack([ops.arange(memory_RSK.shape[0], dtype="int32"), position], axis=1)
    return ops.scatter_update(memory_RSK, at_R2, new_RTK[:, 0])


def skew(relative_TC: Tensor, keys: int | None) -> Tensor:
    """Shifts row t left by T-1-t columns: out[t, j] = in[t, j - t + T - 1].

    Args:
        relative_TC: (..., T, C) with C >= keys; column C-1-c of a training square is distance c.
            The size of the first axis, or of C, may be unknown.
        keys: number S of columns to return; None where it is unknown, and C is S + T-1.

    Returns:
        (..., T, S). Entries whose source column lies beyond C are arbitrary; they belong to
        future keys, which the causal mask hides.
    """
    *before, queries, columns = relative_TC.shape
    if queries == 1:
        return relative_TC[..., :keys]
    first, width, row = (-1, columns, queries * (columns + 1)) if columns else (before[0], -1, -1)
    before = (first, *before[1:])
    padded = ops.pad(relative_TC, (*((0, 0) for _ in before), (0, 0), (0, 1)))
    flat = ops.reshape(padded, (*before, row))
    # Row stride C + 1 read with stride C from offset T - 1 moves each row one column further.
    return ops.reshape(flat[..., queries - 1 : -1], (*before, queries, width))[..., : keys or 1 - queries]


class RelativeGlobalAttention(keras.layers.Layer):
    """Multi-head causal self-attention with learned relative positions.

    Args:
        config: width, heads, window and attention temperature are read from it.

    Attributes:
        query_block: queries handled at once where there is no memory; changes no result.

    Reference: Huang et al. 2018, "Music Transformer", section 3.4.
    """

    def __init__(self, config: ModelConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.query_block = QUERY_BLOCK
        self.query = keras.layers.Dense(config.width, name="query", dtype=self.dtype_policy)
        self.key = keras.layers.Dense(config.width, name="key", dtype=self.dtype_policy)
        self.value = keras.layers.Dense(config.width, name="value", dtype=self.dtype_policy)
        self.merge = keras.layers.Dense(config.width, name="merge", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the projections and the relative embedding E (L, K)."""
        for layer in (self.query, self.key, self.value, self.merge):
            layer.build(input_shape)
        self.relative = self.add_weight(
            name="relative",
            shape=(self.config.window, self.config.head_size),
            initializer="glorot_uniform",
        )

    def call(self, x_BTD: Tensor, memory: AttentionMemory | None = None, focus: Tensor | float = 1.0) -> Any:
        """Attends from every position to itself and its past.

        Args:
            x_BTD: (B, T, D).
            memory: keys and values of earlier positions; the T new ones are written behind them.
                Where rows have positions of their own, T is 1.
            focus: scales the attention temperature at generation time; a scalar, or (B,).

        Returns:
            (B, T, D) and the memory with the new keys and values (None where none was given).
        """
        query, key, value = (self._split(layer(x_BTD)) for layer in (self.query, self.key, self.value))
        scale = 1.0 / (math.sqrt(self.config.head_size) * self.config.attention_temperature * focus)
        if memory is None:
            return self._join(self._attend_to_itself(query, key, value, scale)), None
        query, key, value = (self._flat(part) for part in (query, key, value))
        if len(memory.position.shape):
            scale = self._each_head(scale + ops.zeros(memory.position.shape))[:, None, None]
            memory = memory._replace(position=self._each_head(memory.position))
        memory = memory._replace(
            keys=written(memory.keys, key, memory.position), values=written(memory.values, value, memory.position)
        )
        attend = self._attend_row_by_row if len(memory.position.shape) else self._attend_to_memory
        context = attend(query, memory, scale)
        return self._join(ops.reshape(context, (-1, self.config.heads, *context.shape[1:]))), memory

    def _flat(self, x_BHTK: Tensor) -> Tensor:
        """(B, H, T, K) -> (B·H, T, K), the shape of the memory."""
        return ops.reshape(x_BHTK, (-1, *x_BHTK.shape[2:]))

    def _each_head(self, values_B: Tensor) -> Tensor:
        """(B,) -> (B·H,)."""
        return ops.reshape(ops.tile(values_B[:, None], (1, self.config.heads)), (-1,))

    def _split(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) -> (B, H, T, K)."""
        split = ops.reshape(x_BTD, (-1, x_BTD.shape[1], self.config.heads, self.config.head_size))
        return ops.transpose(split, (0, 2, 1, 3))

    def _join(self, context_BHTK: Tensor) -> Tensor:
        """(B, H, T, K) -> (B, T, D)."""
        joined = ops.transpose(context_BHTK, (0, 2, 1, 3))
        return self.merge(ops.reshape(joined, (-1, joined.shape[1], self.config.width)))

    def _attend_to_itself(self, query: Tensor, key: Tensor, value: Tensor, scale: Tensor) -> Tensor:
        """Causal attention of T positions among themselves, a block of queries at a time."""
        length, window = query.shape[2], self.config.window
        relative = ops.cast(self.relative, query.dtype)
        blocks = []
        for start in range(0, length, self.query_block):
            stop = min(start + self.query_block, length)
            blocks.append(
                _attend(
                    query[:, :, start:stop],
                    key[:, :, :stop],
                    value[:, :, :stop],
                    relative[window - stop :],  # distances stop-1 .. 0
                    ops.arange(start, stop),
                    ops.arange(stop),
                    scale,
                )
            )
        return blocks[0] if len(blocks) == 1 else ops.concatenate(blocks, axis=2)

    def _attend_to_memory(self, query: Tensor, memory: AttentionMemory, scale: Tensor) -> Tensor:
        """Attention of T positions to all S places of the memory, those still empty masked."""
        queries, window, columns_C = query.shape[1], self.config.window, memory.places
        if queries > 1:  # C = S + T-1; S may be unknown while the network is traced for export
            columns_C = ops.concatenate([columns_C, columns_C[-1] + ops.arange(1, queries, dtype="int32")])
        # Column c of Q E^T is distance position + T-1 - c; the ends are clipped: what lies beyond
        # is either in the future (masked) or farther than the window (never asked for).
        rows = columns_C + (window - queries - memory.position)
        relative = ops.take(ops.cast(self.relative, query.dtype), ops.clip(rows, 0, window - 1), axis=0)
        positions = memory.position + ops.arange(queries)
        key, value = (ops.cast(part, query.dtype) for part in (memory.keys, memory.values))
        return _attend(query, key, value, relative, positions, memory.places, scale)

    def _attend_row_by_row(self, query: Tensor, memory: AttentionMemory, scale: Tensor) -> Tensor:
        """Attention of one position a row, each row's its own, to all S places of the memory."""
        # Each row meets the distances in a shift of its own. One product with all of E and then a choice among its
        # columns: rows of E chosen beforehand would be a copy of (S, K) for each.
        last = self.config.window - 1
        relative = ops.matmul(query, ops.transpose(ops.cast(self.relative, query.dtype)))
        columns_RS = ops.clip(memory.places + (last - memory.position[:, None]), 0, last)
        relative = ops.take_along_axis(relative, columns_RS[:, None], axis=-1)
        key, value = (ops.cast(part, query.dtype) for part in (memory.keys, memory.values))
        content = ops.matmul(query, ops.swapaxes(key, -1, -2))
        seen_R1S = (memory.position[:, None] >= memory.places)[:, None]
        return _weighted(content + relative, seen_R1S, value, scale)


def _attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    relative_CK: Tensor,
    positions_T: Tensor,
    places_S: Tensor,
    scale: Tensor,
) -> Tensor:
    """Softmax of content and relative logits over keys at or before each query, times the values.

    query (..., T, K), key and value (..., S, K); the same axes before in all.
    """
    content = ops.matmul(query, ops.swapaxes(key, -1, -2))
    relative = skew(ops.matmul(query, ops.transpose(relative_CK)), key.shape[-2])
    seen_TS = ops.expand_dims(positions_T, 1) >= ops.expand_dims(places_S, 0)
    return _weighted(content + relative, seen_TS, value, scale)


def _weighted(logits: Tensor, seen: Tensor, value: Tensor, scale: Tensor) -> Tensor:
    """The values (..., S, K) weighed by the softmax of logits (..., T, S) where they are `seen`."""
    # In float32 whatever the compute type: a softmax over 2,048 bfloat16 logits loses the tail.
    logits = ops.cast(logits, "float32") * ops.cast(scale, "float32")
    weights = ops.softmax(ops.where(seen, logits, MASKED_LOGIT), axis=-1)
    return ops.matmul(ops.cast(weights, value.dtype), value)
