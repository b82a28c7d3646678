"""The loop: a prompt and an engine to variations of a continuation, as they grow.

    prompt ids -> Decoder.start -> Stream.advance, advance, ... -> ids of each variation

The loop knows music only as far as time shifts: it counts the seconds, cuts each
variation at the length asked for, and begins a new window when one is full.

Shape letters: B variations, P prompt, N new tokens, T tokens so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.chunk_size import ChunkSize
from musictx.generation.engines.base import Decoder, Stream, Uniforms
from musictx.generation.prompt import tail
from musictx.generation.sampling.state import limits, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import shift_steps
from musictx.settings import check_range
from musictx.types import Ids

MAX_VARIATIONS = 4
MAX_SECONDS = 3600.0

# Dense piano is about 41 tokens a second of music and the thickest second of a concert recording
# stays below this; more is a model that plays notes without letting time pass.
MAX_TOKENS_PER_SECOND = 200

# What stays of a full window. Less would forget sooner, more would prefill more often.
KEPT_SHARE = 0.75


class Ending(Enum):
    """Why no more tokens come."""

    FINISHED = "finished"  # every variation has its seconds
    STOPPED = "stopped"  # the caller's `stop` said so
    TOO_DENSE = "too dense"  # MAX_TOKENS_PER_SECOND was exceeded before the seconds were reached


@dataclass(frozen=True, eq=False)
class Variation:
    """One continuation so far.

    ids: int32 (T,), without the prompt, cut at the seconds asked for; `prompt.continuation_notes`
        makes notes of them.
    seconds: of music in `ids`, from the end of the prompt.
    done: whether it has all the seconds asked for.
    """

    ids: Ids
    seconds: float
    done: bool


@dataclass(frozen=True, eq=False)
class Chunk:
    """What there is after one more call of the engine.

    variations: all so far, in order; variation n of a random seed is the same however
        many are asked for.
    tokens: of all variations together.
    tokens_per_second: these per second of the engine's work, prefills included; time
        that the caller spends between two chunks does not count.
    first_note_s: work until the first note-on of any variation, None before it.
    ending: None while more comes; set in the last chunk only.
    """

    variations: tuple[Variation, ...]
    tokens: int
    tokens_per_second: float
    first_note_s: float | None
    ending: Ending | None

    @property
    def seconds(self) -> float:
        """Seconds of music that every variation has."""
        return min(variation.seconds for variation in self.variations)


def generate(
    decoder: Decoder,
    prompt_ids: Ids,
    *,
    sampling: SamplingConfig,
    seconds: float,
    variations: int = 1,
    random_seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Chunk]:
    """Continues a prompt by `seconds` of music and yields after every call of the engine.

    The same prompt, settings and random seed give the same tokens, whatever the
    chunk size. A variation that has its seconds runs on silently until all have theirs.

    Args:
        decoder: the engine.
        prompt_ids: int (P,), see `prompt.seed_prompt`; of one longer than the window the
            last part is used, an empty one is a piece from nothing.
        sampling: temperature and filters.
        seconds: length of every continuation; tokens past it are dropped.
        variations: 1 to 4, made side by side.
        random_seed: not negative.
        stop: asked before each call of the engine; True ends with what is there.

    Raises:
        SettingsError: for values outside these ranges, before anything is generated.
    """
    check_range("seconds", seconds, 0.01, MAX_SECONDS)
    check_range("variations", variations, 1, MAX_VARIATIONS)
    check_range("the random seed", random_seed, 0, 2**63 - 1)
    prompt_P = np.asarray(prompt_ids, np.int32)
    if prompt_P.ndim != 1 or (prompt_P.size and not 0 <= prompt_P.min() <= prompt_P.max() < v.SIZE):
        raise SettingsError(f"a prompt is one row of ids from 0 to {v.SIZE - 1}. Received: {prompt_ids!r}")
    if not prompt_P.size:
        prompt_P = np.array([v.START], np.int32)
    piece = _Piece(decoder, np.tile(prompt_P, (variations, 1)), sampling)
    tally = _Tally(variations, round(seconds * v.STEPS_PER_SECOND))
    randomness = [np.random.default_rng([random_seed, number]) for number in range(variations)]
    return _chunks(piece, tally, randomness, stop)


def _chunks(
    piece: _Piece, tally: _Tally, randomness: list[np.random.Generator], stop: Callable[[], bool]
) -> Iterator[Chunk]:
    """The loop itself; the arguments of `generate` are checked when it is called, not here."""
    ending = None
    while ending is None:
        began = time.perf_counter()
        if stop():
            ending = Ending.STOPPED
        else:
            count = piece.next_count()
            # float32 numbers below 1, drawn one after another: calls of any size draw the same ones.
            uniforms_BN = np.stack([numbers.random(count, np.float32) for numbers in randomness])
            tally.add(piece.advance(uniforms_BN), began)
            ending = tally.ending()
        yield tally.chunk(ending)


class _Piece:
    """All tokens of all variations, and the stream over the window they stand in."""

    def __init__(self, decoder: Decoder, ids_BT: Ids, sampling: SamplingConfig) -> None:
        self._decoder = decoder
        self._ids_BT = ids_BT
        self._sampling = sampling
        # All variations begin with one prompt, whose limits are theirs.
        self._limits = limits(ids_BT[0], sampling, self._in_window(ids_BT[:1])[0])
        self._stream: Stream | None = None
        self._position = 0  # tokens in the window
        self._chunk_size = ChunkSize(decoder.chunk)

    def next_count(self) -> int:
        """How many tokens the next call should draw; begins a window when there is none with room."""
        if self._stream is None or self._position >= self._decoder.window:
            self._begin_window()
        return min(self._chunk_size.count(), self._decoder.window - self._position)

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """Draws (B, N) more tokens."""
        assert self._stream is not None
        began = time.perf_counter()
        new_BN = self._stream.advance(uniforms_BN)
        self._chunk_size.took(uniforms_BN.shape[1], time.perf_counter() - began)
        assert new_BN.shape == uniforms_BN.shape, (new_BN.shape, uniforms_BN.shape)
        self._ids_BT = np.concatenate([self._ids_BT, new_BN], axis=1)
        self._position += uniforms_BN.shape[1]
        return new_BN

    def _begin_window(self) -> None:
        prompts_BP = self._in_window(self._ids_BT)
        # The state is that of all tokens: keys struck before the part that is kept sound on.
        state = state_after(self._ids_BT, self._limits)
        self._stream = self._decoder.start(prompts_BP, state, self._sampling)
        self._position = prompts_BP.shape[1]

    def _in_window(self, ids_BT: Ids) -> Ids:
        """What a new window is prefilled with: all tokens where they leave room, else the last part of them."""
        if ids_BT.shape[1] < self._decoder.window:
            return ids_BT
        keep = max(1, int(self._decoder.window * KEPT_SHARE))
        return np.stack([tail(row_T, keep) for row_T in ids_BT])


class _Tally:
    """What has been generated: ids, music time and work time."""

    def __init__(self, variations: int, limit_steps: int) -> None:
        self._kept: list[Ids] = [np.zeros(0, np.int32) for _ in range(variations)]
        self._steps = [0] * variations
        self._limit_steps = limit_steps
        self._drawn = 0  # tokens a row, those dropped included
        self._work_s = 0.0
        self._first_note_s: float | None = None

    def add(self, new_BN: Ids, began: float) -> None:
        """Counts what one call gave; `began` is the perf_counter time at which it began."""
        self._drawn += new_BN.shape[1]
        for number, row_N in enumerate(new_BN):
            kept_N, self._steps[number] = cut_at(row_N, self._steps[number], self._limit_steps)
            self._kept[number] = np.concatenate([self._kept[number], kept_N])
        self._work_s += time.perf_counter() - began
        if self._first_note_s is None and (new_BN < v.NOTE_OFF).any():
            self._first_note_s = self._work_s

    def ending(self) -> Ending | None:
        """FINISHED or TOO_DENSE when it is so."""
        if min(self._steps) >= self._limit_steps:
            return Ending.FINISHED
        # The step that is being written, however full, is never held against a piece.
        most = MAX_TOKENS_PER_SECOND * self._limit_steps / v.STEPS_PER_SECOND + v.SIZE
        return Ending.TOO_DENSE if self._drawn >= most else None

    def chunk(self, ending: Ending | None) -> Chunk:
        """The account so far."""
        tokens = sum(ids.size for ids in self._kept)
        return Chunk(
            variations=tuple(
                Variation(ids, steps / v.STEPS_PER_SECOND, steps >= self._limit_steps)
                for ids, steps in zip(self._kept, self._steps, strict=True)
            ),
            tokens=tokens,
            tokens_per_second=tokens / self._work_s if self._work_s else 0.0,
            first_note_s=self._first_note_s,
            ending=ending,
        )


def cut_at(ids_N: Ids, steps: int, limit_steps: int) -> tuple[Ids, int]:
    """What of `ids_N`, begun at `steps`, lies before `limit_steps`; and the steps reached.

    The time shift that would pass the limit is shortened to end exactly there, so that
    held notes close at the limit; nothing is kept after it.
    """
    if steps >= limit_steps:
        return ids_N[:0], steps
    after_N = steps + np.cumsum(shift_steps(ids_N))
    if not ids_N.size or after_N[-1] < limit_steps:
        return ids_N, int(after_N[-1]) if ids_N.size else steps
    last = int(np.argmax(after_N >= limit_steps))
    excess = int(after_N[last]) - limit_steps
    return np.append(ids_N[:last], ids_N[last] - np.int32(excess)), limit_steps
