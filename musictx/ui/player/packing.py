"""Notes as short strings for the browser: append-only, so that a stream sends only what is new."""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt

from musictx.midi.notes import NoteSequence

LONGEST_MS = 2**24 - 1  # three bytes; 4.6 hours


def pack(notes: NoteSequence) -> str:
    """Base64 of 9 bytes a note: pitch, velocity, start ms (3), length ms (3, at least 1), 0.

    Nine bytes are exactly 12 characters, so packed parts may be concatenated.
    """
    start = np.clip(np.rint(notes.start_s * 1000), 0, LONGEST_MS).astype(np.uint32)
    end = np.rint(notes.end_s * 1000)
    length = np.clip(end - start, 1, LONGEST_MS).astype(np.uint32)
    records = np.zeros((len(notes), 9), np.uint8)
    records[:, 0], records[:, 1] = notes.pitch, notes.velocity
    for column, values in ((2, start), (5, length)):
        for byte in range(3):
            records[:, column + byte] = (values >> (16 - 8 * byte)) & 255
    return base64.b64encode(records.tobytes()).decode("ascii")


class NoteStream:
    """One growing take, packed: `settled` only ever grows, `open` holds what may still change.

    Notes that end with the music so far are still held down; all others are settled.
    """

    def __init__(self) -> None:
        self.settled = ""
        self.open = ""
        self._sent: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def update(self, notes: NoteSequence, *, finished: bool) -> None:
        """Takes all notes of the take so far."""
        is_open = np.zeros(len(notes), bool) if finished else notes.end_s >= notes.duration_s - 1e-6
        keys = np.rint(notes.start_s * 1000).astype(np.int64) * 128 + notes.pitch
        fresh = ~is_open & ~np.isin(keys, self._sent)
        self.settled += pack(notes.select(fresh))
        self.open = pack(notes.select(is_open))
        self._sent = np.concatenate([self._sent, keys[fresh]])
