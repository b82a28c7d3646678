"""A GPU that comes, comes late, refuses or goes away in the middle; the CPU goes on with the same piece."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation.generate import Chunk, Ending, generate, generate_from, token_request, within
from musictx.generation.tokens import Drawn, EngineTokens, TokenRequest
from musictx.midi import vocabulary as v
from musictx.zero_gpu.device import LONGEST_S, call_seconds, has_zero_gpu
from musictx.zero_gpu.refusals import UNKNOWN, reason
from musictx.zero_gpu.speeds import ANEW_S, Speeds
from musictx.zero_gpu.tokens import CPU, LATE, SLOWER, GpuCall, ZeroGpuTokens
from tests.fakes import FakeDecoder, random_logits

OPEN = SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)
SEED = np.array([v.START, v.VELOCITY + 20, 60, v.TIME_SHIFT + 99, v.NOTE_OFF + 60], np.int32)
HERE = Path("checkpoint")


class Refused(Exception):
    """As an error of the package: a title and a message."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title = title


def request(seconds: float = 4.0, variations: int = 2) -> TokenRequest:
    return token_request(SEED, OPEN, seconds, variations, 3)


def decoder() -> FakeDecoder:
    return FakeDecoder(random_logits(), window=4096)


def gpu(calls: int = 10**6, error: Exception | None = None) -> GpuCall:
    """Draws as the CPU would for so many calls, then fails."""

    def call(folder: str, asked: TokenRequest) -> Generator[Drawn, None, None]:
        assert folder == str(HERE)
        sent: TokenRequest = pickle.loads(pickle.dumps(asked))  # as a fork gets it
        for number, drawn in enumerate(within(EngineTokens(decoder()), sent)):
            if error is not None and number == calls:
                raise error
            yield Drawn(drawn.ids_BN, drawn.work_s, "GPU")

    return call


def over(call: GpuCall, patience_s: float = 30.0, speeds: Speeds | None = None) -> ZeroGpuTokens:
    return ZeroGpuTokens(call, HERE, EngineTokens(decoder()), speeds or Speeds(), patience_s)


def pieces(chunk: Chunk) -> list[list[int]]:
    return [variation.ids.tolist() for variation in chunk.variations]


def alone() -> list[list[int]]:
    """The piece as the CPU makes it."""
    *_, chunk = generate(decoder(), SEED, sampling=OPEN, seconds=4.0, variations=2, random_seed=3)
    return pieces(chunk)


def test_the_gpu_makes_the_piece() -> None:
    *_, chunk = generate_from(over(gpu()), request())
    assert (chunk.ending, chunk.engine, chunk.remark) == (Ending.FINISHED, "GPU", "")
    assert pieces(chunk) == alone() and chunk.first_note_s is not None


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_the_cpu_goes_on_where_the_gpu_was_taken_away(calls: int) -> None:
    taken = Refused("ZeroGPU worker error", "GPU task aborted")
    chunks = list(generate_from(over(gpu(calls, taken)), request()))
    assert [chunk.engine for chunk in chunks] == ["GPU"] * calls + [CPU] * (len(chunks) - calls)
    assert chunks[-1].remark == "The GPU was taken away, so the CPU plays."
    assert pieces(chunks[-1]) == alone()


@pytest.mark.parametrize(
    ("title", "message", "words"),
    [
        ("ZeroGPU quota exceeded", "You have exceeded your free ZeroGPU quota (60s requested vs. 3s left).", "used up"),
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit.", "used up"),
        ("ZeroGPU client error", "No GPU was available", "No GPU is free"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "reload the page"),
        (
            "ZeroGPU illegal duration",
            "The requested GPU duration (300s) is larger than the maximum allowed",
            "longer than",
        ),
        ("ZeroGPU pending credits exceeded", "You have too many ZeroGPU credits allocated", "other work"),
        ("", "something else", UNKNOWN),
    ],
)
def test_a_refusal_is_said_in_a_sentence(title: str, message: str, words: str) -> None:
    *_, chunk = generate_from(over(gpu(0, Refused(title, message))), request())
    assert words in chunk.remark and chunk.remark.endswith(".") and chunk.engine == CPU
    assert chunk.remark == f"{reason(Refused(title, message))}, so the CPU plays."
    assert chunk.ending is Ending.FINISHED and pieces(chunk) == alone()


def test_nobody_waits_longer_than_the_patience_and_a_late_gpu_is_given_back() -> None:
    lend, given_back = threading.Event(), threading.Event()

    def queued(_: str, asked: TokenRequest) -> Generator[Drawn, None, None]:
        lend.wait(60)
        try:
            yield from within(EngineTokens(decoder()), asked)
        finally:
            given_back.set()

    *_, chunk = generate_from(over(queued, patience_s=0.05), request())
    assert chunk.remark == LATE and pieces(chunk) == alone()
    lend.set()
    assert given_back.wait(60)


def test_stop_gives_the_gpu_back() -> None:
    given_back = threading.Event()

    def endless(_: str, asked: TokenRequest) -> Generator[Drawn, None, None]:
        try:
            for drawn in EngineTokens(decoder())(asked):
                time.sleep(0.001)
                yield drawn
        finally:
            given_back.set()

    calls = iter([False, False, True])
    *_, chunk = generate_from(over(endless), request(seconds=600), lambda: next(calls))
    assert chunk.ending is Ending.STOPPED and chunk.remark == ""
    assert given_back.wait(60)


def test_the_faster_of_both_plays_as_was_measured() -> None:
    now = [0.0]
    speeds, asked = Speeds(lambda: now[0]), request(seconds=30, variations=1)
    ten = np.zeros((1, 10), np.int32)
    assert speeds.prefer_gpu(asked)  # nothing is known
    speeds.cpu(Drawn(ten, 0.1))  # 100 tokens/s: 420 tokens take 4.2 s
    assert speeds.prefer_gpu(asked)
    speeds.gpu(Drawn(ten, 3.0), 6.0)  # its first tokens take 6 s
    speeds.gpu(Drawn(ten, 0.01))
    assert not speeds.prefer_gpu(asked) and speeds.prefer_gpu(request(seconds=180))
    *_, chunk = generate_from(over(gpu(), speeds=speeds), request(seconds=4.0))
    assert (chunk.engine, chunk.remark) == (CPU, SLOWER)
    now[0] += ANEW_S + 1
    assert speeds.prefer_gpu(asked)


def test_the_gpu_is_asked_for_as_long_as_the_piece_needs_it() -> None:
    short, long, four = call_seconds(request(5, 1)), call_seconds(request(60, 1)), call_seconds(request(60, 4))
    assert 5 < short < long < four < call_seconds(request(3600, 4)) == LONGEST_S


def test_zero_gpu_is_known_by_its_variable() -> None:
    assert has_zero_gpu({"SPACES_ZERO_GPU": "true"}) and not has_zero_gpu({}) and not has_zero_gpu({"SPACE_ID": "a/b"})
