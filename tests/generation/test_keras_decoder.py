"""The compiled, cached engine against the plain network read from the beginning for each token."""

from __future__ import annotations

import time

import keras
import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation.engines.base import Decoder
from musictx.generation.engines.compiled import compiled
from musictx.generation.engines.keras import Batching, KerasDecoder
from musictx.generation.generate import generate
from musictx.generation.sampling.state import state_after
from musictx.midi import vocabulary as v
from musictx.model.transformer import MusicTransformer
from musictx.types import Ids
from tests.fakes import FakeDecoder
from tests.generation.test_grammar import violations

GREEDY = SamplingConfig(temperature=0)
OPEN = SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)
FILTERED = SamplingConfig(temperature=1.1, top_k=15, top_p=0.95, focus=0.8)
PROMPT = np.array([v.START, v.VELOCITY + 20, 60, v.TIME_SHIFT + 99, v.NOTE_OFF + 60], np.int32)


@pytest.fixture(scope="module")
def decoder(model: MusicTransformer) -> KerasDecoder:
    """One engine for all tests, as for all visitors."""
    return KerasDecoder(model)


def naive(model: MusicTransformer, sampling: SamplingConfig) -> FakeDecoder:
    """The same network without a cache: the whole row again for every token."""
    window = model.config.window
    read = compiled(model, lambda network, ids: network(ids, None, sampling.focus).logits)

    def logits_of(ids_T: Ids) -> np.ndarray:
        padded_1T = np.zeros((1, window), np.int32)
        padded_1T[0, : ids_T.size] = ids_T
        return keras.ops.convert_to_numpy(read(padded_1T))[0, ids_T.size - 1]

    return FakeDecoder(logits_of, window)


def uniforms(batch: int, count: int, seed: int = 0) -> np.ndarray:
    """Random numbers as the loop draws them."""
    return np.random.default_rng(seed).random((batch, count), np.float32)


@pytest.mark.parametrize("sampling", [GREEDY, OPEN, FILTERED], ids=["greedy", "open", "filtered"])
def test_cached_tokens_are_those_of_the_plain_network(
    decoder: KerasDecoder, model: MusicTransformer, sampling: SamplingConfig
) -> None:
    """Past the window too, where the kept part is read anew."""
    count = decoder.window + 60
    cached, plain = (_first(count, engine, sampling) for engine in (decoder, naive(model, sampling)))
    assert len(cached) == count
    assert cached == plain


def _first(count: int, engine: Decoder, sampling: SamplingConfig) -> list[int]:
    """The first `count` tokens after the prompt, however many calls they take."""
    for chunk in generate(engine, PROMPT, sampling=sampling, seconds=1000):
        if chunk.variations[0].ids.size >= count:
            break
    return chunk.variations[0].ids[:count].tolist()


def test_focus_changes_the_music(decoder: KerasDecoder) -> None:
    """Else the comparison above would not notice a focus that is ignored."""
    state = state_after(PROMPT[None])
    pieces = [
        decoder.start(PROMPT[None], state, SamplingConfig(1.0, 0, 1.0, focus)).advance(uniforms(1, 64)).tolist()
        for focus in (0.7, 1.0)
    ]
    assert pieces[0] != pieces[1]


@pytest.mark.parametrize("length", [1, 2, 100, 112, 127])
def test_prompts_of_any_length_are_read(decoder: KerasDecoder, model: MusicTransformer, length: int) -> None:
    prompt = np.random.default_rng(length).integers(0, v.EVENTS, (1, length)).astype(np.int32)
    count = min(16, decoder.window - length)
    state, numbers = state_after(prompt), uniforms(1, count)
    drawn = decoder.start(prompt, state, OPEN).advance(numbers)
    assert drawn.tolist() == naive(model, OPEN).start(prompt, state, OPEN).advance(numbers).tolist()


@pytest.mark.parametrize("batch", [2, 3])
def test_variations_are_those_of_single_streams(decoder: KerasDecoder, batch: int) -> None:
    """With one prompt for all, and with a prompt each."""
    own = np.random.default_rng(1).integers(0, v.EVENTS, (batch, 40)).astype(np.int32)
    numbers = uniforms(batch, 32)
    for prompts in (np.tile(PROMPT, (batch, 1)), own):
        together = decoder.start(prompts, state_after(prompts), OPEN).advance(numbers)
        for row in range(batch):
            alone = decoder.start(prompts[[row]], state_after(prompts[[row]]), OPEN).advance(numbers[[row]])
            assert together[row].tolist() == alone[0].tolist()


def test_visitors_on_one_engine_do_not_hear_each_other(decoder: KerasDecoder) -> None:
    state, numbers = state_after(PROMPT[None]), uniforms(1, 48)
    expected = decoder.start(PROMPT[None], state, OPEN).advance(numbers)
    first, other = (decoder.start(PROMPT[None], state, sampling) for sampling in (OPEN, FILTERED))
    parts = []
    for at in range(0, 48, 12):
        parts.append(first.advance(numbers[:, at : at + 12]))
        other.advance(uniforms(1, 7, seed=at))
    assert np.concatenate(parts, axis=1).tolist() == expected.tolist()


def test_grammar_holds_over_twenty_thousand_tokens(decoder: KerasDecoder) -> None:
    tokens = 0
    for chunk in generate(decoder, PROMPT, sampling=SamplingConfig(2.0, 0, 1.0), seconds=1500, variations=4):
        tokens = chunk.tokens
        if tokens >= 20_000:
            break
    assert tokens >= 20_000
    for variation in chunk.variations:
        assert violations(PROMPT, variation.ids) == []


def test_nothing_compiles_again_as_positions_and_sliders_move(model: MusicTransformer) -> None:
    """Neither a new trace nor a hidden recompilation, which would take a second and more."""
    decoder = KerasDecoder(model, chunk=8)
    decoder.warm_up()
    traces = decoder.traces
    assert traces == 2
    slowest_s = 0.0
    for sampling in (OPEN, GREEDY, FILTERED):
        for length in (3, 50, 90):
            prompt = np.full((1, length), v.START, np.int32)
            stream = decoder.start(prompt, state_after(prompt), sampling)
            for count in (8, 3, 8, 8):
                began = time.process_time()  # of this process alone: a busy machine does not count
                stream.advance(uniforms(1, count))
                slowest_s = max(slowest_s, time.process_time() - began)
    assert decoder.traces == traces
    assert slowest_s < 0.5


def test_cache_sizes_grow_with_the_piece(decoder: KerasDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokens do not change as the cache moves from one size to the next, nor with odd block sizes."""
    numbers, state = uniforms(1, 60), state_after(PROMPT[None])
    prompt = np.tile(PROMPT, (1, 9))
    expected = decoder.start(prompt, state, OPEN).advance(numbers)
    monkeypatch.setattr("musictx.generation.engines.programs.CACHE_SIZES", (70,))
    stepwise = KerasDecoder(decoder.model, batching=Batching(block=30)).start(prompt, state, OPEN)
    assert stepwise.size == 70
    assert stepwise.advance(numbers).tolist() == expected.tolist()
    assert stepwise.size == 128
