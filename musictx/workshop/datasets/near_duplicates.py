"""Which pieces are versions of one another, whatever their key and tempo.

A piece's fingerprint is the set of its melody's n-grams: the highest note of each chord, as the intervals from one
to the next. Transposition leaves intervals alone, and time is not looked at. Two pieces are near-duplicates if a
large share of the smaller fingerprint lies in the larger one (containment, so that an excerpt is found in its piece).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from musictx.midi.ngrams import ngrams, varied
from musictx.midi.notes import NoteSequence

Fingerprint = npt.NDArray[np.uint64]

CHORD_S = 0.035  # notes struck within it are one chord, even by a human hand
NOTES = 7  # of an n-gram: long enough that two pieces rarely share one by chance
FEWEST_INTERVALS = 3  # different ones in an n-gram: repeated notes and trills say nothing
ALIKE = 0.12  # containment from which two pieces count as versions of one; see docs/experiments.md
FEWEST_SHARED = 8  # below them it may be chance
COMMON = 40  # an n-gram in more pieces than that is a commonplace


def fingerprint(notes: NoteSequence) -> Fingerprint:
    """The n-grams of a piece's melody as sorted numbers, uint64 (N,), each once."""
    if not len(notes):
        return np.zeros(0, np.uint64)
    order = np.lexsort((notes.pitch, notes.start_s))
    start, pitch = notes.start_s[order], notes.pitch[order].astype(np.int64)
    # A chord begins where the time since the note before is long enough.
    onsets = np.concatenate([[0], 1 + np.flatnonzero(np.diff(start) > CHORD_S)])
    intervals = np.diff(np.maximum.reduceat(pitch, onsets))
    grams = ngrams(intervals, NOTES - 1)
    grams = grams[varied(grams, FEWEST_INTERVALS)]
    # Intervals of -127 to 127 are bytes; six of them fit into one number.
    powers = 256 ** np.arange(NOTES - 1, dtype=np.uint64)
    return np.unique(((grams + 128).astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64))


def groups(prints: Sequence[Fingerprint]) -> list[int]:
    """A number a piece; those with the same number are versions of one, directly or through others."""
    parent = list(range(len(prints)))

    def root(piece: int) -> int:
        while parent[piece] != piece:
            piece = parent[piece]
        return piece

    for (first, second), shared in _shared(prints).items():
        smaller = min(prints[first].size, prints[second].size)
        if shared >= max(FEWEST_SHARED, ALIKE * smaller):
            low, high = sorted((root(first), root(second)))
            parent[high] = low
    return [root(piece) for piece in range(len(prints))]


def _shared(prints: Sequence[Fingerprint]) -> Counter[tuple[int, int]]:
    """How many n-grams each pair of pieces has in common; pairs without any are not in it."""
    sizes = [grams.size for grams in prints]
    if not sum(sizes):
        return Counter()
    grams = np.concatenate(list(prints))
    pieces = np.repeat(np.arange(len(prints)), sizes)
    order = np.argsort(grams, kind="stable")
    grams, pieces = grams[order], pieces[order]
    starts = np.concatenate([[0], 1 + np.flatnonzero(grams[1:] != grams[:-1]), [grams.size]])
    counted: Counter[tuple[int, int]] = Counter()
    for number in np.flatnonzero((np.diff(starts) > 1) & (np.diff(starts) <= COMMON)):
        together = pieces[starts[number] : starts[number + 1]]
        counted.update(combinations(together.tolist(), 2))
    return counted
