"""Which notes of a file are the piano's, and how long each of them sounds in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musictx.errors import MidiError
from musictx.midi.clock import Clock, FloatArray, IntArray
from musictx.midi.container import MOST_TRACKS
from musictx.midi.events import DRUM_CHANNEL, NEVER, Events
from musictx.midi.messages import CONTROL, SOFT, SUSTAIN
from musictx.midi.notes import NoteSequence
from musictx.midi.performance import PEDAL_DOWN, Played, one_sound_per_key

BoolArray = npt.NDArray[np.bool_]

PIANO_PROGRAMS = range(8)  # General MIDI's piano family
EFFECT_PROGRAMS = range(112, 128)  # bells, drums and noises: no pitches to play on a piano

LONGEST_FILE_S = 6 * 3600.0  # sanity, not a musical limit
LATE_S, LATE_KEY_S = 15.0, 30.0  # behind the last onset: a pedal, or a key, let go later than that was forgotten
RINGS_ON_S = 4.0  # what a sound gets then: in concert recordings one note in a hundred sounds longer
LONGEST_REST_S = 10.0  # at the end of a loop; a later end mark is where a recording was stopped
RESTS_PER_QUARTER = 4  # an end mark on a semiquaver means a rest; elsewhere it is where a recording was stopped


@dataclass(frozen=True)
class TrackFacts:
    """One instrument of a track as the reader found it; `kept` if its notes were taken."""

    name: str
    program: int
    is_drum: bool
    notes: int
    kept: bool


def choose(events: Events, onsets: IntArray, program: IntArray, name: str, warnings: list[str]) -> BoolArray:
    """Which of the `onsets`, sounding with `program`, a piano takes.

    Raises:
        MidiError: if there is none.
    """
    if not onsets.size:
        damaged = f"{name} is damaged: no notes" if warnings else f"{name} holds no notes"
        raise MidiError(f"{damaged}{' could be read. ' if warnings else '. '}Choose a file with music for piano in it.")
    is_pitched = events.channel[onsets] % 16 != DRUM_CHANNEL
    if not is_pitched.any():
        raise MidiError(f"{name} holds only drums. Choose a file with a piano part, or another pitched instrument.")
    is_piano = is_pitched & np.isin(program, PIANO_PROGRAMS)
    if is_piano.any():
        return is_piano
    is_playable = is_pitched & ~np.isin(program, EFFECT_PROGRAMS)
    if not is_playable.any():
        raise MidiError(f"{name} holds only sound effects. Choose a file with a piano part.")
    warnings.append("There is no piano in this file: its other instruments are played as piano.")
    return is_playable


def facts(events: Events, onsets: IntArray, program: IntArray, kept: BoolArray) -> tuple[TrackFacts, ...]:
    """Every instrument of every track, by track, channel and program."""
    place = (events.track[onsets] * np.int64(2**32) + events.channel[onsets]) * 128 + program
    _, first, count = np.unique(place, return_index=True, return_counts=True)
    if first.size > MOST_TRACKS:  # nobody can read so many: of each track what is kept, and what is not, together
        _, first, count = np.unique(events.track[onsets] * 2 + kept, return_index=True, return_counts=True)
    return tuple(
        TrackFacts(
            events.names[events.track[onsets[index]]],
            int(program[index]),
            bool(events.channel[onsets[index]] % 16 == DRUM_CHANNEL),
            int(notes),
            bool(kept[index]),
        )
        for index, notes in zip(first.tolist(), count.tolist(), strict=True)
    )


@dataclass(frozen=True, eq=False)
class Sounding:
    """notes: as a piano sounds them, from the first onset on. first_s: of the file, where that is.

    end_s: where the music ends, counted from the first onset; behind the last note's end if a rest closes it.
    """

    notes: NoteSequence
    first_s: float
    end_s: float


def sounding(events: Events, played: Played, kept: BoolArray, clock: Clock, name: str, warnings: list[str]) -> Sounding:
    """The notes of the onsets that are `kept`.

    Raises:
        MidiError: if they pass six hours.
    """
    onset, is_lost = played.onset[kept], played.is_lost[kept]
    pitch, velocity = events.value[onset].T.astype(np.int64)
    start_s = clock.seconds(events.tick[onset])
    track_end = np.maximum(events.end_ticks[events.track[onset]], events.tick[onset])
    let_go_s = clock.seconds(_ticks(events, played.let_go[kept], track_end))
    if max(let_go_s.max(), start_s.max()) > LONGEST_FILE_S:
        hours = max(let_go_s.max(), start_s.max()) / 3600
        raise MidiError(
            f"{name} would last {hours:,.1f} hours; at most {LONGEST_FILE_S / 3600:.0f} can be read. "
            "Its times may be damaged: export it again, or cut it in a MIDI editor."
        )
    end = played.end[kept]
    end_s = clock.seconds(_ticks(events, end, track_end))
    forgotten = (end >= NEVER) & (played.let_go[kept] < NEVER)  # a pedal that never comes up does so with the last key
    end_s[forgotten] = np.maximum(let_go_s[forgotten], let_go_s.max())
    is_keyed = ~is_lost & (let_go_s <= start_s.max() + LATE_KEY_S)
    end_s = _without_forgotten(start_s, np.where(is_keyed, let_go_s, start_s), end_s, warnings)
    first_s = float(start_s.min())
    columns = one_sound_per_key(pitch, velocity, start_s - first_s, end_s - first_s, is_lost)
    notes = NoteSequence(columns[0].astype(np.int16), columns[1].astype(np.int16), *columns[2:])
    return Sounding(notes, first_s, _end(events, clock, notes.duration_s + first_s, warnings) - first_s)


def _ticks(events: Events, rows: IntArray, never: IntArray) -> IntArray:
    """The ticks of `rows`, of those that are NEVER reached `never`."""
    return np.where(rows < NEVER, events.tick[np.minimum(rows, len(events) - 1)], never)


def _without_forgotten(start_s: FloatArray, keyed_s: FloatArray, end_s: FloatArray, warnings: list[str]) -> FloatArray:
    """Ends moved back of sounds that a pedal or a key let go long after the last onset would keep.

    keyed_s: up to where a finger really holds each key.
    """
    last_s = float(start_s.max())
    late = end_s > np.maximum(last_s + LATE_S, keyed_s)
    if not late.any():
        return end_s
    kept_s = np.maximum(last_s + RINGS_ON_S, keyed_s)
    warnings.append(
        f"A pedal or a key is let go {end_s.max() - last_s:,.0f} s after the last note, or never: "
        f"what would sound on through that silence was left out."
    )
    return np.where(late, kept_s, end_s)


def _end(events: Events, clock: Clock, sounds_end_s: float, warnings: list[str]) -> float:
    """Where the music ends: with the last sound, or at an end mark on the beat that makes a short rest behind it."""
    mark = int(events.end_ticks.max())
    mark_s = float(clock.seconds(np.array([mark]))[0])
    if mark_s > sounds_end_s + LONGEST_REST_S:
        warnings.append(f"The silence of {mark_s - sounds_end_s:,.0f} s at the end of the file was left out.")
    on_beat = mark * RESTS_PER_QUARTER % clock.ticks_per_quarter == 0
    is_rest = clock.has_bars and on_beat and sounds_end_s < mark_s <= sounds_end_s + LONGEST_REST_S
    return mark_s if is_rest else sounds_end_s


def unplayed_pedals(events: Events, parts: npt.NDArray[np.int32]) -> list[str]:
    """Sentences about what the feet did on `parts` that a note's length cannot say."""
    here = np.flatnonzero((events.kind == CONTROL) & among(events.part, parts))
    controller, value = events.value[here, 0], events.value[here, 1]
    sentences = []
    if (value[controller == SOFT] >= PEDAL_DOWN).any():
        sentences.append("The soft pedal is pressed at times: it was left out.")
    sustain = np.bincount(value[controller == SUSTAIN], minlength=128) > 0
    if max(sustain[PEDAL_DOWN:].sum(), sustain[:PEDAL_DOWN].sum()) > 1:
        sentences.append("The sustain pedal is half down at times: it was read as down from 64 of 127 on.")
    return sentences


def among(part: npt.NDArray[np.int32], parts: npt.NDArray[np.int32]) -> BoolArray:
    """Which of `part`, (N,), are one of `parts`, (P,)."""
    return part == parts[0] if parts.size == 1 else np.isin(part, parts)
