"""MIDI files to notes and back.

Reading is one pass of our own (`benchmarks/readers.py` sets it beside other readers); `writing.py` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musictx.errors import MidiError
from musictx.midi.bars import Bars
from musictx.midi.clock import Clock
from musictx.midi.container import open_container
from musictx.midi.events import programs, read_events
from musictx.midi.notes import NoteSequence
from musictx.midi.performance import play
from musictx.midi.tracks import TrackFacts, among, choose, facts, sounding, unplayed_pedals
from musictx.midi.writing import write_midi

__all__ = ["MIDI_SUFFIXES", "Recording", "SeedLimits", "TrackFacts", "check_seed", "read_midi", "write_midi"]

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi", ".smf")  # of files that are read: karaoke and RIFF are MIDI too
LARGEST_FILE_BYTES = 64 * 2**20  # sanity, not a musical limit; a seed's limits are in SeedLimits


@dataclass(frozen=True)
class Recording:
    """What a file held.

    notes: of the kept tracks, pedal applied, the first onset at 0 s.
    tracks: every track that had notes.
    tempo_bpm: the tempo in force for the middle of the music's time (time-weighted median); None if the file sets none.
    pedal_presses: of the sustain pedal, on the channels of kept notes.
    warnings: sentences for the user.
    end_s: where the music ends: behind the last note's end if a rest closes it.
    bars: tempo, time and key signatures as the file sets them; None if it counts in SMPTE frames.
    texts: the first text events, track by track; what they say is up to whoever reads them.
    """

    notes: NoteSequence
    tracks: tuple[TrackFacts, ...]
    tempo_bpm: float | None
    pedal_presses: int
    warnings: tuple[str, ...]
    end_s: float = 0.0
    bars: Bars | None = None
    texts: tuple[str, ...] = ()

    @property
    def length_s(self) -> float:
        """From the first onset to where the music ends."""
        return max(self.notes.duration_s, self.end_s)


@dataclass(frozen=True)
class SeedLimits:
    """The largest seed the studio takes; `read_midi` itself takes far more."""

    file_bytes: int = 2 * 2**20
    length_s: float = 20 * 60.0
    notes: int = 20_000


def read_midi(source: str | Path | bytes) -> Recording:
    """Reads a file, or its bytes, into the notes a piano would sound.

    Drums are dropped. Notes of a piano program (0-7) are kept; if there is none, all pitched ones are, played as piano,
    and a warning says so. Keys, pedals and resets act on their channel, whichever track they stand in, in the order of
    the file: see `performance.py`. Silence before the first note is cut, a rest at the end that the file's end mark
    means is `end_s`. What cannot be understood is skipped and said.

    Raises:
        MidiError: saying what was received and what to do, for anything unusable:
            no MIDI file, no notes to play, over 64 MB, 6 hours or 2,000,000 events.
    """
    content, name = _content(source)
    container = open_container(content, name)
    warnings = list(container.losses)
    events = read_events(container, name, warnings)
    played = play(events)
    program = programs(events, played.onset)
    kept = choose(events, played.onset, program, name, warnings)
    clock = Clock(events, container, warnings)
    sound = sounding(events, played, kept, clock, name, warnings)
    onsets = played.onset[kept]
    parts = np.unique(events.part[onsets])
    warnings += unplayed_pedals(events, parts)
    presses = played.presses[among(events.part[played.presses], parts)]
    tempo_bpm = clock.tempo_bpm(int(events.tick[onsets[0]]), int(events.tick[-1]))
    return Recording(
        sound.notes,
        facts(events, played.onset, program, kept),
        tempo_bpm,
        np.unique(events.tick[presses]).size,
        tuple(warnings),
        sound.end_s,
        Bars.of(events, clock, sound.first_s),
        events.texts,
    )


def check_seed(recording: Recording, limits: SeedLimits) -> None:
    """Refuses a recording too long to be a seed.

    Raises:
        MidiError: saying which limit it passes and by how much.
    """
    length_s, notes = recording.notes.duration_s, len(recording.notes)
    if length_s > limits.length_s:
        raise MidiError(
            f"This seed lasts {length_s / 60:.0f} minutes; at most {limits.length_s / 60:.0f} are taken. "
            "Cut a passage out of it in a MIDI editor: only its last minute or so is used anyway."
        )
    if notes > limits.notes:
        raise MidiError(f"This seed has {notes:,} notes; at most {limits.notes:,} are taken. Cut a passage out of it.")


def _content(source: str | Path | bytes) -> tuple[bytes, str]:
    """The bytes of `source` and what to call it in a message."""
    if isinstance(source, bytes):
        content, name = source, "the data"
    else:
        name = Path(source).name
        try:
            size = Path(source).stat().st_size
            content = Path(source).read_bytes() if size <= LARGEST_FILE_BYTES else b""
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise MidiError(f"{name} could not be opened: {getattr(error, 'strerror', None) or error}.") from error
        if size > LARGEST_FILE_BYTES:
            raise _too_large(name, size)
    if len(content) > LARGEST_FILE_BYTES:
        raise _too_large(name, len(content))
    return content, name


def _too_large(name: str, size: int) -> MidiError:
    return MidiError(
        f"{name} has {size / 2**20:,.0f} MB; a MIDI file of at most {LARGEST_FILE_BYTES / 2**20:.0f} MB can be read. "
        "Cut a passage out of it in a MIDI editor."
    )
