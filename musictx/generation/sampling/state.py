"""What the past says about the next token: the parts of the grammar, of restraint and of home, carried along as one.

    whole sequences, limits -> past_after -> draw: token, advance -> token, advance -> ...

A few small arrays that a compiled loop carries, so that a draw looks back at no token but the last. `Limits` are what a
prompt allows its continuation; they are found once (`prompt.limits_of`) and never change within a piece.

Shape letters: B batch, T time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from musictx.generation.sampling import density_limit as restraint
from musictx.generation.sampling import grammar
from musictx.generation.sampling import pitch_class_bias as home
from musictx.generation.sampling.density_limit import RestraintState
from musictx.generation.sampling.grammar import GrammarState
from musictx.generation.sampling.pitch_class_bias import HomeState

Array = Any


@dataclass(frozen=True)
class Limits:
    """What a continuation may do, from what its prompt did; the defaults are those of a piece from nothing.

    wait_steps: 10 ms steps that may pass from strike to strike. hold_steps: that a key may sound.
    density: strikes a second that cost nothing. key_density: the same of one key.
    home: the share of each pitch class, 0 for a foreign one, see `home`. pull: how strongly it stays in them.
    """

    wait_steps: int = grammar.LONGEST_WAIT_STEPS
    hold_steps: int = grammar.LONGEST_HOLD_STEPS
    density: float = restraint.UNLIMITED
    key_density: float = restraint.UNLIMITED
    home: tuple[float, ...] = home.SOMEWHERE
    pull: float = 0.0


class Past(NamedTuple):
    """Everything that a draw looks at besides the logits, for B rows."""

    grammar: GrammarState
    restraint: RestraintState
    home: HomeState

    @property
    def last_B(self) -> Array:
        """int32: the token before."""
        return self.grammar.last_B

    def with_last(self, last_B: Array) -> Past:
        """The same past under another last token: that of a prompt which holds a part of the piece only."""
        return self._replace(grammar=self.grammar._replace(last_B=last_B))

    def rows(self, chosen_R: npt.NDArray[np.intp]) -> Past:
        """The rows at these places, as numpy arrays."""
        return Past(
            GrammarState(*(np.asarray(part)[chosen_R] for part in self.grammar)),
            RestraintState(*(np.asarray(part)[chosen_R] for part in self.restraint)),
            HomeState(*(np.asarray(part)[chosen_R] for part in self.home)),
        )


def past_after(ids_BT: npt.ArrayLike, limits: Limits | None = None) -> Past:
    """The past of whole sequences, int32 (B, T) with T >= 1, as numpy arrays; all rows have the same limits."""
    ids_BT, limits = np.asarray(ids_BT, np.int32), limits or Limits()
    return Past(
        grammar.state_after(ids_BT, limits.wait_steps, limits.hold_steps),
        restraint.state_after(ids_BT, limits.density, limits.key_density),
        home.state_after(ids_BT, limits.home, limits.pull),
    )


def advance(xp: Any, past: Past, ids_B: Array) -> Past:
    """The past after one more token a row, `ids_B` int32."""
    return Past(
        grammar.advance(xp, past.grammar, ids_B),
        restraint.advance(xp, past.restraint, ids_B),
        home.advance(xp, past.home, ids_B),
    )
