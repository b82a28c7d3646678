"""The network: its size, its causality, and the cache that must change nothing."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from musictx.config import MODEL_PRESETS
from musictx.errors import SettingsError
from musictx.model.cache import KeyValueCache, chosen_rows, empty_cache, joined_caches, resized_cache
from musictx.model.transformer import MusicTransformer, sinusoidal_positions

TINY = MODEL_PRESETS["tiny"]


@pytest.fixture(scope="module")
def model() -> MusicTransformer:
    return MusicTransformer(TINY)


@pytest.fixture(scope="module")
def ids() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 388, (2, 40)).astype("int32")


def logits_of(model: MusicTransformer, ids: np.ndarray, **options: object) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(model(ids, **options).logits))


def test_original_has_the_published_number_of_parameters() -> None:
    assert MusicTransformer(MODEL_PRESETS["original"]).count_params() == 2_967_687


def test_enhanced_is_the_size_its_configuration_says() -> None:
    config = MODEL_PRESETS["enhanced"]
    d, f, v = config.width, config.ffn_width, config.vocabulary_size
    attention = 4 * (d * d + d) + config.window * config.head_size
    feed_forward = d * f + f + f * d + d
    expected = config.blocks * (attention + feed_forward + 4 * d) + v * d + 2 * d + d * v + v
    assert MusicTransformer(config).count_params() == expected


def test_logits_are_float32_for_every_position(model: MusicTransformer, ids: np.ndarray) -> None:
    logits = logits_of(model, ids)
    assert logits.shape == (2, 40, 391)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()


def test_no_position_sees_a_later_one(model: MusicTransformer, ids: np.ndarray) -> None:
    before = logits_of(model, ids)
    changed = ids.copy()
    changed[:, 25] = (changed[:, 25] + 1) % 388
    after = logits_of(model, changed)
    np.testing.assert_allclose(after[:, :25], before[:, :25], atol=1e-5)
    assert np.abs(after[:, 25:] - before[:, 25:]).max() > 1e-3


@pytest.mark.parametrize("preset", ["tiny", "post_norm"])
@pytest.mark.parametrize("cuts", [(0, 40), (0, 13, 14, 15, 30, 40), tuple(range(41))])
def test_cached_is_uncached(preset: str, cuts: tuple[int, ...], ids: np.ndarray) -> None:
    config = TINY if preset == "tiny" else dataclasses.replace(TINY, pre_norm=False, activation="relu")
    model = MusicTransformer(config)
    cache = empty_cache(config, 2, 48)
    parts = []
    for start, stop in zip(cuts, cuts[1:], strict=False):
        output = model(ids[:, start:stop], cache=cache)
        cache = output.cache
        parts.append(ops.convert_to_numpy(output.logits))
    assert cache is not None and int(cache.length) == 40
    np.testing.assert_allclose(np.concatenate(parts, axis=1), logits_of(model, ids), atol=1e-4)


def with_own_length(cache: KeyValueCache) -> KeyValueCache:
    """A cache of one row whose length is that row's own."""
    return cache._replace(length=ops.reshape(cache.length, (1,)))


def test_a_resized_cache_with_repeated_rows_goes_on_as_before(model: MusicTransformer, ids: np.ndarray) -> None:
    cache = model(ids[:1, :20], cache=empty_cache(TINY, 1, 20)).cache
    assert cache is not None
    wide = chosen_rows(resized_cache(with_own_length(cache), 64), np.zeros(3, np.int32))
    following = np.repeat(ids[:1, 20:21], 3, axis=0)
    expected = logits_of(model, ids[:1, :21])[:, 20:]
    np.testing.assert_allclose(logits_of(model, following, cache=wide), np.repeat(expected, 3, axis=0), atol=1e-4)


def test_rows_at_positions_of_their_own_are_those_of_each_row_alone(model: MusicTransformer) -> None:
    """With a focus each; one after the other they are read as single rows, which have a way of their own."""
    random, lengths, focus = np.random.default_rng(5), (1, 20, 33), np.array([0.7, 1.0, 1.3], np.float32)
    ids = random.integers(0, TINY.vocabulary_size, (3, 36)).astype("int32")
    caches = [
        model(ids[[row], :length], cache=empty_cache(TINY, 1, 48), focus=focus[row]).cache
        for row, length in enumerate(lengths)
    ]

    alone = [with_own_length(cache) for cache in caches]
    together = resized_cache(joined_caches(alone), 40)
    for step in range(3):
        next_ids = np.stack([ids[row, length + step] for row, length in enumerate(lengths)])[:, None]
        output = model(next_ids, cache=together, focus=focus)
        together = output.cache
        for row, length in enumerate(lengths):
            single = model(next_ids[[row]], cache=alone[row], focus=focus[[row]])
            alone[row] = single.cache
            whole = logits_of(model, ids[[row], : length + step + 1], focus=focus[row])[:, -1]
            for logits in (output.logits[row], single.logits[0]):
                np.testing.assert_allclose(ops.convert_to_numpy(logits), whole, atol=1e-4)
    assert ops.convert_to_numpy(together.length).tolist() == [length + 3 for length in lengths]


def test_garbage_beyond_the_length_is_never_seen(model: MusicTransformer, ids: np.ndarray) -> None:
    cache = model(ids[:, :20], cache=empty_cache(TINY, 2, 32)).cache
    assert cache is not None
    dirty = cache._replace(
        keys=tuple(ops.where(ops.arange(32)[:, None] >= 20, 1e3, key) for key in cache.keys),
        values=tuple(ops.where(ops.arange(32)[:, None] >= 20, 1e3, value) for value in cache.values),
    )
    step = ids[:, 20:21]
    np.testing.assert_allclose(logits_of(model, step, cache=dirty), logits_of(model, step, cache=cache), atol=1e-5)


def test_focus_scales_the_attention_temperature(model: MusicTransformer, ids: np.ndarray) -> None:
    warmer = MusicTransformer(dataclasses.replace(TINY, attention_temperature=TINY.attention_temperature * 1.5))
    warmer.set_weights(model.get_weights())
    np.testing.assert_allclose(logits_of(model, ids, focus=1.5), logits_of(warmer, ids), atol=1e-5)
    assert np.abs(logits_of(model, ids, focus=1.5) - logits_of(model, ids)).max() > 1e-4


def test_dropout_acts_in_training_only(model: MusicTransformer, ids: np.ndarray) -> None:
    np.testing.assert_array_equal(logits_of(model, ids), logits_of(model, ids, training=False))
    assert np.abs(logits_of(model, ids, training=True) - logits_of(model, ids)).max() > 1e-3


def test_more_than_the_window_is_refused(model: MusicTransformer) -> None:
    with pytest.raises(ValueError, match=r"128 positions.*Received: 129"):
        model(np.zeros((1, 129), "int32"))


def test_positions_are_sines_then_cosines() -> None:
    table = sinusoidal_positions(64, 32)
    assert table.shape == (64, 32)
    np.testing.assert_allclose(table[0], [0.0] * 16 + [1.0] * 16, atol=1e-7)
    np.testing.assert_allclose(table[5, 0], np.sin(5), atol=1e-6)
    np.testing.assert_allclose(table[5, 17], np.cos(5 / 10_000 ** (1 / 16)), atol=1e-6)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 0), ("width", 33), ("blocks", -1), ("activation", "swish"), ("dropout", 0.95), ("window", 1.5)],
)
def test_unfit_configurations_are_refused(field: str, value: object) -> None:
    with pytest.raises(SettingsError, match=field if field != "width" else "width"):
        dataclasses.replace(TINY, **{field: value})  # type: ignore[arg-type]
