"""The bytes of a MIDI file, made regular before the parser sees them.

The parser (symusic) is strict about the container: it wants a 6-byte header, a true
track count, whole chunks and ticks per quarter note. Files in the field break each of
these and are still music, so `open_container` walks the chunks and mends them, and says
what it mended. Source: the Standard MIDI File 1.0 specification, and RP-029 for RMID.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from musictx.errors import MidiError

TICKS_PER_QUARTER_STAND_IN = 480  # what the parser is told when the file counts in SMPTE frames
MOST_TRACKS = 1024  # orchestras have a hundred; the header can count 65,535
SMPTE_FRAMES_PER_SECOND = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}

KNOWN_FILES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive (or a compressed score): unpack it or export MIDI",
    b"ID3": "an MP3",
    b"OggS": "an Ogg recording",
    b"fLaC": "a FLAC recording",
    b"<?xm": "an XML file (a MusicXML score?): export MIDI from its program",
    b"MThd": "a MIDI file",
}


END_OF_TRACK = b"\xff\x2f\x00"
EMPTY_TEXT = b"\xff\x01\x00"
# A note-off for every key of every channel, at one moment; the first one's delta time stands before them.
ALL_RELEASED = b"\x00".join(bytes([0x80 | channel, key, 0]) for channel in range(16) for key in range(128))


@dataclass(frozen=True)
class Container:
    """The tracks of a MIDI file and how it counts time.

    tracks: the events of each MTrk chunk.
    ticks_per_quarter: a stand-in if `ticks_per_second` is set.
    ticks_per_second: of a file that counts in SMPTE frames; its tempo map means nothing then.
    cut_off: the last track ended before its stated length.
    """

    tracks: tuple[bytes, ...]
    ticks_per_quarter: int
    ticks_per_second: float | None
    cut_off: bool

    def content(self) -> bytes:
        """A regular file of these tracks."""
        header = b"MThd" + struct.pack(">IHHH", 6, 1, len(self.tracks), self.ticks_per_quarter)
        return header + b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in self.tracks)

    def shortened(self, count: int) -> Container:
        """Without the last `count` bytes of the last track."""
        last = self.tracks[-1]
        return replace(self, tracks=(*self.tracks[:-1], last[: len(last) - count]))

    def released(self) -> Container:
        """With keys that are still down at the end of a track released there.

        The parser drops a note that no note-off ends, and stops at the first end of
        track even if events follow it (player-piano rolls scanned to MIDI have such
        tracks). The mark is replaced by an empty text; where the same three bytes are
        really a tempo or a delta time, that moves it by 0.3 %.
        """
        return replace(self, tracks=tuple(_released(track) for track in self.tracks))


def _released(track: bytes) -> bytes:
    if track.endswith(END_OF_TRACK):
        return track[: -len(END_OF_TRACK)].replace(END_OF_TRACK, EMPTY_TEXT) + ALL_RELEASED + b"\x00" + END_OF_TRACK
    return track + b"\x00" + ALL_RELEASED + b"\x00" + END_OF_TRACK


def open_container(content: bytes, name: str) -> Container:
    """Mends the container of the file `name`.

    Raises:
        MidiError: if this is not a MIDI file, or one without a track.
    """
    content = _unwrapped(content, name)
    header_size, _, _, division = struct.unpack(">IHHH", content[4:14])
    if header_size < 6:
        raise MidiError(f"{name} has a damaged MIDI header ({header_size} bytes of 6). Export it again.")
    tracks, cut_off = _tracks(content, 8 + header_size)
    if not tracks:
        raise MidiError(f"{name} is a MIDI header with no track in it: it looks cut off. Export or download it again.")
    if len(tracks) > MOST_TRACKS:
        raise MidiError(f"{name} has {len(tracks):,} tracks; at most {MOST_TRACKS:,} can be read. Export it again.")
    ticks_per_second = None
    if division & 0x8000:
        ticks_per_second = _smpte_rate(division, name)
        division = TICKS_PER_QUARTER_STAND_IN
    elif division == 0:
        raise MidiError(f"{name} says a quarter note has 0 ticks, so it has no time. Export it again.")
    return Container(tuple(tracks), division, ticks_per_second, cut_off)


def _unwrapped(content: bytes, name: str) -> bytes:
    """The Standard MIDI File inside `content` (RIFF-MIDI carries one in its data chunk)."""
    if not content:
        raise MidiError(f"{name} is empty (0 bytes). Choose the file again, or export it again.")
    if content[:4] == b"RIFF":
        start = content.find(b"MThd", 0, 4096)
        if content[8:12] != b"RMID" or start < 0:
            raise MidiError(f"{name} is a RIFF file without MIDI (perhaps a WAV recording). A .mid file is needed.")
        content = content[start:]
    if content[:4] != b"MThd":
        what = next((words for magic, words in KNOWN_FILES.items() if content.startswith(magic)), None)
        raise MidiError(
            f"{name} is not a MIDI file: it {f'looks like {what}' if what else 'does not begin with MThd'}. "
            "Choose a .mid or .midi file."
        )
    if len(content) < 14:
        raise MidiError(f"{name} ends inside its MIDI header ({len(content)} bytes): it looks cut off.")
    return content


def _tracks(content: bytes, at: int) -> tuple[list[bytes], bool]:
    """Every MTrk chunk, other chunks skipped; and whether the last one was cut off."""
    tracks: list[bytes] = []
    while at + 8 <= len(content):
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "big")
        body = content[at + 8 : at + 8 + size]
        if kind == b"MTrk":
            tracks.append(body)
            if len(body) < size:
                return tracks, True
        elif not kind.isalnum():
            break  # not a chunk: rubbish after the last track
        at += 8 + size
    return tracks, False


def _smpte_rate(division: int, name: str) -> float:
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in SMPTE_FRAMES_PER_SECOND or ticks == 0:
        raise MidiError(f"{name} counts time in {frames} frames of {ticks} ticks, which no MIDI device does.")
    return SMPTE_FRAMES_PER_SECOND[frames] * ticks
