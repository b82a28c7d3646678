"""The key/value cache: what attention remembers of the positions already read."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from musictx.config import ModelConfig

Tensor = Any  # a tensor of the active Keras backend


class KeyValueCache(NamedTuple):
    """Keys and values of every block for up to S positions.

    keys, values: N tensors each, shape (B·H, S, K). One tensor a block, not one
        stacked array, and batch and heads on one axis: a compiled loop then updates each in
        place. With an axis each, XLA copies the values twice a token to merge them.
    length: int32 scalar, positions filled so far; the next token is written there.
        What lies beyond is garbage that attention never sees.
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


def grown_cache(cache: KeyValueCache, positions: int) -> KeyValueCache:
    """The same cache with room for `positions` >= S tokens."""

    def grow(tensor: Tensor) -> Tensor:
        return ops.pad(tensor, ((0, 0), (0, positions - tensor.shape[1]), (0, 0)))

    return KeyValueCache(tuple(map(grow, cache.keys)), tuple(map(grow, cache.values)), cache.length)


def repeated_cache(cache: KeyValueCache, times: int) -> KeyValueCache:
    """A cache of batch 1 copied to batch `times`: variations share one prefill."""

    def repeat(tensor: Tensor) -> Tensor:
        return ops.tile(tensor, (times, 1, 1))

    return KeyValueCache(tuple(map(repeat, cache.keys)), tuple(map(repeat, cache.values)), cache.length)
