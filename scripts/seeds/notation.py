"""A small text notation for voices: 'G4:1 A4 | B4+D5:2' is a bar of two notes, then a chord.

C4  F#3  Bb2     pitch and octave; C4 is middle C
C4+E4+G4         a chord
-                a rest
:1.5  :1/3       length in beats; the next notes keep it until another one is given
Eb5/E5           E flat crushed into E just before its beat
G4~              tied to the same note that follows
G4!  G4'         accented, staccato
|                bar line: checked, so a bar that is too long or short is an error
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
PITCH = re.compile(r"([A-G])([#b]?)(\d)")
TOKEN = re.compile(r"(?:(?P<grace>[^/:]+)/)?(?P<pitches>-|[A-G][^:~!']*)(?::(?P<beats>[\d./]+))?(?P<marks>[~!']*)")


@dataclass(frozen=True)
class Written:
    """One written note: times in beats from the first bar line, pitch as MIDI number."""

    pitch: int
    beat: Fraction
    beats: Fraction
    accent: bool = False
    staccato: bool = False
    grace: int | None = None


def pitch_number(name: str) -> int:
    """MIDI number of a name such as 'F#3'."""
    match = PITCH.fullmatch(name)
    if match is None:
        raise ValueError(f"no pitch: {name!r}")
    letter, accidental, octave = match.groups()
    return 12 * (int(octave) + 1) + LETTERS[letter] + ACCIDENTALS[accidental]


def parse(text: str, beats_per_bar: float, pickup: float = 0) -> list[Written]:
    """The notes of one voice; `pickup` is the length of the incomplete first bar.

    Raises:
        ValueError: for an unknown token, a bar of the wrong length or a tie to nowhere.
    """
    notes: list[Written] = []
    tied: dict[int, Written] = {}
    beat, length = -Fraction(pickup), Fraction(1)
    for token in text.replace("|", " | ").split():
        if token == "|":
            if beat % Fraction(beats_per_bar):
                raise ValueError(f"bar line at beat {beat}, a bar has {beats_per_bar}: ...{text[:60]!r}")
            continue
        match = TOKEN.fullmatch(token)
        if match is None:
            raise ValueError(f"cannot read {token!r}")
        length = Fraction(match["beats"]) if match["beats"] else length
        pitches = [] if match["pitches"] == "-" else [pitch_number(name) for name in match["pitches"].split("+")]
        if set(tied) - set(pitches):
            raise ValueError(f"a tie before beat {beat} leads to no same note")
        grace = pitch_number(match["grace"]) if match["grace"] else None
        marks = match["marks"]
        written = []
        for pitch in pitches:
            start = tied.get(pitch, Written(pitch, beat, Fraction(0), "!" in marks, "'" in marks, grace))
            written.append(replace(start, beats=start.beats + length))
        tied = {note.pitch: note for note in written} if "~" in marks else {}
        notes += [] if tied else written
        beat += length
    if tied:
        raise ValueError("the last note is tied to nothing")
    return notes
