"""One table of what happens in a MIDI file, in the order in which a player meets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.errors import MidiError
from musictx.midi.container import MOST_TRACKS, Container
from musictx.midi.messages import ALL_NOTES_OFF, CONTROL, NOTE_ON, PROGRAM, RESET, TEMPO
from musictx.midi.track_events import MOST_EVENTS, MOST_TEXTS, TooManyEvents, TrackEvents, read_track

DEFAULT_TEMPO_US = 500_000  # microseconds a quarter note, 120 bpm: what a file without a tempo means
DRUM_CHANNEL = 9  # of each port
DEFAULT_PROGRAM = 0
CHANNELS_OF_A_SEQUENCE = 16 * 128
APART = 2**24  # beyond any channel: parts of one channel
NEVER = 2**40  # a row beyond any

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Events:
    """The events of all tracks, shape (N,), by tick; of one tick in the order of the tracks and of their bytes.

    tick int64. track int16. channel int32: 16 times the port, and the MIDI channel; -1 where none is meant.
    kind int16, value int32 (N, 2): as in `TrackEvents`.
    part int32: who plays it. A part is a channel, or those tracks on one that chose a program of their own.
    names, end_ticks: of each track. texts: the first text events of the file, track by track.
    """

    tick: IntArray
    track: npt.NDArray[np.int16]
    channel: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]
    value: npt.NDArray[np.int32]
    part: npt.NDArray[np.int32]
    names: tuple[str, ...]
    end_ticks: IntArray
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.tick.size)

    def take(self, rows: IntArray) -> Events:
        """Those of `rows`, in that order."""
        channel = self.channel[rows]
        part = channel if self.part is self.channel else self.part[rows]
        return Events(
            self.tick[rows],
            self.track[rows],
            channel,
            self.kind[rows],
            self.value[rows],
            part,
            self.names,
            self.end_ticks,
            self.texts,
        )

    @property
    def onsets(self) -> IntArray:
        """The rows of the note-ons that sound."""
        return np.flatnonzero((self.kind == NOTE_ON) & (self.value[:, 1] > 0))


def read_events(container: Container, name: str, warnings: list[str]) -> Events:
    """All events of a file, and sentences about what was lost.

    Raises:
        MidiError: if there are more events than memory is given to.
    """
    try:
        tracks = _read_all(container)
        _say_losses(tracks, warnings)
        if not container.are_sequences or len(tracks) == 1:
            return _with_parts(_together(tracks))
        warnings.append(f"The file holds {len(tracks)} pieces (format 2): they are read one after the other.")
        return _with_parts(_one_after_the_other(tracks))
    except TooManyEvents as error:
        raise MidiError(
            f"{name} has more than {MOST_EVENTS:,} notes and pedal movements. Cut a passage out of it in a MIDI editor."
        ) from error


def _read_all(container: Container) -> list[TrackEvents]:
    tracks: list[TrackEvents] = []
    left = MOST_EVENTS
    for body in container.tracks:
        tracks.append(read_track(body))
        left -= tracks[-1].tick.size
        if left < 0:
            raise TooManyEvents
    return tracks


def _say_losses(tracks: Sequence[TrackEvents], warnings: list[str]) -> None:
    damaged = [track.lost_bytes for track in tracks if track.lost_bytes]
    if damaged:
        lost = "1 byte" if sum(damaged) == 1 else f"{sum(damaged):,} bytes"
        places = "1 track" if len(damaged) == 1 else f"{len(damaged)} tracks"
        warnings.append(f"{lost} in {places} could not be understood.")


def _together(tracks: Sequence[TrackEvents]) -> Events:
    sizes = [track.tick.size for track in tracks]
    channel = np.concatenate([track.channel for track in tracks])
    events = Events(
        np.concatenate([track.tick for track in tracks]),
        np.repeat(np.arange(len(tracks), dtype=np.int16), sizes),
        channel,
        np.concatenate([track.kind for track in tracks]),
        np.concatenate([track.value for track in tracks]),
        channel,
        tuple(track.name for track in tracks),
        np.array([track.end_tick for track in tracks], np.int64),
        tuple(text for track in tracks for text in track.texts)[:MOST_TEXTS],
    )
    return events.take(np.argsort(events.tick, kind="stable")) if len(tracks) > 1 else events


def _one_after_the_other(tracks: Sequence[TrackEvents]) -> Events:
    """Each track begins where the one before it ends, with a tempo and channels of its own, and lets go at its end."""
    moved, begins = [], 0
    for number, track in enumerate(tracks):
        channel = np.where(track.channel < 0, -1, track.channel + number * CHANNELS_OF_A_SEQUENCE).astype(np.int32)
        used = np.unique(channel[channel >= 0])
        release = np.repeat(np.array([[ALL_NOTES_OFF, 0], [RESET, 0]], np.int32), used.size, axis=0)
        moved.append(
            TrackEvents(
                np.concatenate([[0], track.tick, np.full(2 * used.size, track.end_tick)]) + begins,
                np.concatenate([np.array([-1], np.int32), channel, used, used]),
                np.concatenate([np.array([TEMPO], np.int16), track.kind, np.full(2 * used.size, CONTROL, np.int16)]),
                np.concatenate([np.array([[DEFAULT_TEMPO_US, 0]], np.int32), track.value, release]),
                track.name,
                track.end_tick + begins,
                track.lost_bytes,
                track.texts,
            )
        )
        begins += track.end_tick
    return _together(moved)


def _with_parts(events: Events) -> Events:
    """With the part of every event.

    Several tracks on one channel may each choose a program: they are meant for instruments of their own, and each
    keeps its program and its pedal. What a track without notes says on a channel is said to all parts of it.
    """
    choices = np.flatnonzero(events.kind == PROGRAM)
    if choices.size < 2:
        return events
    place = _places(events)
    playing = np.unique(place[events.onsets])
    chosen_at, first = np.unique(place[choices], return_index=True)
    program = dict(zip(chosen_at.tolist(), events.value[choices[first], 0].tolist(), strict=True))
    part = events.part.copy()
    copied: list[IntArray] = []
    copies_part: list[IntArray] = []
    by_channel = np.argsort(events.channel, kind="stable")
    channels = events.channel[by_channel]
    for channel in np.unique(playing // MOST_TRACKS).tolist():
        here = playing[playing // MOST_TRACKS == channel].tolist()
        own = {at: program[at] for at in here if at in program}
        if len(set(own.values())) < 2:
            continue
        rows = by_channel[np.searchsorted(channels, channel) : np.searchsorted(channels, channel, side="right")]
        silent = rows[~np.isin(place[rows], here)]
        for number, wanted in enumerate(sorted(set(own.values())), 1):
            mine = np.isin(place[rows], [at for at, value in own.items() if value == wanted])
            part[rows[mine]] = channel + number * APART
            copied.append(silent)
            copies_part.append(np.full(silent.size, channel + number * APART))
        if len(events) + sum(copy.size for copy in copied) > MOST_EVENTS:
            raise TooManyEvents
    if not copied:
        return events
    rows = np.concatenate([np.arange(len(events)), *copied])
    order = np.argsort(rows, kind="stable")
    parts = np.concatenate([part, *copies_part]).astype(np.int32)
    return replace(events.take(rows[order]), part=parts[order])


def _places(events: Events) -> IntArray:
    """A number for each event's channel and track together."""
    return events.channel.astype(np.int64) * MOST_TRACKS + events.track


