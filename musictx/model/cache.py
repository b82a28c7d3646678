"""The key/value cache: what attention remembers of the positions already read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from keras import ops

from musictx.config import ModelConfig

Tensor = Any  # a tensor of the active Keras backend


class KeyValueCache(NamedTuple):
    """Keys and values of every block for up to S positions.

    keys, values: N tensors each, shape (B·H, S, K). One tensor a block, not one
        stacked array, and batch and heads on one axis: a compiled loop then updates each in
        place. With an axis each, XLA copies the values twice a token to merge them.
    length: int32, positions filled so far; the next token is written there. A scalar where all rows have
        as many, or (B,), one for each row. What lies beyond is garbage that attention never sees.
    """

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]
    length: Tensor


def places(cache: KeyValueCache) -> Tensor:
    """int32 (S,): 0 .. S-1, the positions that the cache has room for.

    Counted from a tensor where S is unknown, as it is while the network is traced for export.
    """
    keys_S = cache.keys[0][0, :, 0]
    if keys_S.shape[0] is None:
        return ops.cumsum(ops.ones_like(keys_S, dtype="int32")) - 1
    return ops.arange(keys_S.shape[0], dtype="int32")


def empty_cache(config: ModelConfig, batch: int, positions: int, dtype: str = "float32") -> KeyValueCache:
    """A cache of zeros for `batch` sequences of up to `positions` tokens."""
    shape = (batch * config.heads, positions, config.head_size)
    blocks = range(config.blocks)
    return KeyValueCache(
        keys=tuple(ops.zeros(shape, dtype) for _ in blocks),
        values=tuple(ops.zeros(shape, dtype) for _ in blocks),
        length=ops.zeros((), "int32"),
    )


def resized_cache(cache: KeyValueCache, positions: int) -> KeyValueCache:
    """The same cache with room for `positions` tokens, more or fewer; none that is filled may be cut off."""

    def resized(tensor: Tensor) -> Tensor:
        missing = positions - tensor.shape[1]
        return ops.pad(tensor, ((0, 0), (0, missing), (0, 0))) if missing > 0 else tensor[:, :positions]

    return _with(cache, resized, cache.length)


def chosen_rows(cache: KeyValueCache, rows_B: npt.NDArray[np.int32]) -> KeyValueCache:
    """The rows at these places of a cache whose rows have lengths of their own; a row may come more than once."""
    heads = cache.keys[0].shape[0] // cache.length.shape[0]
    flat = (rows_B[:, None] * heads + np.arange(heads, dtype=np.int32)).reshape(-1)
    return _with(cache, lambda tensor: ops.take(tensor, flat, axis=0), ops.take(cache.length, rows_B, axis=0))


def joined_caches(caches: Sequence[KeyValueCache]) -> KeyValueCache:
    """Caches with room for as many positions, whose rows have lengths of their own, as one."""

    def joined(parts: Iterable[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        return tuple(ops.concatenate(blocks, axis=0) for blocks in zip(*parts, strict=True))

    return KeyValueCache(
        joined(cache.keys for cache in caches),
        joined(cache.values for cache in caches),
        ops.concatenate([cache.length for cache in caches]),
    )


def _with(cache: KeyValueCache, change: Callable[[Tensor], Tensor], length: Tensor) -> KeyValueCache:
    return KeyValueCache(tuple(map(change, cache.keys)), tuple(map(change, cache.values)), length)
