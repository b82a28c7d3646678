"""NLL of a seed: known answers on a fake network, and both engines against the definition of `training.evaluate`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from musictx.config import MODEL_PRESETS
from musictx.generation.engines.base import Decoder, token_nats
from musictx.generation.engines.keras import KerasDecoder
from musictx.generation.engines.onnx.decoder import OnnxDecoder
from musictx.generation.engines.onnx.export import write_graphs
from musictx.generation.engines.onnx.graphs import SHIPPED, folder_of
from musictx.generation.engines.onnx.network import Network
from musictx.generation.score import score_seed
from musictx.midi import vocabulary as v
from musictx.model.checkpoint import load_checkpoint, weight_arrays
from musictx.model.transformer import MusicTransformer
from musictx.training.evaluate import Figures, evaluate
from tests.fakes import FakeDecoder, wishing_for

TINY = MODEL_PRESETS["tiny"]
LENGTHS = (1, 60, 128)
TRAINED = Path(__file__).resolve().parents[2] / "checkpoints" / "enhanced"


@pytest.fixture(scope="module", params=["onnx", "onnx-int8", "keras"])
def engine(request: pytest.FixtureRequest, model: MusicTransformer) -> Decoder:
    if request.param == "keras":
        return KerasDecoder(model)
    return OnnxDecoder(Network(folder_of(TINY, SHIPPED), weight_arrays(model), request.param == "onnx-int8", (1,)))


@pytest.fixture(scope="module")
def figures(model: MusicTransformer) -> dict[int, Figures]:
    """What `evaluate` says of music of some lengths after START, which is a piece of one window."""
    return {tokens: evaluate(model, [np.append(np.int32(v.START), music(tokens))], TINY.window) for tokens in LENGTHS}


def music(tokens: int, seed: int = 0) -> np.ndarray:
    """Any events."""
    return np.random.default_rng(seed).integers(0, v.EVENTS, tokens).astype(np.int32)


def test_a_network_that_knows_nothing_needs_the_logarithm_of_the_vocabulary() -> None:
    blank = FakeDecoder(lambda ids_T: np.zeros(v.SIZE, np.float32))
    ids = np.array([v.VELOCITY + 20, 60, v.TIME_SHIFT + 49, v.NOTE_OFF + 60, 64, v.TIME_SHIFT + 49], np.int32)
    score = score_seed(blank, ids)
    assert score is not None and (score.tokens, score.of_tokens) == (6, 6)
    assert score.per_token == pytest.approx(np.log(v.SIZE))
    assert score.per_note == pytest.approx(3 * np.log(v.SIZE))  # six tokens, two notes, one second
    assert score.per_second == pytest.approx(6 * np.log(v.SIZE))


def test_what_was_expected_costs_less() -> None:
    hopeful = FakeDecoder(wishing_for(60))
    expected, other = (score_seed(hopeful, np.full(20, pitch, np.int32)) for pitch in (60, 61))
    assert expected is not None and other is not None and expected.per_token < 0.01 and other.per_token > 10


def test_of_a_long_seed_the_window_is_read_and_of_an_empty_one_nothing() -> None:
    blank = FakeDecoder(lambda ids_T: np.zeros(v.SIZE, np.float32), window=16)
    score = score_seed(blank, music(40))
    assert score is not None and (score.tokens, score.of_tokens) == (16, 40)
    assert score_seed(blank, music(0)) is None


def test_nats_of_great_logits_stay_finite() -> None:
    logits = np.array([[1e4, 0.0, -1e4]], np.float32)
    assert [token_nats(logits, np.array([target], np.int32))[0] for target in range(3)] == [0, 1e4, 2e4]


@pytest.mark.parametrize("tokens", LENGTHS)
def test_engines_give_what_evaluate_gives(engine: Decoder, figures: dict[int, Figures], tokens: int) -> None:
    score, expected = score_seed(engine, music(tokens)), figures[tokens]
    assert score is not None and score.tokens == expected.tokens == tokens
    ours = (score.per_token, score.per_note, score.per_second)
    assert ours == pytest.approx((expected.per_token, expected.per_note, expected.per_second), rel=1e-5, abs=1e-4)


def test_focus_is_heard(engine: Decoder) -> None:
    plain, wide = (score_seed(engine, music(100), focus) for focus in (1.0, 3.0))
    assert plain is not None and wide is not None and abs(plain.per_token - wide.per_token) > 1e-3


def test_a_window_that_is_no_number_of_blocks_is_read_to_its_end(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, window=200)
    keras.utils.set_random_seed(4)
    model = MusicTransformer(config)
    network = Network(write_graphs(model, tmp_path / "graphs"), weight_arrays(model), threads=(1,))
    ids = np.append(np.int32(v.START), music(200))
    ours, theirs = OnnxDecoder(network).score(ids, 1.0), KerasDecoder(model).score(ids, 1.0)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_the_trained_weights_are_scored_alike() -> None:
    """The checkpoint that comes with the program, over more than one block."""
    model, _ = load_checkpoint(TRAINED, v.fingerprint())
    ids = np.array([v.VELOCITY + 20, *([60, v.TIME_SHIFT + 20, v.NOTE_OFF + 60, 64] * 45)], np.int32)
    ours = score_seed(OnnxDecoder.open(TRAINED, TRAINED), ids)
    theirs = score_seed(KerasDecoder(model), ids)
    figures = evaluate(model, [np.append(np.int32(v.START), ids)], window=256)
    assert ours is not None and theirs is not None
    assert ours.per_token == pytest.approx(theirs.per_token, abs=1e-3)
    assert ours.per_token == pytest.approx(figures.per_token, abs=1e-3)
