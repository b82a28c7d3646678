"""The sampler state: what a draw looks at besides the logits, of all constraints together.

    prompt -> limits; whole sequences, limits -> state_after -> apply, pick, advance -> apply, pick, advance -> ...

Each constraint (`grammar`, `density_limit`, `pitch_class_bias`) is a module with the same four functions: `limit` from
the prompt, `state_after` whole sequences, `advance` by one token, `apply` to logits. Here they are called one after
another. A state is a few small arrays that a compiled loop carries along, so that a draw looks back at no token but the
last; the limits never change within a piece.

Shape letters: B batch, T time, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.config import SamplingConfig
from musictx.generation.sampling import density_limit, grammar, pitch_class_bias
from musictx.generation.sampling.density_limit import DensityLimit, DensityState
from musictx.generation.sampling.grammar import GrammarLimit, GrammarState
from musictx.generation.sampling.pitch_class_bias import PitchClassState, PitchClassTarget
from musictx.types import Array, Ids


@dataclass(frozen=True)
class Limits:
    """What a continuation may do, from what its prompt did; the defaults are those of a piece from nothing."""

    grammar: GrammarLimit = field(default_factory=GrammarLimit)
    density: DensityLimit = field(default_factory=DensityLimit)
    pitch_classes: PitchClassTarget = field(default_factory=PitchClassTarget)


def limits(ids_T: Ids, sampling: SamplingConfig, seen_T: Ids | None = None) -> Limits:
    """The limits of a continuation of `ids_T`.

    Args:
        ids_T: the whole prompt.
        sampling: what was asked for.
        seen_T: the part that the model sees of a prompt longer than its window, whose pitch classes are kept; all of
            it if not given.
    """
    seen_T = ids_T if seen_T is None else seen_T
    return Limits(
        grammar.limit(ids_T), density_limit.limit(ids_T), pitch_class_bias.limit(seen_T, sampling.stay_in_key)
    )


class SamplerState(NamedTuple):
    """The states of all constraints, for B rows."""

    grammar: GrammarState
    density: DensityState
    pitch_classes: PitchClassState

    @property
    def last_B(self) -> Array:
        """int32: the token before."""
        return self.grammar.last_B

    def with_last(self, last_B: Array) -> SamplerState:
        """The same state under another last token: that of a prompt which holds a part of the piece only."""
        return self._replace(grammar=self.grammar._replace(last_B=last_B))

    def rows(self, chosen_R: npt.NDArray[np.intp]) -> SamplerState:
        """The rows at these places, as numpy arrays."""
        return SamplerState(
            GrammarState(*(np.asarray(part)[chosen_R] for part in self.grammar)),
            DensityState(*(np.asarray(part)[chosen_R] for part in self.density)),
            PitchClassState(*(np.asarray(part)[chosen_R] for part in self.pitch_classes)),
        )


def state_after(ids_BT: npt.ArrayLike, limits: Limits | None = None) -> SamplerState:
    """The state after whole sequences, int32 (B, T) with T >= 1, as numpy arrays; all rows have the same limits."""
    ids_BT, limits = np.asarray(ids_BT, np.int32), limits or Limits()
    return SamplerState(
        grammar.state_after(ids_BT, limits.grammar),
        density_limit.state_after(ids_BT, limits.density),
        pitch_class_bias.state_after(ids_BT, limits.pitch_classes),
    )


def apply(xp: Any, logits_BV: Array, state: SamplerState) -> Array:
    """The logits, float32 (B, V), after every constraint; -inf for what may not come next.

    The grammar is last: where it forbids the keys of the seed's pitch classes, fewer keys are struck, not foreign ones.
    """
    biased_BV = pitch_class_bias.apply(xp, logits_BV, state.pitch_classes)
    limited_BV = density_limit.apply(xp, biased_BV, state.density)
    return grammar.apply(xp, limited_BV, state.grammar)


def advance(xp: Any, state: SamplerState, ids_B: Array) -> SamplerState:
    """The state after one more token a row, `ids_B` int32."""
    return SamplerState(
        grammar.advance(xp, state.grammar, ids_B),
        density_limit.advance(xp, state.density, ids_B),
        pitch_class_bias.advance(xp, state.pitch_classes, ids_B),
    )
