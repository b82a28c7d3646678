"""Passages of a piece as numbers: what two pieces share, whatever the key and the tempo.

A passage is N_GRAM notes in a row. Its fingerprint is made of the intervals from note to note and of which
notes are struck together, so it is the same in any transposition, at any tempo, and under small
differences of timing. Notes within 30 ms of the one before are one moment, ordered by pitch.
A passage tells something only if it moves in at least three ways: repeated notes, trills and scales are everybody's.

A `PassageSet` remembers which passages occur in a corpus: of those that tell something, the quarter whose fingerprints
begin with two zeros, in a Bloom filter (Bloom 1970, "Space/time trade-offs in hash coding with allowable errors").
Neither order nor pitch nor rhythm is stored. Who has a piece can ask how much of it is there; who has none cannot
grow one note by note, because some four notes must be guessed until the next passage can be looked up, and one
wrong guess in 120 is answered with yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musictx.midi.ngrams import ngrams, varied
from musictx.midi.notes import NoteSequence

Fingerprints = npt.NDArray[np.uint64]

# Notes. Of shorter ones a take is patched together from many pieces at once (docs/memorisation.md); longer ones miss
# what is worth knowing.
N_GRAM = 12
FEWEST_HITS = 2  # remembered passages in a row that make a run: one alone may be a false yes
UNREMEMBERED_BITS = np.uint64(62)  # what is left of the remembered fingerprints when so many are taken off: nothing
TOGETHER_S = 0.030  # fingers that mean one chord are seldom further apart
LEAST_VARIETY = 3  # different steps in a passage that tells something; a trill or a scale has two
LARGEST_INTERVAL = 63  # semitones; wider leaps count as this one
BITS_PER_PASSAGE, PROBES = 10, 7  # one false yes in 120; about the best number of probes for so many bits

_STEP_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd and irregular: the golden ratio in 64 bits
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # splitmix64's finaliser, Steele et al. 2014


@dataclass(frozen=True)
class SharedPassage:
    """The longest run of notes that is also in a corpus, as far as is remembered: a few at its ends may be missing.

    notes: how many, those that tell nothing not counted, and a figure that is repeated counted once; 0 if there is
    none. start_s, end_s: where it stands.
    """

    notes: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class PassageSet:
    """Which passages occur in a corpus, as a Bloom filter. bits: uint8, eight places a byte."""

    bits: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, pieces: Iterable[NoteSequence]) -> PassageSet:
        """Remembers the passages of `pieces`."""
        found = [values[_remembered(values, telling)] for values, telling in map(fingerprints, pieces)]
        distinct = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)
        size = max(distinct.size * BITS_PER_PASSAGE // 8, 8)
        marked = np.zeros(size * 8, np.bool_)
        for places in _places(distinct, size):
            marked[places] = True
        return cls(np.packbits(marked, bitorder="little"))

    def holds(self, wanted: Fingerprints) -> npt.NDArray[np.bool_]:
        """Whether each fingerprint occurs, bool (F,): never a false no, seldom a false yes."""
        found = np.ones(wanted.size, np.bool_)
        for places in _places(wanted, self.bits.size):
            byte = self.bits[places >> np.uint64(3)]
            found &= (byte >> (places & np.uint64(7)).astype(np.uint8)) & 1 == 1
        return found

    def longest_shared(self, notes: NoteSequence) -> SharedPassage:
        """The longest run in `notes` of which every N_GRAM notes in a row occur in the corpus; of equals the first.

        Of several pieces that overlap, stretches count as one. Passages that tell nothing are crossed, but add nothing
        to the length, nor does one that was counted already: whoever plays one bar ten times shares one bar.
        """
        values, telling = fingerprints(notes)
        places = np.flatnonzero(_remembered(values, telling))
        edges = np.diff(np.concatenate([[0], self.holds(values[places]).astype(np.int8), [0]]))
        begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        begins, ends = begins[ends - begins >= FEWEST_HITS], ends[ends - begins >= FEWEST_HITS]
        if not begins.size:
            return SharedPassage(0, 0.0, 0.0)
        runs = [slice(places[begin], places[end - 1] + 1) for begin, end in zip(begins, ends, strict=True)]
        lengths = [np.unique(values[run][telling[run]]).size + N_GRAM - 1 for run in runs]
        best = int(np.argmax(lengths))
        order, _ = _moments(notes)
        inside = order[runs[best].start : runs[best].stop - 1 + N_GRAM]
        return SharedPassage(lengths[best], float(notes.start_s[inside].min()), float(notes.end_s[inside].max()))


def fingerprints(notes: NoteSequence, size: int = N_GRAM) -> tuple[Fingerprints, npt.NDArray[np.bool_]]:
    """A number for every `size` notes in a row, and whether they tell something: uint64, bool (N - size + 1,)."""
    codes = _codes(notes, size)
    return _hashes(codes), varied(codes, LEAST_VARIETY)


def _remembered(values: Fingerprints, telling: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which passages a PassageSet remembers."""
    return telling & (values >> UNREMEMBERED_BITS == 0)


def _codes(notes: NoteSequence, size: int) -> npt.NDArray[np.int64]:
    """The steps of every `size` notes in a row, (F, size - 1): interval, and whether struck together."""
    order, moment = _moments(notes)
    pitch = notes.pitch[order].astype(np.int64)
    interval = np.clip(np.diff(pitch), -LARGEST_INTERVAL, LARGEST_INTERVAL) + LARGEST_INTERVAL
    code = 2 * interval + (np.diff(moment) == 0)
    return ngrams(code, size - 1)


def _hashes(codes: npt.NDArray[np.int64]) -> Fingerprints:
    """Each row as one number."""
    value = np.zeros(len(codes), np.uint64)
    for column in codes.T:
        value = value * _STEP_FACTOR + column.astype(np.uint64) + np.uint64(1)  # modulo 2**64
    return _mixed(value)


def _moments(notes: NoteSequence) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """The order of notes by moment, then pitch; and each one's moment, in that order."""
    moment = np.cumsum(np.diff(notes.start_s, prepend=-1.0) > TOGETHER_S + 1e-6, dtype=np.int64)
    order = np.lexsort((notes.pitch, moment))
    return order, moment[order]


def _mixed(value: Fingerprints) -> Fingerprints:
    """Every bit of the result depends on every bit of the value."""
    value = (value ^ (value >> np.uint64(30))) * _MIX[0]
    value = (value ^ (value >> np.uint64(27))) * _MIX[1]
    return value ^ (value >> np.uint64(31))


def _places(value: Fingerprints, size_bytes: int) -> Iterable[npt.NDArray[np.uint64]]:
    """The PROBES places of each fingerprint (Kirsch & Mitzenmacher 2006: two hashes serve as many)."""
    step = _mixed(value ^ _STEP_FACTOR) | np.uint64(1)
    for _ in range(PROBES):
        yield value % np.uint64(size_bytes * 8)
        value = value + step
