"""A range of time in a piece: taken out, and notes fitted into the gap.

    notes -> before | inside | after, by onset -> before + new notes that fit + after

What lies outside a range stays to the note. Only new notes give way, so that no key is struck while it sounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musictx.midi.notes import NoteSequence
from musictx.midi.vocabulary import STEPS_PER_SECOND

SHORTEST_NOTE_S = 1 / STEPS_PER_SECOND  # what the codec can say


@dataclass(frozen=True, eq=False)
class Parts:
    """A piece at a range [start_s, end_s), split by onset; times stay absolute and no note is cut.

    before, inside, after: the notes that begin before `start_s`, in the range, and from `end_s` on.
    """

    before: NoteSequence
    inside: NoteSequence
    after: NoteSequence
    start_s: float
    end_s: float

    @property
    def kept(self) -> NoteSequence:
        """The piece with the range emptied; its time stays."""
        return self.before.followed_by(self.after)

    def joined(self, new: NoteSequence) -> NoteSequence:
        """The piece with `new`, from `fitted`, in the range."""
        return self.kept.followed_by(new)

    def fitted(self, new: NoteSequence) -> NoteSequence:
        """Those of `new`, absolute times in seconds, that fit the range, cut where they would break what is kept.

        Left out: what begins outside the range, on a key that rings into it from before, or would be shorter than the
        codec's 10 ms. Cut: what would sound on past the next onset of its key.
        """
        in_range = (new.start_s >= self.start_s) & (new.start_s < self.end_s)
        new = new.select(in_range & (new.start_s >= _ringing_until(self.before, new.pitch)))
        new = _cut(new, _next_onset(new, self.after))
        return _cut(new, _next_onset(new, new))  # of those that are left


def split_at(notes: NoteSequence, start_s: float, end_s: float) -> Parts:
    """The parts of `notes` at the range [start_s, end_s)."""
    early, late = notes.start_s < start_s, notes.start_s >= end_s
    return Parts(notes.select(early), notes.select(~early & ~late), notes.select(late), start_s, end_s)


def closed_at(notes: NoteSequence, second: float) -> NoteSequence:
    """`notes`, all of which begin before `second`, with those that would sound past it ended there."""
    return NoteSequence(notes.pitch, notes.velocity, notes.start_s, np.minimum(notes.end_s, second))


def _cut(notes: NoteSequence, latest_s: npt.NDArray[np.float64]) -> NoteSequence:
    """`notes` that end at `latest_s`, (N,), at the latest, without those that are too short then."""
    end_s = np.minimum(notes.end_s, latest_s)
    lasts = end_s - notes.start_s >= SHORTEST_NOTE_S * (1 - 1e-9)
    return NoteSequence(notes.pitch[lasts], notes.velocity[lasts], notes.start_s[lasts], end_s[lasts])


def _ringing_until(before: NoteSequence, pitch: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Until when the keys `pitch`, (N,), sound from `before`, float64 (N,); 0 for keys that were not struck."""
    until_s = np.zeros(128)
    np.maximum.at(until_s, before.pitch, before.end_s)
    return until_s[pitch]


def _next_onset(new: NoteSequence, others: NoteSequence) -> npt.NDArray[np.float64]:
    """The first onset in `others` of each new note's key after its own, float64 (N,); infinite where there is none."""
    found = np.full(len(new), np.inf)
    for key in np.unique(new.pitch):
        mine, onsets = new.pitch == key, others.start_s[others.pitch == key]
        place = np.searchsorted(onsets, new.start_s[mine], side="right")
        found[mine] = np.append(onsets, np.inf)[place]
    return found
