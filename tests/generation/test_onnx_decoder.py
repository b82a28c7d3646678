"""The ONNX Runtime engine against the Keras engine: one random seed, one piece."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from musictx.config import MODEL_PRESETS, SAMPLING_PRESETS, SamplingConfig
from musictx.errors import CheckpointError
from musictx.generation.engines.base import Decoder
from musictx.generation.engines.keras import KerasDecoder
from musictx.generation.engines.onnx.decoder import OnnxDecoder
from musictx.generation.engines.onnx.graphs import SHIPPED, folder_of
from musictx.generation.engines.onnx.network import Network, grow, room_in
from musictx.generation.generate import Ending, generate
from musictx.generation.sampling.state import state_after
from musictx.midi import vocabulary as v
from musictx.model.checkpoint import load_checkpoint, weight_arrays
from musictx.model.transformer import MusicTransformer

GREEDY = SamplingConfig(temperature=0)
OPEN = SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)
FILTERED = SamplingConfig(temperature=1.1, top_k=15, top_p=0.95, focus=0.8)
PROMPT = np.array([v.START, v.VELOCITY + 20, 60, v.TIME_SHIFT + 99, v.NOTE_OFF + 60], np.int32)
TINY = MODEL_PRESETS["tiny"]
TRAINED = Path(__file__).resolve().parents[2] / "checkpoints" / "enhanced"


@pytest.fixture(scope="module")
def network(model: MusicTransformer) -> Network:
    return Network(folder_of(TINY, SHIPPED), weight_arrays(model), threads=(1,))


@pytest.fixture(scope="module")
def decoder(network: Network) -> OnnxDecoder:
    return OnnxDecoder(network)


@pytest.fixture(scope="module")
def reference(model: MusicTransformer) -> KerasDecoder:
    return KerasDecoder(model)


def uniforms(batch: int, count: int, seed: int = 0) -> np.ndarray:
    """Random numbers as the loop draws them."""
    return np.random.default_rng(seed).random((batch, count), np.float32)


def _after(calls: int) -> Callable[[], bool]:
    """A `stop` that says so after some calls."""
    count = iter([False] * calls)
    return lambda: next(count, True)


def piece(engine: Decoder, sampling: SamplingConfig, variations: int, seconds: float) -> list[list[int]]:
    """What an engine makes of the prompt, to the end."""
    *_, last = generate(engine, PROMPT, sampling=sampling, seconds=seconds, variations=variations, random_seed=5)
    assert last.ending is Ending.FINISHED
    return [variation.ids.tolist() for variation in last.variations]


@pytest.mark.parametrize("sampling", [GREEDY, OPEN, FILTERED], ids=["greedy", "open", "filtered"])
@pytest.mark.parametrize("variations", [1, 3, 4])
def test_one_random_seed_one_piece_on_both_engines(
    decoder: OnnxDecoder, reference: KerasDecoder, sampling: SamplingConfig, variations: int
) -> None:
    """Past the window too, where each variation's last part is read anew."""
    ours, theirs = (piece(engine, sampling, variations, seconds=18) for engine in (decoder, reference))
    assert ours == theirs
    assert max(map(len, ours)) > decoder.window or sampling is GREEDY


def test_the_scope_of_all_tokens_is_another_piece_and_the_same_on_both_engines(
    decoder: OnnxDecoder, reference: KerasDecoder
) -> None:
    over_all = dataclasses.replace(FILTERED, scope="tokens")
    ours, theirs = (piece(engine, over_all, 1, seconds=3) for engine in (decoder, reference))
    assert ours == theirs != piece(decoder, FILTERED, 1, seconds=3)


def test_stopped_early_the_pieces_begin_alike(decoder: OnnxDecoder, reference: KerasDecoder) -> None:
    short, long = (
        [
            chunk.variations[0].ids.tolist()
            for chunk in generate(engine, PROMPT, sampling=OPEN, seconds=60, stop=_after(calls))
            if chunk.ending is Ending.STOPPED
        ][0]
        for engine, calls in ((decoder, 2), (reference, 9))
    )
    assert 0 < len(short) < len(long)
    assert long[: len(short)] == short


@pytest.mark.parametrize("length", [1, 2, 100, 112, 127])
def test_prompts_of_any_length_are_read(decoder: OnnxDecoder, reference: KerasDecoder, length: int) -> None:
    prompt = np.random.default_rng(length).integers(0, v.EVENTS, (1, length)).astype(np.int32)
    state, numbers = state_after(prompt), uniforms(1, min(16, decoder.window - length))
    ours, theirs = (engine.start(prompt, state, OPEN).advance(numbers) for engine in (decoder, reference))
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("batch", [2, 3])
def test_variations_are_those_of_single_streams(decoder: OnnxDecoder, batch: int) -> None:
    """With one prompt for all, and with a prompt each."""
    own = np.random.default_rng(1).integers(0, v.EVENTS, (batch, 40)).astype(np.int32)
    numbers = uniforms(batch, 32)
    for prompts in (np.tile(PROMPT, (batch, 1)), own):
        together = decoder.start(prompts, state_after(prompts), OPEN).advance(numbers)
        for row in range(batch):
            alone = decoder.start(prompts[[row]], state_after(prompts[[row]]), OPEN).advance(numbers[[row]])
            assert together[row].tolist() == alone[0].tolist()


