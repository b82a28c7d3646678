"""The loss by hand, and the schedule at its corners."""

import keras
import numpy as np
import pytest
from keras import ops

from musictx.config import MODEL_PRESETS
from musictx.errors import SettingsError
from musictx.midi import vocabulary as v
from musictx.model.transformer import MusicTransformer
from musictx.training.objective import NextToken, losses, mean_where, token_nll
from musictx.training.optimizer import HalfMuon, build_optimizer
from musictx.training.schedule import WarmupSchedule


def test_nll_is_minus_the_log_probability() -> None:
    logits = np.log(np.array([[[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]]], np.float32))
    got = ops.convert_to_numpy(token_nll(logits, np.array([[0, 2]])))
    np.testing.assert_allclose(got, -np.log([[0.7, 0.25]]), rtol=1e-5)


def test_smoothing_mixes_in_the_uniform_distribution() -> None:
    logits = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
    targets = np.array([[0, 1, 2], [3, 4, 0]])
    log_p = np.asarray(ops.log_softmax(logits))
    wanted = np.eye(5)[targets] * 0.9 + 0.1 / 5
    expected = -(wanted * log_p).sum(-1)
    nll, smoothed = losses(logits, targets, 0.1)
    np.testing.assert_allclose(ops.convert_to_numpy(smoothed), expected, rtol=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(nll), -(np.eye(5)[targets] * log_p).sum(-1), rtol=1e-4)


def test_padding_does_not_count() -> None:
    values = np.array([[1.0, 5.0], [3.0, 100.0]], np.float32)
    assert float(mean_where(values, np.array([[True, False], [True, False]]))) == pytest.approx(2.0)
    assert float(mean_where(values, np.zeros((2, 2), bool))) == 0.0


def test_the_reported_nll_is_without_smoothing() -> None:
    model = MusicTransformer(MODEL_PRESETS["tiny"])
    trainer = NextToken(model, label_smoothing=0.3)
    trainer.compile(optimizer=keras.optimizers.SGD(0.0))
    ids = np.random.default_rng(0).integers(0, 388, (2, 17)).astype("int32")
    ids[1, 10:] = v.PAD
    model.blocks[0].dropout.rate = model.blocks[1].dropout.rate = model.embedding_dropout.rate = 0.0
    trainer.train_on_batch(ids[:, :-1], ids[:, 1:])
    nll = ops.convert_to_numpy(token_nll(model(ids[:, :-1]).logits, ids[:, 1:]))
    assert float(trainer.nll.result()) == pytest.approx(float(nll[ids[:, 1:] != v.PAD].mean()), rel=1e-4)


def rates(schedule: WarmupSchedule, steps: int) -> np.ndarray:
    return np.array([schedule.at(step, (step + 1) / steps) for step in range(steps)])


def test_cosine_rises_then_falls_to_nothing() -> None:
    rate = rates(WarmupSchedule(1.0, 10), 100)
    np.testing.assert_allclose(rate[:10], np.arange(1, 11) / 10, rtol=1e-5)
    assert (np.diff(rate[10:]) < 0).all()
    assert rate[54] == pytest.approx(0.5, abs=0.01)
    assert rate[-1] == pytest.approx(0.0, abs=1e-6)


def test_trapezoid_keeps_its_peak_until_the_decay() -> None:
    rate = rates(WarmupSchedule(2.0, 10, "trapezoid", decay_share=0.2), 100)
    np.testing.assert_allclose(rate[10:79], 2.0)
    np.testing.assert_allclose(rate[[89, 99]], [1.0, 0.0], atol=1e-5)


@pytest.mark.parametrize("shape", ["cosine", "trapezoid"])
def test_the_decay_follows_the_share_done_whatever_the_step(shape: str) -> None:
    schedule = WarmupSchedule(1.0, 10, shape, decay_share=0.5)
    assert schedule.at(1000, 0.75) == pytest.approx(schedule.at(10_000, 0.75), abs=0.02)
    assert schedule.at(4, 0.001) == pytest.approx(0.5)
    assert schedule.at(1000, 1.0) == 0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SettingsError, match="schedule"):
        WarmupSchedule(1.0, 1, "sawtooth")
    with pytest.raises(SettingsError, match="optimizer"):
        build_optimizer("sgd", 0.1, 0.0, 1.0)


def test_newton_schulz_makes_singular_values_alike() -> None:
    matrix = np.random.default_rng(0).normal(size=(24, 48)).astype("float32")
    turned = ops.convert_to_numpy(HalfMuon().zeropower_via_newtonschulz5(ops.convert_to_tensor(matrix), 5))
    values = np.linalg.svd(turned, compute_uv=False)
    assert 0.5 < values.min() and values.max() < 1.4
    assert np.ptp(np.linalg.svd(matrix, compute_uv=False)) > 3  # they were not alike before
