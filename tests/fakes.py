"""Stand-ins for the engine: exact, instant, and of known behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from musictx.config import SamplingConfig
from musictx.generation.engines.base import Nats, Uniforms, token_nats
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import SamplerState
from musictx.midi import vocabulary as v
from musictx.types import Ids

LogitsOf = Callable[[Ids], npt.NDArray[np.float32]]  # ids of one row (T,) -> logits (V,)


@dataclass
class FakeDecoder:
    """A Decoder whose network is a function from one row's tokens to logits.

    It re-reads the whole row for each token, so nothing can go stale, and draws
    with the same `draw` as the real engines.

    prompts: every prompt it was started with, for tests to look at.
    """

    logits_of: LogitsOf
    window: int = 128
    chunk: int = 16
    prompts: list[Ids] = field(default_factory=list)
    states: list[SamplerState] = field(default_factory=list)

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> FakeStream:
        """See `Decoder.start`."""
        assert 1 <= prompts_BP.shape[1] <= self.window
        self.prompts.append(prompts_BP.copy())
        self.states.append(state)
        return FakeStream(self, prompts_BP, state, sampling)

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """See `Decoder.score`."""
        assert 2 <= ids_T.size <= self.window + 1
        logits_TV = np.stack([self.logits_of(ids_T[:end]) for end in range(1, ids_T.size)])
        return token_nats(logits_TV, ids_T[1:])

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """Always warm."""


@dataclass
class FakeStream:
    """The stream of a FakeDecoder."""

    decoder: FakeDecoder
    ids_BT: Ids
    state: SamplerState
    sampling: SamplingConfig

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """See `Stream.advance`."""
        assert self.ids_BT.shape[1] + uniforms_BN.shape[1] <= self.decoder.window, "more than the window holds"
        for uniforms_B in uniforms_BN.T:
            logits_BV = np.stack([self.decoder.logits_of(row_T) for row_T in self.ids_BT])
            self.state = draw(np, logits_BV, uniforms_B, self.state, self.sampling, self.sampling.scope)
            self.ids_BT = np.concatenate([self.ids_BT, self.state.last_B[:, None]], axis=1)
        return self.ids_BT[:, -uniforms_BN.shape[1] :]

    def close(self) -> None:
        """Holds nothing."""


def random_logits(seed: int = 0, spread: float = 3.0) -> LogitsOf:
    """Logits that depend on the last two tokens only, as wild as the vocabulary is wide."""
    table = np.random.default_rng(seed).normal(0, spread, (v.SIZE, v.SIZE)).astype(np.float32)

    def logits_of(ids_T: Ids) -> npt.NDArray[np.float32]:
        before = int(ids_T[-2]) if ids_T.size > 1 else v.START
        return table[ids_T[-1]] + np.float32(0.5) * table[before, ::-1]

    return logits_of


def wishing_for(*wishes: int) -> LogitsOf:
    """Logits that prefer `wishes`, the first most, over all else; other ids follow by falling id."""
    logits_V = np.linspace(-2.0, -1.0, v.SIZE, dtype=np.float32)
    logits_V[list(wishes)] = np.linspace(10.0, 9.0, len(wishes), dtype=np.float32)
    return lambda ids_T: logits_V
