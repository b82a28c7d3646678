"""The loop: a prompt and a source of tokens to variations of a continuation, as they grow.

    prompt ids -> TokenSource: rows of tokens, rows, ... -> ids of each variation

The loop knows music only as far as time shifts: it counts the seconds and cuts each variation at the length asked for.

Shape letters: B variations, P prompt, N new tokens, T tokens so far.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.engines.base import Decoder
from musictx.generation.tokens import Drawn, EngineTokens, TokenRequest, TokenSource
from musictx.midi import vocabulary as v
from musictx.midi.codec import shift_steps
from musictx.settings import check_range
from musictx.types import Ids

MAX_VARIATIONS = 4
MAX_SECONDS = 3600.0

# Dense piano is about 41 tokens a second of music and the thickest second of a concert recording
# stays below this; more is a model that plays notes without letting time pass.
MAX_TOKENS_PER_SECOND = 200


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
    engine, remark: of the last call, see `tokens.Drawn`.
    """

    variations: tuple[Variation, ...]
    tokens: int
    tokens_per_second: float
    first_note_s: float | None
    ending: Ending | None
    engine: str = ""
    remark: str = ""

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
    """`generate_from` over an engine of this process."""
    request = token_request(prompt_ids, sampling, seconds, variations, random_seed)
    return generate_from(EngineTokens(decoder), request, stop)


def token_request(
    prompt_ids: Ids, sampling: SamplingConfig, seconds: float, variations: int = 1, random_seed: int = 0
) -> TokenRequest:
    """A request that has been checked.

    Args:
        prompt_ids: int (P,), see `prompt.seed_prompt`; of one longer than the window the
            last part is used, an empty one is a piece from nothing.
        sampling: temperature and filters.
        seconds: length of every continuation; tokens past it are dropped.
        variations: 1 to 4, made side by side.
        random_seed: not negative.

    Raises:
        SettingsError: for values outside these ranges.
    """
    check_range("seconds", seconds, 0.01, MAX_SECONDS)
    check_range("variations", variations, 1, MAX_VARIATIONS)
    check_range("the random seed", random_seed, 0, 2**63 - 1)
    prompt_P = np.asarray(prompt_ids, np.int32)
    if prompt_P.ndim != 1 or (prompt_P.size and not 0 <= prompt_P.min() <= prompt_P.max() < v.SIZE):
        raise SettingsError(f"a prompt is one row of ids from 0 to {v.SIZE - 1}. Received: {prompt_ids!r}")
    if not prompt_P.size:
        prompt_P = np.array([v.START], np.int32)
    return TokenRequest(prompt_P, sampling, seconds, variations, random_seed)


def generate_from(
    source: TokenSource, request: TokenRequest, stop: Callable[[], bool] = lambda: False
) -> Iterator[Chunk]:
    """Continues a prompt by `request.seconds` of music and yields after every call of the engine.

    The same prompt, settings and random seed give the same tokens, whatever the
    chunk size. A variation that has its seconds runs on silently until all have theirs.

    Args:
        source: gives the tokens; it is closed as soon as no more are wanted.
        request: from `token_request`; what it holds as drawn already is part of the variations.
        stop: asked before each call of the engine; True ends with what is there.
    """
    tally = _Tally(request)
    with contextlib.closing(_closable(source(request))) as tokens:
        ending = tally.ending()
        while ending is None:
            drawn = None if stop() else next(tokens, None)
            if drawn is None:
                ending = Ending.STOPPED
            else:
                tally.add(drawn)
                ending = tally.ending()
            yield tally.chunk(ending)


def within(source: TokenSource, request: TokenRequest) -> Iterator[Drawn]:
    """The tokens of `source` for a request, up to those that `generate_from` asks for last."""
    tally = _Tally(request)
    with contextlib.closing(_closable(source(request))) as tokens:
        for drawn in tokens:
            tally.add(drawn)
            yield drawn
            if tally.ending() is not None:
                return


def _closable(tokens: Iterator[Drawn]) -> Generator[Drawn, None, None]:
    """Any iterator as one that can be closed; a generator is closed itself by that."""
    yield from tokens


class _Tally:
    """What has been generated: ids, music time and work time."""

    def __init__(self, request: TokenRequest) -> None:
        self._kept: list[Ids] = [np.zeros(0, np.int32) for _ in range(request.variations)]
        self._steps = [0] * request.variations
        self._limit_steps = round(request.seconds * v.STEPS_PER_SECOND)
        self._drawn = 0  # tokens a row, those dropped included
        self._work_s = 0.0
        self._first_note_s: float | None = None
        self._engine = self._remark = ""
        if request.drawn_BT.size:
            self._count(request.drawn_BT)

    def add(self, drawn: Drawn) -> None:
        """Counts what one call gave."""
        self._count(drawn.ids_BN)
        self._work_s += drawn.work_s
        if self._first_note_s is None and (drawn.ids_BN < v.NOTE_OFF).any():
            self._first_note_s = self._work_s
        self._engine, self._remark = drawn.engine, drawn.remark

    def _count(self, new_BN: Ids) -> None:
        self._drawn += new_BN.shape[1]
        for number, row_N in enumerate(new_BN):
            kept_N, self._steps[number] = cut_at(row_N, self._steps[number], self._limit_steps)
            self._kept[number] = np.concatenate([self._kept[number], kept_N])

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
            engine=self._engine,
            remark=self._remark,
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