def test_how_numbers_are_split_over_calls_makes_no_difference(decoder: OnnxDecoder) -> None:
    state, numbers = state_after(PROMPT[None]), uniforms(1, 60)
    whole, split = (decoder.start(PROMPT[None], state, FILTERED) for _ in range(2))
    parts = [split.advance(numbers[:, at : at + 7]) for at in range(0, 60, 7)]
    assert np.concatenate(parts, axis=1).tolist() == whole.advance(numbers).tolist()


def test_a_growing_cache_changes_nothing(network: Network) -> None:
    """Whatever room there is beyond the tokens, and whenever it is made."""
    ids = np.random.default_rng(2).integers(0, v.EVENTS, 60).astype(np.int32)
    cache = network.prefill(ids[:-1], 1.0, room=1)
    narrow = network.bind([part.copy() for part in cache], 1.0).step(ids[-1:], 59).copy()
    grow(cache, room_in(cache) + 1)
    wide = network.bind(cache, 1.0).step(ids[-1:], 59)
    np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_any_number_of_threads_gives_the_same_bits(model: MusicTransformer) -> None:
    """A step takes whichever is faster just then, and the piece must not depend on it."""
    ids = np.random.default_rng(2).integers(0, v.EVENTS, 60).astype(np.int32)
    logits = []
    for count in (1, 2, 3):
        network = Network(folder_of(TINY, SHIPPED), weight_arrays(model), threads=(count,))
        logits.append(network.bind(network.prefill(ids[:-1], 1.0), 1.0).step(ids[-1:], 59).copy())
    assert np.array_equal(logits[0], logits[1]) and np.array_equal(logits[0], logits[2])


def test_the_cache_is_written_in_place(network: Network) -> None:
    """A copy of the cache a token would cost more than the token."""
    cache = network.empty(2, 128)
    binding = network.bind(cache, 1.0)
    binding.step(np.array([5, 6], np.int32), 40)
    written = np.abs(np.stack(cache)).sum(axis=(0, 1, 3))
    assert np.flatnonzero(written).tolist() == [40]


def test_visitors_on_one_engine_do_not_hear_each_other(decoder: OnnxDecoder) -> None:
    """Five at once, each from a thread of its own, and one of them with other settings."""
    settings = [OPEN, FILTERED, OPEN, OPEN, GREEDY]
    alone = [
        decoder.start(PROMPT[None], state_after(PROMPT[None]), sampling).advance(uniforms(1, 60, number)).tolist()
        for number, sampling in enumerate(settings)
    ]
    heard: dict[int, list[list[int]]] = {}

    def visit(number: int) -> None:
        numbers = uniforms(1, 60, number)
        stream = decoder.start(PROMPT[None], state_after(PROMPT[None]), settings[number])
        parts = [stream.advance(numbers[:, at : at + 5]) for at in range(0, 60, 5)]
        heard[number] = np.concatenate(parts, axis=1).tolist()

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(settings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [heard[number] for number in range(len(settings))] == alone


def test_weights_that_do_not_fit_are_refused(model: MusicTransformer) -> None:
    arrays = weight_arrays(model)
    graphs = folder_of(TINY, SHIPPED)
    with pytest.raises(CheckpointError, match="head/bias"):
        Network(graphs, {name: array for name, array in arrays.items() if name != "head/bias"})
    with pytest.raises(CheckpointError, match="not finite"):
        Network(graphs, arrays | {"head/bias": arrays["head/bias"] * np.nan})
    with pytest.raises(CheckpointError, match="shape"):
        Network(graphs, arrays | {"head/bias": arrays["head/bias"][1:]})


def test_int8_steps_are_close(model: MusicTransformer, network: Network) -> None:
    """Close to float32, and not equal to it: it is the quantized graph that runs."""
    int8 = Network(folder_of(TINY, SHIPPED), weight_arrays(model), int8=True, threads=(1,))
    ids = np.random.default_rng(2).integers(0, v.EVENTS, 60).astype(np.int32)
    exact, rounded = (each.bind(each.prefill(ids[:-1], 1.0), 1.0).step(ids[-1:], 59).copy() for each in (network, int8))
    difference = np.abs(exact - rounded).max()
    assert 1e-4 < difference < 0.05 * np.abs(exact).max()


def test_the_trained_weights_play_the_same_piece() -> None:
    """The checkpoint that comes with the program, on both engines, logits and music."""
    model, _ = load_checkpoint(TRAINED, v.fingerprint())
    decoder = OnnxDecoder.open(TRAINED, TRAINED)
    prompt = np.array([v.START, v.VELOCITY + 20, *([60, v.TIME_SHIFT + 20, v.NOTE_OFF + 60, 64] * 45)], np.int32)
    ours, theirs = (
        engine.start(prompt[None], state_after(prompt[None]), SAMPLING_PRESETS["balanced"]).advance(uniforms(1, 64))
        for engine in (decoder, KerasDecoder(model))
    )
    assert ours.tolist() == theirs.tolist()
    ids = np.concatenate([prompt, ours[0]])
    network = decoder._network
    binding = network.bind(network.prefill(ids[:-1], 1.0), 1.0)
    logits = ops.convert_to_numpy(model(ids[None]).logits)[0, -1]
    np.testing.assert_allclose(binding.step(ids[-1:], ids.size - 1)[0], logits, atol=1e-4)
