"""Where the tracks lie among the bytes of a MIDI file, however damaged it is.

Files in the field have bytes before the header, wrong chunk lengths, pad bytes and rubbish between tracks, and are
still music. A track's stated length is believed where another chunk or the end of the file follows it; else the next
"MTrk" is looked for. Source: the Standard MIDI File 1.0 specification, and RP-029 for RMID.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from musictx.errors import MidiError

TICKS_PER_QUARTER_STAND_IN = 480  # of a file that counts in SMPTE frames, or has lost its header
MOST_TRACKS = 1024  # orchestras have a hundred; the header can count 65,535
SMPTE_FRAMES_PER_SECOND = {24: 24.0, 25: 25.0, 29: 30000 / 1001, 30: 30.0}
HEADER, TRACK = b"MThd", b"MTrk"
END_OF_TRACK = b"\xff\x2f\x00"

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
}


@dataclass(frozen=True)
class Container:
    """The tracks of a MIDI file and how it counts time.

    tracks: the events of each MTrk chunk; what follows a track's own end mark may be rubbish.
    are_sequences: the tracks are pieces of their own (format 2), to be played one after the other.
    ticks_per_quarter: a stand-in if `ticks_per_second` is set.
    ticks_per_second: of a file that counts in SMPTE frames; its tempo map means nothing then.
    losses: a sentence for each fault that was found.
    """

    tracks: tuple[bytes, ...]
    are_sequences: bool
    ticks_per_quarter: int
    ticks_per_second: float | None
    losses: tuple[str, ...]


def open_container(content: bytes, name: str) -> Container:
    """Finds the tracks of the file `name`.

    Raises:
        MidiError: if this is not a MIDI file, or one without a track or a count of time.
    """
    losses: list[str] = []
    midi_format, stated, division, at = _header(content, name, losses)
    tracks, total = _tracks(content, at, stated, losses)
    if not tracks:
        raise MidiError(f"{name} is a MIDI header with no track in it: it looks cut off. Export or download it again.")
    if total > MOST_TRACKS:
        raise MidiError(f"{name} has {total:,} tracks; at most {MOST_TRACKS:,} can be read. Export it again.")
    if stated != total:
        losses.append(f"The header counts {stated} track{'' if stated == 1 else 's'}; {total} were found.")
    ticks_per_second = None
    if division & 0x8000:
        ticks_per_second = _smpte_rate(division, name)
        division = TICKS_PER_QUARTER_STAND_IN
    elif division == 0:
        raise MidiError(f"{name} says a quarter note has 0 ticks, so it has no time. Export it again.")
    return Container(tuple(tracks), midi_format == 2, division, ticks_per_second, tuple(losses))


def _header(content: bytes, name: str, losses: list[str]) -> tuple[int, int, int, int]:
    """Format, number of tracks, division, and where the chunks behind the header begin."""
    at = _start(content, name)
    if at < 0:  # tracks without a header
        losses.append("The file has no header: 480 ticks a quarter note were assumed.")
        first = content.find(TRACK)
        return 1, content.count(TRACK, first), TICKS_PER_QUARTER_STAND_IN, first
    if len(content) < at + 14:
        raise MidiError(f"{name} ends inside its MIDI header ({len(content) - at} bytes): it looks cut off.")
    size, midi_format, stated, division = struct.unpack(">IHHH", content[at + 4 : at + 14])
    behind = at + 8 + size
    if size < 6 or content[behind : behind + 4] != TRACK:
        found = content.find(TRACK, at + 14)
        if size < 6 or (size > 6 and found >= 0 and not _is_chunk(content, behind)):
            losses.append(f"The header says it has {size} bytes instead of 6.")
            behind = found if found >= 0 else at + 14
    return midi_format, stated, division, behind


def _start(content: bytes, name: str) -> int:
    """Where the header begins; -1 if there are only tracks."""
    if not content:
        raise MidiError(f"{name} is empty (0 bytes). Choose the file again, or export it again.")
    if content[:4] == b"RIFF" and content[8:12] != b"RMID":
        raise MidiError(f"{name} is a RIFF file without MIDI (perhaps a WAV recording). A .mid file is needed.")
    what = next((words for magic, words in KNOWN_FILES.items() if content.startswith(magic)), None)
    at = content.find(HEADER) if what is None else -1
    if at < 0 and _nearly(content[:4], HEADER):
        return 0
    if at < 0 and (what or TRACK not in content):
        raise MidiError(
            f"{name} is not a MIDI file: it {f'looks like {what}' if what else 'does not begin with MThd'}. "
            "Choose a .mid or .midi file."
        )
    return at


def _tracks(content: bytes, at: int, stated: int, losses: list[str]) -> tuple[list[bytes], int]:
    """The bodies of the first tracks, and how many there are in all; other chunks are skipped."""
    tracks: list[bytes] = []
    total = displaced = 0
    while at + 8 <= len(content):
        if not _nearly(content[at : at + 4], TRACK):
            following = _next_chunk(content, at)
            displaced += content[at : at + 4] != TRACK and following < len(content) and not _is_chunk(content, at)
            at = following
            continue
        size = int.from_bytes(content[at + 4 : at + 8], "big")
        begin, end = at + 8, at + 8 + size
        stop = _stop(content, begin, end, total + 1 < stated)
        body = content[begin:stop]
        if stop == len(content) < end and not body.endswith(END_OF_TRACK):
            losses.append("The file ends in the middle of a track: what came before the cut was read.")
        elif stop != end:
            displaced += 1
        total += 1
        if total <= MOST_TRACKS:
            tracks.append(body)
        at = stop
    if displaced:
        losses.append(
            f"{displaced} track{' has a wrong length' if displaced == 1 else 's have wrong lengths'} "
            "or rubbish before it; what could be read was read."
        )
    return tracks, total


def _stop(content: bytes, begin: int, end: int, more_wanted: bool) -> int:
    """Where the track beginning at `begin`, said to end at `end`, really ends."""
    inner = content.find(TRACK, begin)
    follows = end == len(content) or (end < len(content) and _is_chunk(content, end))
    if inner < 0 or inner == end:
        if end >= len(content) or follows or content[begin:end].endswith(END_OF_TRACK):
            return min(end, len(content))
        return len(content)  # too short a length on the last track
    if inner > end:
        if follows or content[begin:end].endswith(END_OF_TRACK):
            return end
        return inner  # too short a length, or rubbish behind a track without an end mark
    # "MTrk" inside the stated length: the next track, unless it stands in a text of a file that is whole.
    if content[begin:inner].endswith(END_OF_TRACK) or more_wanted or not follows:
        return inner
    return end


def _next_chunk(content: bytes, at: int) -> int:
    """Where to look on from `at`, which is no track: behind a chunk of another kind, else at the next track."""
    found = content.find(TRACK, at)
    found = len(content) if found < 0 else found
    behind = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
    return behind if content[at : at + 4].isalnum() and behind <= found else found


def _nearly(found: bytes, wanted: bytes) -> bool:
    """Whether at most one of the four bytes is wrong."""
    return len(found) == len(wanted) and sum(one != other for one, other in zip(found, wanted, strict=True)) <= 1


def _is_chunk(content: bytes, at: int) -> bool:
    """Whether a chunk may begin at `at`: a name of four letters, and a length that stays within the file."""
    kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "big")
    return kind == TRACK or (len(kind) == 4 and kind.isalnum() and at + 8 + size <= len(content))


def _smpte_rate(division: int, name: str) -> float:
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in SMPTE_FRAMES_PER_SECOND or ticks == 0:
        raise MidiError(f"{name} counts time in {frames} frames of {ticks} ticks, which no MIDI device does.")
    return SMPTE_FRAMES_PER_SECOND[frames] * ticks
