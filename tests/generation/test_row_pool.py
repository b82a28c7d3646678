"""Visitors' rows in one step of the Keras engine: the tokens of each are those it would draw alone."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation.engines.keras import Batching, KerasDecoder, KerasStream
from musictx.generation.engines.row_pool import RowPool
from musictx.generation.sampling.state import limits, state_after
from musictx.midi import vocabulary as v
from musictx.model.transformer import MusicTransformer
from tests.waiting import until

CHUNK = 8
CALLS = 5  # of a visit, none longer than a chunk
TOGETHER = Batching(rows=8, block=32)


@dataclass(frozen=True)
class Visit:
    """What one visitor asks for: a prompt of `length` tokens, continued by `count`."""

    length: int
    count: int
    variations: int
    sampling: SamplingConfig
    seed: int

    def start(self, decoder: KerasDecoder) -> KerasStream:
        """All variations after one prompt."""
        prompt = np.random.default_rng(self.seed).integers(0, v.EVENTS, self.length).astype(np.int32)
        prompts_BP = np.tile(prompt, (self.variations, 1))
        return decoder.start(prompts_BP, state_after(prompts_BP, limits(prompt, self.sampling)), self.sampling)

    def calls(self) -> list[Any]:
        """The random numbers of all tokens, call by call."""
        uniforms_BN = np.random.default_rng(self.seed + 100).random((self.variations, self.count), np.float32)
        return np.array_split(uniforms_BN, CALLS, axis=1)

    def drawn(self, decoder: KerasDecoder) -> list[list[int]]:
        """All its tokens."""
        stream = self.start(decoder)
        parts = [stream.advance(part) for part in self.calls()]
        stream.close()
        return np.concatenate(parts, axis=1).tolist()


VISITS = [
    Visit(40, 40, 1, SamplingConfig(1.0, 0, 1.0), 1),
    Visit(5, 35, 2, SamplingConfig(1.1, 15, 0.95, 0.8), 2),
    Visit(1, 30, 1, SamplingConfig(temperature=0), 3),
    Visit(90, 38, 3, SamplingConfig(0.8, 10, 0.92, 1.2, scope="tokens"), 4),
    Visit(33, 40, 1, SamplingConfig(1.3, 40, 1.0, scope="tokens"), 5),
    Visit(70, 20, 4, SamplingConfig(0.9, 0, 0.9, 0.7), 6),
]


@pytest.fixture(scope="module")
def alone(model: MusicTransformer) -> list[list[list[int]]]:
    """What each draws in turns, as without batching."""
    decoder = KerasDecoder(model, chunk=CHUNK)
    return [visit.drawn(decoder) for visit in VISITS]


@pytest.fixture(scope="module")
def compiled(model: MusicTransformer) -> KerasDecoder:
    """An engine whose visitors share steps, and whose cache grows on the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musictx.generation.engines.programs.CACHE_SIZES", (64,))
        return KerasDecoder(model, chunk=CHUNK, batching=TOGETHER)


@pytest.fixture
def together(compiled: KerasDecoder) -> KerasDecoder:
    """The same with nobody there."""
    compiled._groups.clear()
    return compiled


def pools(decoder: KerasDecoder) -> list[RowPool]:
    return [group.pool for groups in decoder._groups.values() for group in groups]


def advanced_together(decoder: KerasDecoder, asked: dict[int, tuple[KerasStream, Any]]) -> dict[int, Any]:
    """What each stream draws, by number, where all have asked while the machine was taken."""
    got: dict[int, Any] = {}

    def ask(number: int, stream: KerasStream, uniforms_BN: Any) -> None:
        got[number] = stream.advance(uniforms_BN)

    threads = [threading.Thread(target=ask, args=(number, *each)) for number, each in asked.items()]
    with decoder.lock:
        for thread in threads:
            thread.start()
        groups = [group for groups in decoder._groups.values() for group in groups]
        until(lambda: sum(group.shared.waiting for group in groups) == len(asked))
    for thread in threads:
        thread.join(120)
    return got


