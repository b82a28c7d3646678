"""From a prompt and an engine to rows of tokens, call by call, for as long as somebody asks.

A `TokenSource` is whatever gives these rows: `EngineTokens` on this machine, or one that has them made elsewhere.

Shape letters: B variations, P prompt, N new tokens, T tokens so far.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from musictx.config import SamplingConfig
from musictx.generation.chunk_size import ChunkSize
from musictx.generation.engines.base import Decoder, Stream, Uniforms
from musictx.generation.prompt import tail
from musictx.generation.sampling.state import limits, state_after
from musictx.types import Ids

# What stays of a full window. Less would forget sooner, more would prefill more often.
KEPT_SHARE = 0.75


def _no_tokens() -> Ids:
    return np.zeros((0, 0), np.int32)


@dataclass(frozen=True, eq=False)
class TokenRequest:
    """What to draw; it may be sent to another process.

    prompt_P: int32 (P,), at least one token. seconds: of music after which no more tokens will be asked for.
    drawn_BT: int32 (B, T), what was drawn before and is gone on from; T is 0 at the beginning.
    """

    prompt_P: Ids
    sampling: SamplingConfig
    seconds: float
    variations: int = 1
    random_seed: int = 0
    drawn_BT: Ids = field(default_factory=_no_tokens)

    def after(self, new_BN: Ids) -> TokenRequest:
        """The request for what follows `new_BN` as well."""
        drawn_BT = np.concatenate([self.drawn_BT, new_BN], axis=1) if self.drawn_BT.size else new_BN
        return replace(self, drawn_BT=drawn_BT)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What one call of an engine gave.

    ids_BN: int32 (B, N). work_s: how long it took, a prefill before it included. engine: for people, such as
    "GPU"; "" for the usual one. remark: a sentence on it that they should know, else "".
    """

    ids_BN: Ids
    work_s: float
    engine: str = ""
    remark: str = ""


class TokenSource(Protocol):
    """Gives tokens call by call, until it is closed."""

    def __call__(self, request: TokenRequest) -> Iterator[Drawn]:
        """The tokens after those of the request; the same request gives the same tokens, however they are split."""


class EngineTokens:
    """A `TokenSource` over an engine of this process; it never ends by itself."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def __call__(self, request: TokenRequest) -> Iterator[Drawn]:
        """See `TokenSource`."""
        piece = _Piece(self.decoder, request)
        randomness = [np.random.default_rng([request.random_seed, number]) for number in range(request.variations)]
        for numbers in randomness:
            numbers.random(request.drawn_BT.shape[1], np.float32)  # those of the tokens that there are
        with contextlib.closing(piece):
            while True:
                began = time.perf_counter()
                count = piece.next_count()
                # float32 numbers below 1, drawn one after another: calls of any size draw the same ones.
                uniforms_BN = np.stack([numbers.random(count, np.float32) for numbers in randomness])
                ids_BN = piece.advance(uniforms_BN)
                yield Drawn(ids_BN, time.perf_counter() - began)


class _Piece:
    """All tokens of all variations, and the stream over the window they stand in."""

    def __init__(self, decoder: Decoder, request: TokenRequest) -> None:
        self._decoder = decoder
        prompt_BP = np.tile(request.prompt_P, (request.variations, 1))
        drawn_BT = request.drawn_BT if request.drawn_BT.size else np.zeros((request.variations, 0), np.int32)
        self._ids_BT = np.concatenate([prompt_BP, drawn_BT], axis=1)
        self._sampling = request.sampling
        # All variations begin with one prompt, whose limits are theirs.
        self._limits = limits(request.prompt_P, request.sampling, self._in_window(prompt_BP[:1])[0])
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

    def close(self) -> None:
        """Gives back what the stream holds."""
        if self._stream is not None:
            self._stream.close()

    def _begin_window(self) -> None:
        self.close()  # before the next stream is there: two would need twice the room
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
