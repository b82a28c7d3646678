"""The messages of MIDI: their numbers, and where in a track they may stand."""

from __future__ import annotations

import re

import numpy as np

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x8, 0x9, 0xB, 0xC  # kinds of channel messages: the upper half of their status
META = 0x100  # kinds of meta events: their type and this
TEXT, NAME, PORT, END_OF_TRACK = (META + kind for kind in (0x01, 0x03, 0x21, 0x2F))
TEMPO, METER, KEY = (META + kind for kind in (0x51, 0x58, 0x59))
TEXTS = range(META + 0x01, META + 0x10)
SUSTAIN, SOSTENUTO, SOFT = 64, 66, 67  # controllers
ALL_SOUND_OFF, RESET, ALL_NOTES_OFF = 120, 121, 123  # 124 to 127 change the mode and let go of all keys as well

KEPT_CONTROLS = np.zeros(256, bool)  # that a piano hears; 122, local control, it does not
KEPT_CONTROLS[[SUSTAIN, SOSTENUTO, SOFT, ALL_SOUND_OFF, RESET, *range(ALL_NOTES_OFF, 128)]] = True
KEPT_CONTROLS.setflags(write=False)
SURE = 4  # events in a row that make sense: what follows a damaged place

META_SIZES = {PORT: 1, END_OF_TRACK: 0, TEMPO: 3, METER: 4, KEY: 2}
STRAY_SIZES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # system messages that have no place in a file; the others have no data
# Where an event may begin: a delta time, a status byte, and data as it wants them.
PLAUSIBLE = re.compile(
    rb"[\x80-\xff]{0,3}[\x00-\x7f](?:[\x80-\xbf\xe0-\xef][\x00-\x7f]{2}|[\xc0-\xdf][\x00-\x7f]|\xff[\x00-\x7f]|\xf0)"
)


def next_place(body: bytes, at: int) -> int:
    """The first place from `at` on where an event with a status byte begins and others follow it; else the end."""
    while match := PLAUSIBLE.search(body, at):
        if makes_sense(body, match.start(), 0):
            return match.start()
        at = match.start() + 1
    return len(body)


def makes_sense(body: bytes, at: int, running: int) -> bool:
    """Whether a few events from `at` on, or all up to the end, are as they should be.

    running: the status in force, 0 for none.
    """
    end = len(body)
    for _ in range(SURE):
        before = at
        _, at = quantity(body, at)
        if at < 0:
            return end - before < 4  # cut off here, which is another fault
        if at == end:
            return True
        status = body[at] if body[at] >= 0x80 else running
        at += body[at] >= 0x80
        if 0x80 <= status < 0xF0:
            data = body[at : at + (1 if 0xC0 <= status < 0xE0 else 2)]
            at, running = at + len(data), status
            if data and max(data) >= 0x80:
                return False
            continue
        if status not in (0xF0, 0xF7, 0xFF):
            return False
        kind = body[at] if status == 0xFF and at < end else 0
        length, start = quantity(body, at + (status == 0xFF))
        at = start + length
        if kind >= 0x80 or start < 0 or at > end:
            return False
        if META + kind == END_OF_TRACK:
            return length == 0
    return True


def quantity(body: bytes, at: int) -> tuple[int, int]:
    """The number of variable length at `at`, and where it ends: -1 if it is longer than four bytes or cut off."""
    value = 0
    for place in range(at, min(at + 4, len(body))):
        byte = body[place]
        value = value << 7 | (byte & 0x7F)
        if byte < 0x80:
            return value, place + 1
    return value, -1


def text(data: bytes) -> str:
    """Text as programs write it: UTF-8, or else one byte a letter."""
    try:
        return data.decode("utf-8").strip("\0 \t\r\n")
    except UnicodeDecodeError:
        return data.decode("latin-1").strip("\0 \t\r\n")


def is_no_text(data: bytes) -> bool:
    """Whether bytes that should be text hold what no text does."""
    return any(byte < 0x20 and byte not in b"\0\t\n\r\f\x1b" for byte in data) or b"\0" in data.rstrip(b"\0")
