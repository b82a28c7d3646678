"""The longest passage that music shares with any one piece of a corpus, exactly.

What ships with a checkpoint (`musictx.midi.passages`) cannot tell one piece from another: there a passage may be
patched together from several. Here the corpus itself is at hand, and a run must go on in the same piece.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from musictx.midi.notes import NoteSequence
from musictx.midi.passages import fingerprints

SIZE = 8  # notes: runs of fewer are not looked for
_PIECE_BITS = np.int64(32)  # a place is a piece's number above, and how far its notes are behind the music's below
_MIDDLE = np.int64(1 << 31)


class OnePiece:
    """Where every telling passage of SIZE notes of a corpus stands. About 16 bytes a note."""

    def __init__(self, pieces: Iterable[NoteSequence]) -> None:
        values, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for number, notes in enumerate(pieces):
            found, telling = fingerprints(notes, SIZE)
            values.append(found[telling])
            places.append((np.int64(number) << _PIECE_BITS) + _MIDDLE + np.flatnonzero(telling))
        all_values, all_places = np.concatenate(values), np.concatenate(places)
        order = np.argsort(all_values, kind="stable")
        self._values, self._places = all_values[order], all_places[order]

    def longest_shared(self, notes: NoteSequence) -> int:
        """Notes of the longest run in `notes` that stands in one piece, in any key and at any tempo; 0 if none.

        As in `PassageSet.longest_shared` passages that tell nothing are crossed, but add nothing to the length, nor
        does one that was counted already.
        """
        values, telling = fingerprints(notes, SIZE)
        first = np.searchsorted(self._values, values, "left")
        last = np.searchsorted(self._values, values, "right")
        longest, places, begins = 0, np.zeros(0, np.int64), np.zeros(0, np.int64)
        for now in np.flatnonzero(telling):
            here = np.unique(self._places[first[now] : last[now]] - now)
            places, begins = here, _carried(here, places, begins, int(now))
            if here.size:
                run = slice(int(begins.min()), int(now) + 1)
                longest = max(longest, np.unique(values[run][telling[run]]).size + SIZE - 1)
        return longest


def _carried(
    here: npt.NDArray[np.int64], before: npt.NDArray[np.int64], begins: npt.NDArray[np.int64], now: int
) -> npt.NDArray[np.int64]:
    """Where the run through each place of `here` began: that of the same place before, else now."""
    carried = np.full(here.size, now, np.int64)
    if before.size:
        nearest = np.minimum(np.searchsorted(before, here), before.size - 1)
        same = before[nearest] == here
        carried[same] = begins[nearest[same]]
    return carried
