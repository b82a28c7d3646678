"""An independent reader: mido parses the file, a plain loop plays it event by event, as a synthesiser would."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import mido

Note = tuple[int, int, float, float]  # pitch, velocity, onset and end in seconds


@dataclass
class Sound:
    """A string that sounds; `end` is None while nothing has damped it."""

    pitch: int
    velocity: int
    start: float
    is_lost: bool
    track: int
    let_go: float | None = None
    caught: bool = False
    end: float | None = None


class Channel:
    """The keys and pedals of one channel."""

    def __init__(self) -> None:
        self.fingers: dict[int, int] = defaultdict(int)
        self.sounds: list[Sound] = []
        self.sustain = self.sostenuto = False

    def _open(self) -> list[Sound]:
        return [sound for sound in self.sounds if sound.end is None]

    def _damp(self, now: float) -> None:
        for sound in self._open():
            if sound.let_go is not None and not self.sustain and not sound.caught:
                sound.end = now

    def _release(self, now: float, pitches: set[int], lost_too: bool) -> None:
        for sound in self._open():
            if sound.pitch in pitches and sound.let_go is None and (lost_too or not sound.is_lost):
                sound.let_go = now
        self._damp(now)

    def note_on(self, now: float, pitch: int, velocity: int, is_lost: bool, track: int) -> None:
        self.sounds.append(Sound(pitch, velocity, now, is_lost, track))
        self.fingers[pitch] += not is_lost

    def note_off(self, now: float, pitch: int) -> None:
        if self.fingers[pitch]:
            self.fingers[pitch] -= 1
            if not self.fingers[pitch]:
                self._release(now, {pitch}, lost_too=False)

    def control(self, now: float, number: int, value: int) -> None:
        if number == 121:
            self.sustain = False
        if number == 64:
            self.sustain = value >= 64
        if number in (66, 121):
            down = number == 66 and value >= 64
            for sound in self._open():
                if down and not self.sostenuto:
                    sound.caught = sound.let_go is None
                elif not down:
                    sound.caught = False
            self.sostenuto = down
        if number == 120 or number >= 123:
            self.fingers.clear()
            self._release(now, set(range(128)), lost_too=True)
        if number == 120:
            for sound in self._open():
                sound.end = now
        self._damp(now)


def play(content: bytes) -> list[Note]:
    """The notes of a regular file without programs, sorted by onset, then pitch, the first onset at 0 s."""
    midi = mido.MidiFile(file=io.BytesIO(content))
    messages, track_ends = _messages(midi)
    lost = _lost(messages)
    channels: dict[int, Channel] = defaultdict(Channel)
    for index, (now, track, message) in enumerate(messages):
        if message.is_meta or message.type == "sysex" or message.channel == 9:
            continue
        channel = channels[message.channel]
        if message.type == "note_on" and message.velocity:
            channel.note_on(now, message.note, message.velocity, index in lost, track)
        elif message.type in ("note_on", "note_off"):
            channel.note_off(now, message.note)
        elif message.type == "control_change":
            channel.control(now, message.control, message.value)
    sounds = [sound for channel in channels.values() for sound in channel.sounds]
    last = max((sound.let_go if sound.let_go is not None else track_ends[sound.track] for sound in sounds), default=0)
    for sound in sounds:
        if sound.end is None:
            sound.end = track_ends[sound.track] if sound.let_go is None else last
    return _on_one_piano(sounds)


def _messages(midi: mido.MidiFile) -> tuple[list[tuple[float, int, Any]], list[float]]:
    """(seconds, track, message) in the order of playing, and where each track ends."""
    rows = []
    for number, track in enumerate(midi.tracks):
        tick = 0
        for message in track:
            tick += message.time
            rows.append((tick, number, message))
    rows.sort(key=lambda row: row[0])
    now, before, per_tick, played, ends = 0.0, 0, 0.5 / midi.ticks_per_beat, [], [0.0] * len(midi.tracks)
    for tick, number, message in rows:
        now, before = now + (tick - before) * per_tick, tick
        if message.type == "set_tempo":
            per_tick = message.tempo / 1e6 / midi.ticks_per_beat
        ends[number] = max(ends[number], now)
        played.append((now, number, message))
    return played, ends


def _lost(messages: list[tuple[float, int, Any]]) -> set[int]:
    """Which note-ons are left over if every note-off takes the latest of its key."""
    waiting: dict[tuple[int, int], list[int]] = defaultdict(list)
    lost: set[int] = set()
    for index, (_, _, message) in enumerate(messages):
        if message.type == "note_on" and message.velocity:
            waiting[message.channel, message.note].append(index)
        elif message.type in ("note_on", "note_off"):
            if waiting[message.channel, message.note]:
                waiting[message.channel, message.note].pop()
        elif message.type == "control_change" and (message.control == 120 or message.control >= 123):
            for (channel, _), left in waiting.items():
                if channel == message.channel:
                    lost.update(left)
                    left.clear()
    return lost.union(*waiting.values())


def _on_one_piano(sounds: list[Sound]) -> list[Note]:
    """One sound a key: it ends at the next strike, and lasts as long as whatever still holds the key."""
    notes = []
    first = min((sound.start for sound in sounds), default=0.0)
    for pitch in sorted({sound.pitch for sound in sounds}):
        mine = [sound for sound in sounds if sound.pitch == pitch]
        onsets = sorted({sound.start for sound in mine})
        for onset, following in zip(onsets, [*onsets[1:], float("inf")], strict=True):
            struck = [sound for sound in mine if sound.start == onset]
            sure = [sound for sound in mine if sound.start <= onset and not sound.is_lost]
            ends = [ended(sound) for sound in sure if ended(sound) > onset or sound in struck]
            if all(sound.is_lost for sound in struck):
                ends = [ended(sound) for sound in struck]
            end = max(ends)
            end = onset + 0.01 if end <= onset else end
            notes.append((pitch, max(sound.velocity for sound in struck), onset - first, min(end, following) - first))
    return sorted(notes, key=lambda note: (note[2], note[0]))


def ended(sound: Sound) -> float:
    """When a sound ended that has."""
    assert sound.end is not None
    return sound.end
