"""Which tracks of a parsed file are the piano, and what a piano makes of their notes.

The parser's score (symusic, time in ticks) goes in; seconds and NoteSequence come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from musictx.errors import MidiError
from musictx.midi.notes import NoteSequence
from musictx.midi.performance import (
    DEFAULT_MICROSECONDS_PER_QUARTER,
    FloatArray,
    IntArray,
    first_release,
    joined_spans,
    one_sound_per_key,
    pedal_spans,
    seconds_at,
    sustained,
)

if TYPE_CHECKING:
    from symusic.types import Score, Track

PIANO_PROGRAMS = range(8)  # General MIDI's piano family
EFFECT_PROGRAMS = range(112, 128)  # bells, drums and noises: no pitches to play on a piano
SUSTAIN_CONTROLLER = 64

LONGEST_FILE_S = 6 * 3600.0  # sanity, not a musical limit
FASTEST_TEMPO_US = 10_000  # microseconds a quarter note, 6,000 bpm: beyond it a tempo is damage


class Clock:
    """Turns a score's ticks into seconds: its tempo map, or the fixed rate of a file in SMPTE frames."""

    def __init__(self, score: Score, ticks_per_second: float | None, warnings: list[str]) -> None:
        tempos = score.tempos.numpy()
        ticks, tempo_us = tempos["time"].astype(np.int64), tempos["mspq"].astype(np.int64)
        usable = (tempo_us >= FASTEST_TEMPO_US) & (ticks >= 0)
        if ticks_per_second is not None:
            # One tempo for the whole file: the one at which its ticks last as long as its frames say.
            tempo_us = np.array([1e6 * score.ticks_per_quarter / ticks_per_second])
            ticks, usable = np.zeros(1, np.int64), np.ones(1, bool)
        elif not usable.all():
            warnings.append(f"{np.sum(~usable)} impossible tempo marks (above 6,000 bpm) were ignored.")
        order = np.argsort(ticks[usable], kind="stable")
        self._ticks, self._tempo_us = ticks[usable][order], tempo_us[usable][order]
        self._ticks_per_quarter = score.ticks_per_quarter
        self._has_tempo = ticks_per_second is None and self._ticks.size > 0

    def seconds(self, ticks: IntArray) -> FloatArray:
        """Seconds at `ticks`, any shape."""
        return seconds_at(ticks, self._ticks, self._tempo_us, self._ticks_per_quarter)

    def tempo_bpm(self, first_tick: int, last_tick: int) -> float | None:
        """The median tempo between two ticks, weighted by time; None if the file sets none."""
        if not self._has_tempo:
            return None
        begins = np.concatenate([[0], self._ticks])
        tempo_us = np.concatenate([[DEFAULT_MICROSECONDS_PER_QUARTER], self._tempo_us])
        edges = np.clip(np.append(begins, max(last_tick, begins[-1])), first_tick, max(last_tick, first_tick + 1))
        weight = np.diff(self.seconds(edges))
        order = np.argsort(tempo_us)
        reached = np.cumsum(weight[order])
        middle = order[np.searchsorted(reached, reached[-1] / 2)] if reached[-1] > 0 else -1
        return float(60e6 / tempo_us[middle])


def choose_tracks(tracks: Sequence[Track], name: str, warnings: list[str]) -> tuple[list[int], bool]:
    """Indices of the tracks to keep, and whether they are pianos.

    Raises:
        MidiError: if no track has notes that a piano could play.
    """
    sounding = [index for index, track in enumerate(tracks) if len(track.notes)]
    if not sounding:
        raise MidiError(f"{name} holds no notes. Choose a file with music for piano in it.")
    pitched = [index for index in sounding if not tracks[index].is_drum]
    if not pitched:
        raise MidiError(f"{name} holds only drums. Choose a file with a piano part, or another pitched instrument.")
    pianos = [index for index in pitched if tracks[index].program in PIANO_PROGRAMS]
    if pianos:
        return pianos, True
    playable = [index for index in pitched if tracks[index].program not in EFFECT_PROGRAMS]
    if not playable:
        raise MidiError(f"{name} holds only sound effects. Choose a file with a piano part.")
    warnings.append("There is no piano in this file: its other instruments are played as piano.")
    return playable, False


def sounding_notes(tracks: Sequence[Track], shares_pedal: bool, clock: Clock, name: str) -> tuple[NoteSequence, int]:
    """The notes of `tracks` as a piano sounds them, from the first onset on, and the number of pedal presses.

    shares_pedal: the tracks are one piano, so a pedal on any of them holds the notes of all.

    Raises:
        MidiError: if the file's times are damaged or pass six hours.
    """
    keys = [_keys(track, clock, name) for track in tracks]
    file_end_s = max(float(end_s.max()) for *_, end_s in keys)
    spans = [_pedal(track, clock, file_end_s) for track in tracks]
    if shares_pedal:
        together = joined_spans(*(np.concatenate(side) for side in zip(*spans, strict=True)))
        spans = [together] * len(keys)
    presses = sum(down.size for down, _ in (spans[:1] if shares_pedal else spans))
    pitch, velocity, start_s, end_s = (np.concatenate(column) for column in zip(*keys, strict=True))
    end_s = np.concatenate([sustained(key[3], *span) for key, span in zip(keys, spans, strict=True)])
    pitch, velocity, start_s, end_s = one_sound_per_key(pitch, velocity, start_s - start_s.min(), end_s - start_s.min())
    return NoteSequence(pitch.astype(np.int16), velocity.astype(np.int16), start_s, end_s), int(presses)


def _keys(track: Track, clock: Clock, name: str) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Pitch, velocity, onset and release in seconds of each key struck on `track`."""
    notes = track.notes.numpy()
    start = notes["time"].astype(np.int64)
    end = start + notes["duration"]
    if start.min() < 0 or (end < start).any():
        raise MidiError(f"{name} has times beyond what a MIDI file can count: it is damaged. Export it again.")
    pitch = notes["pitch"].astype(np.int64)
    start_s, end_s = clock.seconds(start), clock.seconds(first_release(pitch, start, end))
    if end_s.max() > LONGEST_FILE_S:
        raise MidiError(
            f"{name} would last {end_s.max() / 3600:,.1f} hours; at most {LONGEST_FILE_S / 3600:.0f} can be read. "
            "Its times may be damaged: export it again, or cut it in a MIDI editor."
        )
    return pitch, notes["velocity"].astype(np.int64), start_s, end_s


def _pedal(track: Track, clock: Clock, end_s: float) -> tuple[FloatArray, FloatArray]:
    """When the sustain pedal of `track` went down and came up."""
    controls = track.controls.numpy()
    is_pedal = (controls["number"] == SUSTAIN_CONTROLLER) & (controls["time"] >= 0)
    time_s = clock.seconds(controls["time"][is_pedal].astype(np.int64))
    return pedal_spans(time_s, controls["value"][is_pedal].astype(np.int64), end_s)
