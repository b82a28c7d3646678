"""How likely a network finds music that is there already: the NLL of a seed, never smoothed.

    START and the seed's ids -> Decoder.score -> nats of each token -> nats a token, a note, a second

The same definition as `training.evaluate`, over one window. Shape letters: T tokens, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musictx.generation.engines.base import Decoder
from musictx.midi import vocabulary as v
from musictx.midi.codec import shift_steps
from musictx.types import Ids


@dataclass(frozen=True)
class SeedScore:
    """NLL of a seed in nats, and over how much of it.

    per_token, per_note, per_second: the total over what was read, divided by its tokens, its notes and its seconds.
    tokens, of_tokens: how many were read, and how many there are; what the window has no room for is left out.
    """

    per_token: float
    per_note: float
    per_second: float
    tokens: int
    of_tokens: int


def score_seed(decoder: Decoder, ids_T: Ids, focus: float = 1.0) -> SeedScore | None:
    """The NLL of `ids_T` after START, of as much of it as the decoder's window holds; None for a seed of no tokens.

    Args:
        decoder: the engine that is to be asked.
        ids_T: a seed's tokens, START not among them.
        focus: scales the attention temperature, as in `SamplingConfig`.
    """
    read_T = ids_T[: decoder.window]
    if not read_T.size:
        return None
    total = float(decoder.score(np.append(np.int32(v.START), read_T).astype(np.int32), focus).sum(dtype=np.float64))
    notes, seconds = int((read_T < v.NOTE_OFF).sum()), float(shift_steps(read_T).sum()) / v.STEPS_PER_SECOND
    return SeedScore(
        total / read_T.size, total / max(notes, 1), total / max(seconds, 1e-9), int(read_T.size), int(ids_T.size)
    )
