"""The interface between the loop and an engine that runs the network.

An engine holds weights and compiled functions, nothing of any visitor: all that
belongs to one piece in the making is in the `Stream` that `start` returns.
So several people can use one engine, and a second engine fits in without
touching the loop.

Shape letters: B variations, P prompt, N new tokens, T tokens that are there already, V vocabulary.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from musictx.config import SamplingConfig
from musictx.generation.sampling.state import SamplerState
from musictx.types import Ids

Uniforms = npt.NDArray[np.float32]
Nats = npt.NDArray[np.float32]


class Stream(Protocol):
    """One call of `Decoder.start`: a batch of variations in the making."""

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """Draws N more tokens a row, (B, N), one for each random number.

        Prompt and new tokens together must not exceed the decoder's window. How
        the numbers are split over calls makes no difference to the tokens.
        """

    def close(self) -> None:
        """Gives back what the stream holds; it is not advanced any more. A stream that is dropped does so too."""


class Decoder(Protocol):
    """An engine that continues token sequences.

    window: the most tokens a stream may hold, its prompt included.
    chunk: how many tokens a call of `Stream.advance` should ask for at most; how many it does
        follows the speed that was measured, see `chunk_size`.
    """

    @property
    def window(self) -> int: ...  # noqa: D102  # see the class

    @property
    def chunk(self) -> int: ...  # noqa: D102  # see the class

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> Stream:
        """Reads the prompts (1 <= P < window) and stands ready to draw what follows.

        Rows that are all alike are read once. `state` has B rows and is not
        always that of the prompts alone, which may be the last part of a longer piece.
        """

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """Nats of each token but the first, given all before it: float32 (T - 1,), 2 <= T <= window + 1.

        The plain negative log-likelihood over the whole vocabulary: no temperature, no filter, no grammar.
        """

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """Does beforehand what the first call would wait for, for sequences of up to `tokens` (the window)."""


def token_nats(logits_TV: npt.NDArray[np.float32], targets_T: Ids) -> Nats:
    """-log softmax(logits) at each target, float32 (T,)."""
    exact_TV = logits_TV.astype(np.float64)
    exact_TV -= exact_TV.max(axis=1, keepdims=True)
    chosen_T = np.take_along_axis(exact_TV, targets_T[:, None], axis=1)[:, 0]
    return (np.log(np.exp(exact_TV).sum(axis=1)) - chosen_T).astype(np.float32)
