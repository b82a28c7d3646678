"""The sliders act on which key and how loud, and leave what comes next and when as the model has it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.sampling.filters import filter_logits
from musictx.generation.sampling.per_kind import filter_per_kind
from musictx.midi import vocabulary as v

Row = npt.NDArray[np.float32]
NOTE_ONS, NOTE_OFFS = slice(v.NOTE_ON, v.NOTE_OFF), slice(v.NOTE_OFF, v.TIME_SHIFT)
SHIFTS, VELOCITIES = slice(v.TIME_SHIFT, v.VELOCITY), slice(v.VELOCITY, v.EVENTS)
KINDS = (NOTE_ONS, NOTE_OFFS, SHIFTS, VELOCITIES, slice(v.EVENTS, v.SIZE))


def random_logits(rows: int = 1, seed: int = 0) -> Row:
    return np.random.default_rng(seed).normal(0, 3, (rows, v.SIZE)).astype(np.float32)


def probabilities(logits: Row) -> Row:
    weight = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True), np.float32)


def odds(logits: Row, temperature: float, top_k: int, top_p: float) -> Row:
    return probabilities(filter_per_kind(np, logits, temperature, top_k, top_p))


@pytest.mark.parametrize("settings", [(0.3, 0, 1.0), (0.8, 10, 0.92), (2.0, 3, 0.5)])
def test_each_kind_is_as_likely_as_the_model_has_it(settings: tuple[float, int, float]) -> None:
    logits = random_logits(20)
    before, after = probabilities(logits), odds(logits, *settings)
    for kind in KINDS:
        np.testing.assert_allclose(after[:, kind].sum(axis=-1), before[:, kind].sum(axis=-1), atol=1e-5)
    np.testing.assert_allclose(after[:, SHIFTS], before[:, SHIFTS], atol=1e-6)


@pytest.mark.parametrize("kind", [NOTE_ONS, NOTE_OFFS, VELOCITIES])
def test_within_a_kind_the_filters_act_as_they_do_on_a_whole_row(kind: slice) -> None:
    logits = random_logits(20)
    alone = probabilities(filter_logits(np, logits[:, kind], 0.7, 5, 0.85))
    among = odds(logits, 0.7, 5, 0.85)[:, kind]
    np.testing.assert_allclose(among / among.sum(axis=-1, keepdims=True), alone, atol=1e-5)
    assert (among > 0).sum(axis=-1).max() <= 5


def test_what_is_forbidden_stays_so_and_a_kind_may_be_all_forbidden() -> None:
    logits = random_logits(4)
    logits[:, NOTE_OFFS] = -np.inf
    logits[1:, SHIFTS] = -np.inf
    logits[2, 5:] = -np.inf
    logits[3] = -np.inf
    logits[3, v.TIME_SHIFT + 7] = -40.0
    after = filter_per_kind(np, logits, 0.8, 10, 0.92)
    assert not np.isnan(after).any() and np.isneginf(after[np.isneginf(logits)]).all()
    assert np.isfinite(after[2, :5]).any()
    assert np.flatnonzero(np.isfinite(after[3])).tolist() == [v.TIME_SHIFT + 7]


def test_neutral_sliders_change_nothing() -> None:
    logits = random_logits(10)
    np.testing.assert_allclose(odds(logits, 1.0, 0, 1.0), probabilities(logits), atol=1e-6)


def test_temperature_zero_takes_the_most_likely_of_all() -> None:
    logits = random_logits(10)
    assert (odds(logits, 0.0, 10, 0.92).argmax(axis=-1) == logits.argmax(axis=-1)).all()
    assert (odds(logits, 0.0, 10, 0.92) > 0).sum() == 10


def test_low_temperature_thins_no_chord() -> None:
    """Many keys share the probability of a strike, one wait has its own: over all tokens the wait wins in the cold."""
    logits = np.full((1, v.SIZE), -np.inf, np.float32)
    logits[0, v.NOTE_ON + 40 : v.NOTE_ON + 70] = np.log(0.7 / 30)
    logits[0, v.TIME_SHIFT + 4] = np.log(0.3)
    assert odds(logits, 0.5, 0, 1.0)[0, v.TIME_SHIFT + 4] == pytest.approx(0.3, abs=1e-5)
    assert probabilities(filter_logits(np, logits, 0.5, 0, 1.0))[0, v.TIME_SHIFT + 4] > 0.8


@pytest.mark.parametrize("settings", [(0.0, 0, 1.0), (0.8, 10, 0.92), (1.1, 15, 0.95)])
def test_numpy_and_keras_agree(settings: tuple[float, int, float]) -> None:
    logits, ops = random_logits(200), keras.ops
    logits[:, 100:180] = -np.inf
    temperature, top_k, top_p = np.float32(settings[0]), np.int32(settings[1]), np.float32(settings[2])
    scalars: list[Any] = [temperature, top_k, top_p]
    host = filter_per_kind(np, logits, *scalars)
    engine = ops.convert_to_numpy(
        filter_per_kind(ops, ops.array(logits), *(ops.convert_to_tensor(each) for each in scalars))
    )
    assert host.dtype == np.float32
    differing = np.isfinite(host) != np.isfinite(engine)
    assert differing.mean() < 1e-4  # a token at the very edge of a filter may fall to either side
    both = np.isfinite(host) & np.isfinite(engine)
    np.testing.assert_allclose(host[both], engine[both], atol=1e-4)


@pytest.mark.parametrize("keep", [filter_logits, filter_per_kind])
@pytest.mark.parametrize("as_array", [np.asarray, keras.ops.convert_to_tensor])
def test_sliders_of_each_row_are_those_of_the_row_alone(keep: Any, as_array: Any) -> None:
    """Rows that are greedy, filtered and open beside each other."""
    logits, xp = random_logits(3), np if as_array is np.asarray else keras.ops
    rows = [(0.0, 0, 1.0), (0.7, 5, 0.9), (1.2, 0, 1.0)]
    kinds = (np.float32, np.int32, np.float32)
    columns = [np.array(each, kind) for each, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    together = keras.ops.convert_to_numpy(keep(xp, as_array(logits), *map(as_array, columns)))
    alone = [
        keep(xp, as_array(logits[[row]]), *(as_array(column[row]) for column in columns)) for row in range(len(rows))
    ]
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, np.concatenate([keras.ops.convert_to_numpy(row) for row in alone]), atol=1e-5)
    assert len({int(np.isfinite(row).sum()) for row in together}) == 3


def test_an_unknown_scope_is_refused() -> None:
    with pytest.raises(SettingsError, match="'keys', 'tokens'"):
        SamplingConfig(scope="chords")
