"""The filters and the draw on logits of known answer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from musictx.generation.sampling.filters import filter_logits, pick

FORBIDDEN = -np.inf
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


def logits_of(*probabilities: float) -> npt.NDArray[np.float32]:
    """One row whose softmax is `probabilities`; a probability of 0 is a forbidden token."""
    with np.errstate(divide="ignore"):
        return np.log(np.array([probabilities], np.float32))


def sample(xp: Any, logits: Any, uniforms: Any, temperature: Any, top_k: Any = 0, top_p: Any = 1.0) -> Any:
    """Filters, then draws."""
    return pick(xp, filter_logits(xp, logits, temperature, top_k, top_p), uniforms)


def kept(logits: npt.NDArray[np.float32], temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> list[int]:
    """Which ids of a single row survive the filters."""
    return np.flatnonzero(np.isfinite(filter_logits(np, logits, temperature, top_k, top_p)[0])).tolist()


LADDER = logits_of(0.1, 0.4, 0.05, 0.3, 0.15)  # by falling probability: 1, 3, 4, 0, 2


@pytest.mark.parametrize(("top_k", "expected"), [(0, [0, 1, 2, 3, 4]), (1, [1]), (2, [1, 3]), (4, [0, 1, 3, 4])])
def test_top_k_keeps_the_k_most_likely(top_k: int, expected: list[int]) -> None:
    assert kept(LADDER, top_k=top_k) == expected


def test_top_k_beyond_the_vocabulary_keeps_all() -> None:
    assert kept(LADDER, top_k=391) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [(0.01, [1]), (0.39, [1]), (0.41, [1, 3]), (0.69, [1, 3]), (0.8, [1, 3, 4]), (1.0, [0, 1, 2, 3, 4])],
)
def test_top_p_keeps_the_smallest_set_that_reaches_p(top_p: float, expected: list[int]) -> None:
    assert kept(LADDER, top_p=top_p) == expected


def test_top_p_counts_only_what_top_k_left() -> None:
    # Of ids 1 and 3 alone, id 1 has 0.4 / 0.7 = 0.57 of the probability.
    assert kept(LADDER, top_k=2, top_p=0.55) == [1]
    assert kept(LADDER, top_k=2, top_p=0.6) == [1, 3]


def test_top_p_counts_after_the_temperature() -> None:
    # At temperature 0.5 probabilities are squared: 0.16 of 0.285 is 0.56.
    assert kept(LADDER, temperature=0.5, top_p=0.55) == [1]
    assert kept(LADDER, temperature=1.0, top_p=0.55) == [1, 3]


def test_top_p_one_keeps_what_is_too_unlikely_for_a_sum_to_notice() -> None:
    assert kept(np.array([[0.0, -60.0]], np.float32), top_p=1.0) == [0, 1]


def test_equals_of_the_last_kept_stay_with_it() -> None:
    assert kept(logits_of(0.4, 0.2, 0.2, 0.2), top_k=2) == [0, 1, 2, 3]


def test_forbidden_tokens_stay_forbidden() -> None:
    assert kept(logits_of(0.5, 0, 0.5), top_k=3) == [0, 2]
    assert kept(logits_of(0.5, 0, 0.5), temperature=0) == [0]


@pytest.mark.parametrize("temperature", [0.0, 1e-30, 1e-3, 0.7, 2.0])
@pytest.mark.parametrize("top_p", [0.01, 0.5, 1.0])
def test_the_most_likely_token_always_survives(temperature: float, top_p: float) -> None:
    random = np.random.default_rng(0)
    for spread in (1e-6, 1.0, 50.0):
        logits = random.normal(0, spread, (1, 391)).astype(np.float32)
        filtered = filter_logits(np, logits, np.float32(temperature), 1, np.float32(top_p))
        assert filtered[0, logits.argmax()] == 0
        assert not np.isnan(filtered).any()


def test_temperature_zero_takes_the_lowest_of_the_most_likely() -> None:
    logits = np.array([[1.0, 5.0, 5.0, 2.0]], np.float32)
    for uniform in (0.0, 0.5, BELOW_ONE):
        assert sample(np, logits, np.array([uniform], np.float32), 0.0) == [1]


@pytest.mark.parametrize(
    ("uniform", "expected"), [(0.0, 1), (0.24, 1), (0.26, 2), (0.74, 2), (0.76, 4), (BELOW_ONE, 4)]
)
def test_draw_is_the_inverse_of_the_cumulative_distribution(uniform: float, expected: int) -> None:
    logits = logits_of(0, 0.25, 0.5, 0, 0.25, 0)
    assert sample(np, logits, np.array([uniform], np.float32), 1.0) == [expected]


@pytest.mark.parametrize("xp", [np, keras.ops], ids=["numpy", "keras"])
def test_no_uniform_draws_an_impossible_token(xp: Any) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 4, (2000, 391)).astype(np.float32)
    logits[random.random(logits.shape) < 0.9] = FORBIDDEN
    logits[:, 200] = random.normal(0, 4, 2000)
    for uniform in (0.0, np.float32(1e-38), BELOW_ONE, np.float32(1.0)):
        ids = np.asarray(sample(xp, xp.array(logits), xp.array(np.full(2000, uniform, np.float32)), 1.0, 0, 1.0))
        assert np.isfinite(logits[np.arange(2000), ids]).all()


class RoughSums:
    """numpy, but sums creep up in the last digits where nothing is added, as a compiled, parallel sum may."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def cumsum(values: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
        creep = 1 + 2e-7 * np.arange(values.shape[axis])
        return (np.cumsum(values, axis=axis) * creep).astype(np.float32)


def test_rough_sums_draw_no_impossible_token() -> None:
    logits = logits_of(0, 0.5, 0, 0, 0, 0.5, 0, 0)
    for step in range(-6, 7):
        border = np.array([0.5 + step * 1e-7], np.float32)
        assert sample(RoughSums(), logits, border, 1.0) in (1, 5)


def test_draws_follow_the_filtered_distribution() -> None:
    draws = 20_000
    uniforms = np.random.default_rng(7).random(draws, np.float32)
    logits = np.repeat(LADDER, draws, axis=0)
    ids = sample(np, logits, uniforms, 2.0, 4)
    weights = np.sqrt([0.1, 0.4, 0, 0.3, 0.15])  # temperature 2 takes the root, top-k 4 drops id 2
    observed = np.bincount(ids, minlength=5)
    assert observed[2] == 0
    possible = weights > 0
    expected = draws * weights[possible] / weights.sum()
    chi_square = ((observed[possible] - expected) ** 2 / expected).sum()
    assert chi_square < 11.34  # 99 of 100 fair samples with 3 degrees of freedom


def test_numpy_and_keras_draw_the_same_tokens() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 3, (4000, 391)).astype(np.float32)
    logits[:, 300:] = FORBIDDEN
    uniforms = random.random(4000, np.float32)
    for temperature, top_k, top_p in ((0.0, 0, 1.0), (1.0, 0, 1.0), (0.8, 10, 0.92), (1.1, 15, 0.95), (2.0, 0, 0.5)):
        settings = (np.float32(temperature), np.int32(top_k), np.float32(top_p))
        host = sample(np, logits, uniforms, *settings)
        ops = keras.ops
        engine = sample(ops, ops.array(logits), ops.array(uniforms), *(ops.array(setting) for setting in settings))
        assert host.dtype == np.int32
        # A uniform number that falls within rounding of a border may go to either side: 1 in 10,000 or so.
        assert (host != ops.convert_to_numpy(engine)).mean() <= 1e-3
