"""The skew against the loop it replaces."""

import numpy as np
import pytest
from keras import ops

from musictx.config import MODEL_PRESETS
from musictx.model.attention import RelativeGlobalAttention, skew


def naive_logits(query: np.ndarray, relative: np.ndarray, position: int, keys: int) -> np.ndarray:
    """q_t · E[L-1-d] for every query at position + t and every key j at or before it, by three loops."""
    window = relative.shape[0]
    queries = query.shape[0]
    logits = np.zeros((queries, keys))
    for t in range(queries):
        for j in range(keys):
            distance = position + t - j
            if 0 <= distance < window:
                logits[t, j] = query[t] @ relative[window - 1 - distance]
    return logits


@pytest.mark.parametrize("queries", [1, 2, 7, 16])
def test_skew_of_a_square_is_the_naive_loop(queries: int) -> None:
    random = np.random.default_rng(queries)
    query, relative = random.normal(size=(queries, 4)), random.normal(size=(16, 4))
    rows = relative[16 - queries :]
    skewed = ops.convert_to_numpy(skew(ops.convert_to_tensor((query @ rows.T)[None, None]), queries))[0, 0]
    seen = np.tril(np.ones((queries, queries), bool))
    np.testing.assert_allclose(skewed[seen], naive_logits(query, relative, 0, queries)[seen], atol=1e-5)


@pytest.mark.parametrize(("queries", "position", "keys"), [(1, 9, 16), (3, 5, 12), (4, 0, 8)])
def test_skew_over_a_memory_is_the_naive_loop(queries: int, position: int, keys: int) -> None:
    random = np.random.default_rng(queries)
    query, relative = random.normal(size=(queries, 4)), random.normal(size=(16, 4))
    rows = np.clip(np.arange(keys + queries - 1) + 16 - queries - position, 0, 15)
    columns = ops.convert_to_tensor((query @ relative[rows].T)[None, None])
    skewed = ops.convert_to_numpy(skew(columns, keys))[0, 0]
    seen = np.arange(keys)[None, :] <= position + np.arange(queries)[:, None]
    np.testing.assert_allclose(skewed[seen], naive_logits(query, relative, position, keys)[seen], atol=1e-5)


def test_attention_is_the_formula_of_the_paper() -> None:
    config = MODEL_PRESETS["tiny"]
    layer = RelativeGlobalAttention(config)
    x = np.random.default_rng(0).normal(size=(1, 9, config.width)).astype("float32")
    got = ops.convert_to_numpy(layer(x)[0])[0]

    def projected(dense: object) -> np.ndarray:
        flat = x[0] @ ops.convert_to_numpy(dense.kernel) + ops.convert_to_numpy(dense.bias)  # type: ignore[attr-defined]
        return flat.reshape(9, config.heads, config.head_size)

    query, key, value = projected(layer.query), projected(layer.key), projected(layer.value)
    context = np.zeros_like(query)
    for head in range(config.heads):
        logits = query[:, head] @ key[:, head].T + naive_logits(
            query[:, head], ops.convert_to_numpy(layer.relative), 0, 9
        )
        logits = np.where(np.tril(np.ones((9, 9), bool)), logits, -np.inf)
        logits /= np.sqrt(config.head_size) * config.attention_temperature
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        context[:, head] = weights / weights.sum(axis=1, keepdims=True) @ value[:, head]
    expected = context.reshape(9, -1) @ ops.convert_to_numpy(layer.merge.kernel) + ops.convert_to_numpy(
        layer.merge.bias
    )
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("block", [4, 7, 64])
def test_query_blocks_change_nothing(block: int) -> None:
    layer = RelativeGlobalAttention(MODEL_PRESETS["tiny"])
    x = np.random.default_rng(0).normal(size=(2, 21, 32)).astype("float32")
    whole = ops.convert_to_numpy(layer(x)[0])
    layer.query_block = block
    np.testing.assert_allclose(ops.convert_to_numpy(layer(x)[0]), whole, atol=1e-6)
