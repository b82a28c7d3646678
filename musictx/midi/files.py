"""MIDI files to notes and back.

Reading is done by symusic, chosen with `benchmarks/readers.py`; writing by pretty_midi.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musictx.errors import MidiError
from musictx.midi.container import Container, open_container
from musictx.midi.notes import NoteSequence
from musictx.midi.tracks import Clock, choose_tracks, sounding_notes

if TYPE_CHECKING:
    from symusic.types import Score

LARGEST_FILE_BYTES = 64 * 2**20  # sanity, not a musical limit; a seed's limits are in SeedLimits
MOST_BYTES_TO_TRIM = 16  # of a track that was cut off inside an event
TICKS_PER_QUARTER = 480  # of written files: at 120 bpm a tick is 1 ms


@dataclass(frozen=True)
class TrackFacts:
    """One track of a file as the reader found it; `kept` if its notes were taken."""

    name: str
    program: int
    is_drum: bool
    notes: int
    kept: bool


@dataclass(frozen=True)
class Recording:
    """What a file held.

    notes: of the kept tracks, pedal applied, the first onset at 0 s.
    tracks: every track that had notes.
    tempo_bpm: the tempo in force for the middle of the music's time (time-weighted median); None if the file sets none.
    pedal_presses: of the sustain pedal, on the kept tracks.
    warnings: sentences for the user.
    """

    notes: NoteSequence
    tracks: tuple[TrackFacts, ...]
    tempo_bpm: float | None
    pedal_presses: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SeedLimits:
    """The largest seed the studio takes; `read_midi` itself takes far more."""

    file_bytes: int = 2 * 2**20
    length_s: float = 20 * 60.0
    notes: int = 20_000


def read_midi(source: str | Path | bytes) -> Recording:
    """Reads a file, or its bytes, into the notes a piano would sound.

    Drums are dropped. Tracks with a piano program (0-7) are kept; if there is none, all
    pitched tracks are, played as piano, and a warning says so. The sustain pedal
    extends notes to its release; a piano has one pedal, so the pedal of any kept piano
    track holds the notes of all of them, while other instruments hold only their own.
    Notes after the last pedal event are kept, a pedal never released ends with the
    file; a pedal on a track without notes is not seen. A note ends where the next of its
    pitch starts. Silence before the first note is cut.

    Raises:
        MidiError: saying what was received and what to do, for anything unusable:
            no MIDI file, a damaged one, no notes to play, over 64 MB or 6 hours.
    """
    content, name = _content(source)
    container = open_container(content, name)
    warnings: list[str] = []
    score = _parse(container, name, warnings)
    tracks = list(score.tracks)
    kept, are_pianos = choose_tracks(tracks, name, warnings)
    clock = Clock(score, container.ticks_per_second, warnings)
    notes, presses = sounding_notes([tracks[index] for index in kept], are_pianos, clock, name)
    facts = tuple(
        TrackFacts(track.name.strip(), int(track.program), bool(track.is_drum), len(track.notes), index in kept)
        for index, track in enumerate(tracks)
        if len(track.notes)
    )
    tempo_bpm = clock.tempo_bpm(score.start(), score.end())
    return Recording(notes, facts, tempo_bpm, presses, tuple(warnings))


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


def write_midi(
    notes: NoteSequence, path: str | Path, *, program: int = 0, name: str = "musictx", tempo_bpm: float = 120.0
) -> Path:
    """Writes `notes` as a MIDI file of one track and returns its path.

    program: General MIDI instrument 0..127; name: the track's; tempo_bpm: for the bars of whoever opens it,
    times in seconds stay what they are to about a millisecond.

    Raises:
        MidiError: if the file cannot be written.
    """
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(resolution=TICKS_PER_QUARTER, initial_tempo=tempo_bpm)
    track = pretty_midi.Instrument(program=program, name=name)
    columns = (column.tolist() for column in (notes.velocity, notes.pitch, notes.start_s, notes.end_s))
    track.notes = [pretty_midi.Note(*row) for row in zip(*columns, strict=True)]
    midi.instruments.append(track)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        midi.write(str(path))
    except OSError as error:
        raise MidiError(f"the MIDI file {path} could not be written: {error.strerror or error}") from error
    return path


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


def _parse(container: Container, name: str, warnings: list[str]) -> Score:
    """The parsed file; of one that was cut off, all up to its last whole event."""
    complaint = ""
    for trimmed in range(MOST_BYTES_TO_TRIM if container.cut_off else 1):
        whole = container.shortened(trimmed)
        try:
            score = _score(whole)
        except RuntimeError as error:
            complaint = complaint or str(error).removeprefix("MiniMidi: ").split("!")[0]
            continue
        if container.cut_off:
            warnings.append("The file ends in the middle of a track: what came before the cut was read.")
        with contextlib.suppress(RuntimeError):  # rubbish after the end of a track: it stays unread
            return _score(whole.released())
        return score
    raise MidiError(f"{name} is damaged and cannot be read ({complaint}). Export or download it again.")


def _score(container: Container) -> Score:
    import symusic

    # Sanitised: a data byte above 127 is clipped, as players do, instead of refusing the file.
    return symusic.Score.from_midi(container.content(), sanitize_data=True)