def test_tokens_are_those_drawn_alone(
    together: KerasDecoder, alone: list[list[list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them join later, the others leave earlier: side by side at places of their own."""
    step, steps, streams = RowPool.step, list[int](), dict[int, KerasStream]()
    got: list[list[Any]] = [[] for _ in VISITS]

    def noted(pool: RowPool, members: Any, uniforms: Any) -> Any:
        steps.append(len(members))
        return step(pool, members, uniforms)

    monkeypatch.setattr(RowPool, "step", noted)
    for call in range(7):
        asked = {}
        for number, visit in enumerate(VISITS):
            own = call - 2 * (number % 2)
            if own == 0:
                streams[number] = visit.start(together)
            if own == CALLS:
                streams.pop(number).close()
            if 0 <= own < CALLS:
                asked[number] = (streams[number], visit.calls()[own])
        for number, drawn_BN in advanced_together(together, asked).items():
            got[number].append(drawn_BN)
    assert [np.concatenate(parts, axis=1).tolist() for parts in got] == alone
    assert max(steps) >= 3


def test_rows_that_are_not_asked_for_are_not_moved(together: KerasDecoder, alone: list[list[list[int]]]) -> None:
    """In one thread a step computes every row of the pool for one stream; another one leaves in the middle."""
    streams = [visit.start(together) for visit in VISITS]
    assert max(pool.slots for pool in pools(together)) == 8
    got: list[list[Any]] = [[] for _ in VISITS]
    for call in range(CALLS):
        if call == 3:
            streams[1].close()
        for number, visit in enumerate(VISITS):
            if call < 3 or number != 1:
                got[number].append(streams[number].advance(visit.calls()[call]))
    for number, rows in enumerate(alone):
        drawn = np.concatenate(got[number], axis=1).tolist()
        assert drawn == [row[: len(drawn[0])] for row in rows]


def test_rows_are_given_back_by_closing_and_by_dropping(together: KerasDecoder) -> None:
    kept = VISITS[0].start(together)
    for number in range(10):
        stream = VISITS[0].start(together)
        if number % 2:
            stream.close()
        del stream
        gc.collect()
    (pool,) = pools(together)
    assert pool.slots == 2 and pool.fits(7) and not pool.fits(8)
    assert kept.advance(VISITS[0].calls()[0]).shape == (1, 8)


def test_beside_a_full_pool_there_is_a_second_one(together: KerasDecoder, alone: list[list[list[int]]]) -> None:
    streams = [VISITS[5].start(together) for _ in range(3)]
    assert [pool.slots for pool in pools(together)] == [8, 4]
    for stream in streams:
        drawn = np.concatenate([stream.advance(part) for part in VISITS[5].calls()], axis=1)
        assert drawn.tolist() == alone[5]


def test_a_pool_becomes_smaller_when_few_are_left(together: KerasDecoder) -> None:
    first, *others = [VISITS[0].start(together) for _ in range(8)]
    (pool,) = pools(together)
    assert pool.slots == 8
    for stream in others:
        stream.close()
    first.advance(VISITS[0].calls()[0])
    assert pool.slots == 1


def test_after_an_error_a_stream_goes_on_and_newcomers_go_elsewhere(
    together: KerasDecoder, alone: list[list[list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, calls = VISITS[0].start(together), VISITS[0].calls()
    drawn = [stream.advance(calls[0])]

    def fails(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(together.programs, "draw", lambda *shape: fails)
        with pytest.raises(RuntimeError, match="out of memory"):
            stream.advance(calls[1])
    (failed,) = pools(together)
    assert VISITS[0].drawn(together) == alone[0]
    assert failed not in pools(together)
    drawn += [stream.advance(part) for part in calls[1:]]
    assert np.concatenate(drawn, axis=1).tolist() == alone[0]


def test_nothing_compiles_again_for_the_same_shapes(together: KerasDecoder) -> None:
    traces = []
    for _ in range(2):
        streams = [visit.start(together) for visit in (VISITS[0], VISITS[2])]
        for visit, stream in zip((VISITS[0], VISITS[2]), streams, strict=True):
            for part in visit.calls():
                stream.advance(part)
            stream.close()
        traces.append(together.traces)
    assert traces[0] == traces[1]


def test_warm_up_compiles_for_one_row_unless_told_more(model: MusicTransformer) -> None:
    few, many = (KerasDecoder(model, chunk=CHUNK, batching=Batching(8, 32, warm)) for warm in (1, 4))
    for decoder in (few, many):
        decoder.warm_up(tokens=1)
    assert (few.traces, many.traces) == (2, 4)


def test_of_many_newcomers_one_stands_in_line_with_a_block(together: KerasDecoder) -> None:
    """So that between two steps one block is read, however many come."""
    threads = [threading.Thread(target=lambda: VISITS[3].start(together).close()) for _ in range(4)]
    with together.lock:
        for thread in threads:
            thread.start()
        until(lambda: together._newcomers.asked == 4)
        until(lambda: together.lock.asked == 2)  # this test and one of them
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads) and together._newcomers.asked == 0
