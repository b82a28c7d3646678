"""MIDI files written byte by byte, so that tests can write wrong ones too."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from musictx.midi.files import Recording

Event = tuple[int, Iterable[int]]  # delta time in ticks, bytes of the event

TENTH = 96  # ticks: 0.1 s at 480 a quarter note and 120 bpm
END: Event = (0, [0xFF, 0x2F, 0x00])


def delta(ticks: int) -> bytes:
    """A variable-length quantity."""
    out = [ticks & 0x7F]
    while ticks := ticks >> 7:
        out.append(0x80 | (ticks & 0x7F))
    return bytes(reversed(out))


def track(*events: Event, end: bool = True) -> bytes:
    """One MTrk chunk."""
    body = b"".join(delta(ticks) + bytes(data) for ticks, data in (*events, *([END] if end else [])))
    return b"MTrk" + struct.pack(">I", len(body)) + body


def smf(*tracks: bytes, midi_format: int = 1, division: int = 480) -> bytes:
    """A Standard MIDI File; at 480 ticks and no tempo 96 ticks are 0.1 s."""
    return b"MThd" + struct.pack(">IHHH", 6, midi_format, len(tracks), division) + b"".join(tracks)


def on(ticks: int, pitch: int, velocity: int = 80, channel: int = 0) -> Event:
    """A note-on `ticks` after the event before it."""
    return ticks, [0x90 | channel, pitch, velocity]


def off(ticks: int, pitch: int, channel: int = 0) -> Event:
    """A note-off."""
    return ticks, [0x80 | channel, pitch, 0]


def pedal(ticks: int, value: int, channel: int = 0) -> Event:
    """The sustain pedal, controller 64."""
    return ticks, [0xB0 | channel, 64, value]


def program(number: int, channel: int = 0) -> Event:
    """A program change."""
    return 0, [0xC0 | channel, number]


def tempo(ticks: int, microseconds: int) -> Event:
    """Microseconds a quarter note."""
    return ticks, [0xFF, 0x51, 3, *microseconds.to_bytes(3, "big")]


def named(name: bytes) -> Event:
    """The track's name."""
    return 0, [0xFF, 3, len(name), *name]


def two_notes() -> bytes:
    """A plain good file: C4 for half a second, then E4 for half a second."""
    return smf(track(on(0, 60), off(480, 60), on(0, 64), off(480, 64)))


def rows(recording: Recording) -> list[tuple[int, int, float, float]]:
    """(pitch, velocity, start_s, end_s) to the tenth of a millisecond."""
    notes = recording.notes
    return [
        (int(pitch), int(velocity), round(float(start), 4), round(float(end), 4))
        for pitch, velocity, start, end in zip(notes.pitch, notes.velocity, notes.start_s, notes.end_s, strict=True)
    ]
