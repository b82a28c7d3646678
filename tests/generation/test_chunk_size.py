"""How many tokens are asked for at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation import tokens
from musictx.generation.chunk_size import FIRST, TARGET_S, ChunkSize
from musictx.generation.engines.base import Ids, Nats, Uniforms
from musictx.generation.generate import generate
from musictx.generation.sampling.state import SamplerState
from musictx.midi import vocabulary as v


@pytest.mark.parametrize("token_s", [0.003, 0.03, 0.15])
def test_the_count_settles_at_the_target(token_s: float) -> None:
    pace = ChunkSize(1000)
    for _ in range(8):
        pace.took(pace.count(), pace.count() * token_s)
    assert TARGET_S - token_s <= pace.count() * token_s <= TARGET_S


def test_bounds() -> None:
    slow, quick = ChunkSize(64), ChunkSize(64)
    assert slow.count() == FIRST
    slow.took(FIRST, 100.0)
    assert slow.count() == 1
    quick.took(FIRST, 0.0)
    assert quick.count() == 2 * FIRST
    for _ in range(3):
        quick.took(quick.count(), 0.0)
    assert quick.count() == 64


@dataclass
class SlowClock:
    """An engine on which a token takes `token_s`, by a clock of its own; more once others come."""

    token_s: float
    others_from: int
    now_s: float = 0.0
    calls_s: list[float] = field(default_factory=list)
    window: int = 4000
    chunk: int = 64
    drawn: int = 0

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> SlowClock:
        """Itself."""
        return self

    def close(self) -> None:
        """Holds nothing."""

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """Always warm."""

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """Nobody asks."""
        raise NotImplementedError

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """Waits of a tenth of a second of music."""
        others = 4 if self.drawn >= self.others_from else 1
        self.calls_s.append(uniforms_BN.shape[1] * self.token_s * others)
        self.now_s += self.calls_s[-1]
        self.drawn += uniforms_BN.shape[1]
        return np.full(uniforms_BN.shape, v.TIME_SHIFT + 9, np.int32)


def test_notes_come_in_time_alone_and_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first calls none takes longer than promised, but the one during which others came."""
    engine = SlowClock(token_s=0.005, others_from=600)
    monkeypatch.setattr(tokens.time, "perf_counter", lambda: engine.now_s)
    prompt = np.array([v.START], np.int32)
    *_, last = generate(engine, prompt, sampling=SamplingConfig(), seconds=100)
    assert last.tokens == 1000
    late = [seconds for seconds in engine.calls_s if seconds > 0.25]
    assert len(late) <= 1
    assert max(engine.calls_s) <= 4 * 0.2 + 1e-9
    assert len(engine.calls_s) < 70  # of 56 at least: they are not tiny either
