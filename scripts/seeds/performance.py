"""From written voices to a performance: tempo that breathes, weight, touch and pedal.

Everything that looks like chance is drawn from a generator seeded with the piece's id, so
the same notation always gives the same notes.
"""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from musictx.midi.notes import NoteSequence
from scripts.seeds.notation import Written, parse

GRACE_S = 0.075  # how long before its beat a crushed note starts
OVERLAP_S = 0.03  # legato: a finger leaves its key a little after the next one falls
TOUCH_S = 0.006  # spread of onsets around the beat (standard deviation)
TOUCH_VELOCITY = 2.2  # spread of velocities
SHORTEST_S = 0.05
TEMPO_STEPS = 48  # points per beat at which the tempo curve is summed up
ACCENT, DOWNBEAT, OFFBEAT = 9, 3, -3  # velocity


@dataclass(frozen=True)
class Voice:
    """One line of music and how it is touched.

    text: see notation.py.
    level: velocity above or below the piece's dynamics.
    hold: part of its written length that a note sounds; 1 is legato.
    pedal_beats: the pedal holds notes to the next multiple of this many beats; 0 is no pedal.
    lead_s: how far this voice runs ahead; pianists play a melody slightly early.
    """

    text: str
    level: int = 0
    hold: float = 1.0
    pedal_beats: float = 0
    lead_s: float = 0.0


@dataclass(frozen=True)
class Piece:
    """A seed as it is written down.

    tempo_bpm: beats per minute. dynamics: (beat, velocity) points, joined by straight lines.
    phrase_beats, rubato: within each phrase the tempo swells and sinks by this part of itself.
    slowing: part of the tempo that is lost over the last `slowing_beats`.
    swing: where the second half of a beat falls, 0.5 is straight. roll_s: delay from one note of a chord to the next.
    """

    id: str
    title: str
    style: str
    credit: str
    tempo_bpm: float
    beats_per_bar: float
    voices: tuple[Voice, ...]
    dynamics: tuple[tuple[float, float], ...]
    pickup: float = 0
    phrase_beats: float = 8
    rubato: float = 0.05
    slowing: float = 0.0
    slowing_beats: float = 4
    swing: float = 0.5
    roll_s: float = 0.004


def perform(piece: Piece) -> NoteSequence:
    """The piece as played notes, in seconds from its first onset."""
    parts = [parse(voice.text, piece.beats_per_bar, piece.pickup) for voice in piece.voices]
    seconds = clock(piece, float(max(note.beat + note.beats for part in parts for note in part)))
    chance = random.Random(zlib.crc32(piece.id.encode()))
    played: list[tuple[int, int, float, float]] = []
    for voice, part in zip(piece.voices, parts, strict=True):
        played += play_voice(piece, voice, part, seconds, chance)
    return without_overlaps(played)


def clock(piece: Piece, last_beat: float) -> Callable[[float], float]:
    """A function from beats (the first bar line is 0) to seconds, monotonic."""
    first = -float(piece.pickup)
    times = [0.0]
    for step in range(math.ceil((last_beat + 2 * piece.beats_per_bar - first) * TEMPO_STEPS)):
        beat = first + step / TEMPO_STEPS
        arch = math.sin(math.pi * ((beat - first) % piece.phrase_beats) / piece.phrase_beats)
        late = min(1.0, max(0.0, (beat - last_beat + piece.slowing_beats) / piece.slowing_beats))
        tempo = piece.tempo_bpm * (1 + piece.rubato * (arch - 0.6)) * (1 - piece.slowing * late)
        times.append(times[-1] + 60 / tempo / TEMPO_STEPS)

    def seconds(beat: float) -> float:
        position = (swung(beat, piece.swing) - first) * TEMPO_STEPS
        index = min(int(position), len(times) - 2)
        return times[index] + (position - index) * (times[index + 1] - times[index])

    return seconds


def swung(beat: float, swing: float) -> float:
    """The beat moved so that the middle of each beat falls at `swing`."""
    whole = math.floor(beat)
    part = beat - whole
    return whole + (part * swing * 2 if part < 0.5 else swing + (part - 0.5) * (1 - swing) * 2)


def play_voice(
    piece: Piece, voice: Voice, part: list[Written], seconds: Callable[[float], float], chance: random.Random
) -> list[tuple[int, int, float, float]]:
    """(pitch, velocity, start_s, end_s) of one voice."""
    middle = sum(note.pitch for note in part) / len(part)
    played = []
    for note in part:
        below = sum(other.beat == note.beat and other.pitch < note.pitch for other in part)
        beat = float(note.beat)
        start = seconds(beat) + piece.roll_s * below - voice.lead_s + chance.gauss(0, TOUCH_S)
        start = max(start, 0.0)
        velocity = level_at(piece.dynamics, beat) + voice.level + weight(piece, note) + 0.35 * (note.pitch - middle)
        velocity = round(min(120, max(12, velocity + chance.gauss(0, TOUCH_VELOCITY))))
        end = max(release(voice, note, seconds), start + SHORTEST_S)
        if note.grace is not None:
            played.append((note.grace, max(12, velocity - 14), max(0.0, start - GRACE_S), start + 0.02))
        played.append((note.pitch, velocity, start, end))
    return played


def level_at(points: tuple[tuple[float, float], ...], beat: float) -> float:
    """Velocity at a beat on the line through `points`."""
    for (from_beat, from_level), (to_beat, to_level) in zip(points, points[1:], strict=False):
        if from_beat <= beat <= to_beat:
            return from_level + (to_level - from_level) * (beat - from_beat) / (to_beat - from_beat)
    return points[-1][1] if beat > points[-1][0] else points[0][1]


def weight(piece: Piece, note: Written) -> float:
    """What accents and the place in the bar add to the velocity."""
    place = DOWNBEAT if note.beat % round(piece.beats_per_bar) == 0 else OFFBEAT if note.beat % 1 else 0
    return place + (ACCENT if note.accent else 0)


def release(voice: Voice, note: Written, seconds: Callable[[float], float]) -> float:
    """When the note stops sounding: finger or pedal, whichever leaves later."""
    start, written_end = float(note.beat), float(note.beat + note.beats)
    if note.staccato:
        return seconds(start + 0.45 * float(note.beats))
    end = seconds(start + voice.hold * (written_end - start))
    if voice.hold >= 1:
        end += OVERLAP_S
    if voice.pedal_beats:
        end = max(end, seconds(math.floor(start / voice.pedal_beats + 1) * voice.pedal_beats) + OVERLAP_S)
    return end


def without_overlaps(played: list[tuple[int, int, float, float]]) -> NoteSequence:
    """Sorted, starting at 0, each key released before it is struck again."""
    first = min(start for _, _, start, _ in played)
    kept: list[tuple[int, int, float, float]] = []
    last_of: dict[int, int] = {}
    for pitch, velocity, start, end in sorted(played, key=lambda note: (note[2], note[0])):
        previous = last_of.get(pitch)
        if previous is not None and kept[previous][3] > start - first - 0.02:
            old = kept[previous]
            if start - first - old[2] < SHORTEST_S:  # two voices meet on one key: one stroke
                kept[previous] = (pitch, max(velocity, old[1]), old[2], max(old[3], end - first))
                continue
            kept[previous] = (*old[:3], start - first - 0.02)
        last_of[pitch] = len(kept)
        kept.append((pitch, velocity, start - first, end - first))
    return NoteSequence.from_tuples(kept)