def programs(events: Events, onsets: IntArray) -> IntArray:
    """The program with which each of the `onsets` sounds: its own track's latest, or else its channel's.

    A program that another track chooses at the very tick of an onset counts.
    """
    choices = np.flatnonzero(events.kind == PROGRAM)
    if not choices.size:
        return np.full(onsets.size, DEFAULT_PROGRAM, np.int64)
    place, channel = _places(events), events.channel
    tick_ends = np.searchsorted(events.tick, events.tick[onsets], side="right") - 1
    own = latest(place[choices], choices, place[onsets], onsets)
    shared = latest(channel[choices], choices, channel[onsets], tick_ends)
    found = np.where(own >= 0, own, shared)
    return np.where(found >= 0, events.value[found, 0], DEFAULT_PROGRAM).astype(np.int64)


def latest(group: npt.NDArray[Any], row: IntArray, of_group: npt.NDArray[Any], at_row: IntArray) -> IntArray:
    """For each query (`of_group`, `at_row`) the greatest `row` of that `group` which is not above it; -1 if none is."""
    if not row.size:
        return np.full(at_row.shape, -1, np.int64)
    known, wanted, size = _ordered(group, row, of_group, at_row)
    found = known[np.maximum(np.searchsorted(known, wanted, side="right") - 1, 0)]
    return np.where((found <= wanted) & (found >= wanted - at_row), found % size, -1)


def following(group: npt.NDArray[Any], row: IntArray, of_group: npt.NDArray[Any], at_row: IntArray) -> IntArray:
    """For each query (`of_group`, `at_row`) the least `row` of that `group` above it; `NEVER` if there is none."""
    if not row.size:
        return np.full(at_row.shape, NEVER, np.int64)
    known, wanted, size = _ordered(group, row, of_group, at_row)
    found = known[np.minimum(np.searchsorted(known, wanted, side="right"), known.size - 1)]
    return np.where((found > wanted) & (found - wanted < size - at_row), found % size, NEVER)


def _ordered(
    group: npt.NDArray[Any], row: IntArray, of_group: npt.NDArray[Any], at_row: IntArray
) -> tuple[IntArray, IntArray, int]:
    """Group and row as one number each, those to be searched in order; and how far apart groups are."""
    size = int(max(row.max(), at_row.max(initial=0))) + 2
    known = group.astype(np.int64) * size + row
    known.sort(kind="stable")
    return known, of_group.astype(np.int64) * size + at_row, size
