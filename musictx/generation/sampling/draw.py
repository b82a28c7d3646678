"""One draw: logits, constraints, filters, token. The one way from logits to tokens for every engine.

Shape letters: B batch, V vocabulary.
"""

from __future__ import annotations

from typing import Any, Protocol

from musictx.generation.sampling import state as sampler_state
from musictx.generation.sampling.filters import filter_logits, pick
from musictx.generation.sampling.per_kind import filter_per_kind
from musictx.generation.sampling.state import SamplerState
from musictx.types import Array


class Sliders(Protocol):
    """What moves while nothing is compiled anew: numbers of a `SamplingConfig`, or (B,) tensors of a compiled loop.

    temperature: >= 0. top_k: whole, 0 keeps all. top_p: in (0, 1]. See `filters.filter_logits`.
    """

    @property
    def temperature(self) -> Array: ...  # noqa: D102  # see the class

    @property
    def top_k(self) -> Array: ...  # noqa: D102  # see the class

    @property
    def top_p(self) -> Array: ...  # noqa: D102  # see the class


def draw(
    xp: Any, logits_BV: Array, uniforms_B: Array, state: SamplerState, sliders: Sliders, scope: str
) -> SamplerState:
    """Draws a playable token a row; the new state holds it as `last_B`.

    The constraints come before the filters, so that top-k and top-p count only what could be played. For `scope` see
    `SamplingConfig`: it is no runtime value, as the sliders are.
    """
    playable_BV = sampler_state.apply(xp, logits_BV, state)
    keep = filter_per_kind if scope == "keys" else filter_logits
    kept_BV = keep(xp, playable_BV, sliders.temperature, sliders.top_k, sliders.top_p)
    return sampler_state.advance(xp, state, pick(xp, kept_BV, uniforms_B))
