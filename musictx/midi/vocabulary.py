"""The 391 tokens in which the model reads and writes music.

The event vocabulary of Oore et al. 2018 ("This Time with Feeling") as used by
Music Transformer (Huang et al. 2018) and the keras-io example: 388 events and
three specials. An id is an event; nothing else in the project invents ids.
"""

from __future__ import annotations

import hashlib
from typing import Final

NOTE_ON: Final = 0  # + pitch, 128 ids
NOTE_OFF: Final = 128  # + pitch, 128 ids
TIME_SHIFT: Final = 256  # + steps - 1, 100 ids: 1..100 steps of 10 ms
VELOCITY: Final = 356  # + bin, 32 ids
PAD: Final = 388
START: Final = 389  # stands before the first event of a piece
END: Final = 390  # stands after the last event of a piece

EVENTS: Final = 388  # ids below are music
SIZE: Final = 391

STEPS_PER_SECOND: Final = 100  # one step is 10 ms
MAX_SHIFT_STEPS: Final = 100  # the longest single shift, one second
VELOCITY_BINS: Final = 32  # of 4 velocities each


def fingerprint() -> str:
    """A short hash of the vocabulary's layout, stored in every checkpoint.

    Two programs with the same fingerprint give every id the same meaning; a
    checkpoint with another one is refused instead of playing nonsense.
    """
    layout = (
        f"note_on={NOTE_ON} note_off={NOTE_OFF} time_shift={TIME_SHIFT} velocity={VELOCITY} "
        f"pad={PAD} start={START} end={END} size={SIZE} "
        f"steps_per_second={STEPS_PER_SECOND} max_shift={MAX_SHIFT_STEPS} velocity_bins={VELOCITY_BINS} "
        "velocity_on_change=1 pedal_extends_notes=1"
    )
    return hashlib.sha256(layout.encode()).hexdigest()[:16]
