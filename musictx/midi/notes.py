"""NoteSequence: notes as arrays, what the packages hand each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PITCHES = 128  # MIDI note numbers 0..127; 60 is middle C
LOWEST_PIANO_PITCH, HIGHEST_PIANO_PITCH = 21, 108  # A0..C8, the 88 keys


@dataclass(frozen=True, eq=False)
class NoteSequence:
    """Notes of one instrument, sorted by onset, then pitch.

    The four arrays have one entry a note, shape (N,):

    pitch     int16    MIDI note number, 0..127
    velocity  int16    key velocity, 1..127
    start_s   float64  onset in seconds, >= 0
    end_s     float64  end of the sounding note in seconds, > start_s

    Raises:
        ValueError: if shapes differ or a value is out of its range. Readers of
            user files clean up before they construct one, so only a bug gets here.
    """

    pitch: npt.NDArray[np.int16]
    velocity: npt.NDArray[np.int16]
    start_s: npt.NDArray[np.float64]
    end_s: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        pitch = np.asarray(self.pitch, np.int16)
        velocity = np.asarray(self.velocity, np.int16)
        start_s = np.asarray(self.start_s, np.float64)
        end_s = np.asarray(self.end_s, np.float64)
        if not pitch.shape == velocity.shape == start_s.shape == end_s.shape == (pitch.size,):
            raise ValueError(
                "the arrays of a NoteSequence must have one shape (N,). Received: "
                f"{pitch.shape}, {velocity.shape}, {start_s.shape}, {end_s.shape}"
            )
        if pitch.size:
            if pitch.min() < 0 or pitch.max() >= PITCHES:
                raise ValueError(f"pitch must lie in 0..127. Received: {pitch.min()}..{pitch.max()}")
            if velocity.min() < 1 or velocity.max() > 127:
                raise ValueError(f"velocity must lie in 1..127. Received: {velocity.min()}..{velocity.max()}")
            if not (np.isfinite(start_s).all() and np.isfinite(end_s).all()):
                raise ValueError("times must be finite")
            if start_s.min() < 0 or (end_s <= start_s).any():
                raise ValueError("each note must have 0 <= start_s < end_s")
        order = np.lexsort((pitch, start_s))
        for name, values in (("pitch", pitch), ("velocity", velocity), ("start_s", start_s), ("end_s", end_s)):
            values = values[order]
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    @classmethod
    def empty(cls) -> NoteSequence:
        """A sequence of no notes."""
        return cls.from_tuples(())

    @classmethod
    def from_tuples(cls, notes: Iterable[tuple[int, int, float, float]]) -> NoteSequence:
        """Builds one from (pitch, velocity, start_s, end_s) tuples in any order."""
        rows = np.array(list(notes), np.float64).reshape(-1, 4)
        return cls(rows[:, 0].astype(np.int16), rows[:, 1].astype(np.int16), rows[:, 2], rows[:, 3])

    def __len__(self) -> int:
        return int(self.pitch.size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NoteSequence):
            return NotImplemented
        return len(self) == len(other) and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("pitch", "velocity", "start_s", "end_s")
        )

    @property
    def duration_s(self) -> float:
        """End of the last sounding note in seconds; 0.0 without notes."""
        return float(self.end_s.max()) if len(self) else 0.0

    def select(self, keep: npt.NDArray[np.bool_]) -> NoteSequence:
        """The notes where `keep`, shape (N,), is true."""
        return NoteSequence(self.pitch[keep], self.velocity[keep], self.start_s[keep], self.end_s[keep])

    def shifted(self, seconds: float) -> NoteSequence:
        """All notes moved by `seconds`; no onset may become negative."""
        return NoteSequence(self.pitch, self.velocity, self.start_s + seconds, self.end_s + seconds)

    def between(self, from_s: float, to_s: float) -> NoteSequence:
        """Notes whose onset lies in [from_s, to_s), ends cut at `to_s`; times stay absolute."""
        inside = self.select((self.start_s >= from_s) & (self.start_s < to_s))
        return NoteSequence(inside.pitch, inside.velocity, inside.start_s, np.minimum(inside.end_s, to_s))

    def followed_by(self, other: NoteSequence) -> NoteSequence:
        """Both sequences together, each at its own absolute times."""
        return NoteSequence(
            np.concatenate([self.pitch, other.pitch]),
            np.concatenate([self.velocity, other.velocity]),
            np.concatenate([self.start_s, other.start_s]),
            np.concatenate([self.end_s, other.end_s]),
        )
