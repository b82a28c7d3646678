"""Notes to a MIDI file, through mido."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musictx.errors import MidiError
from musictx.midi.bars import Bars, IntArray
from musictx.midi.messages import KEY, METER, TEMPO
from musictx.midi.notes import NoteSequence

MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")  # 7 flats to 7 sharps
MINOR_KEYS = ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m")


def import_writer() -> None:
    """Imports mido now, for programs with threads, before they have any.

    It walks its own names as it is imported, which failed once when the first import came from one of many threads.
    """
    import mido  # noqa: F401


def write_midi(
    notes: NoteSequence,
    path: str | Path,
    *,
    program: int = 0,
    name: str = "musictx",
    tempo_bpm: float = 120.0,
    bars: Bars | None = None,
    texts: Sequence[str] = (),
) -> Path:
    """Writes `notes` as a MIDI file of one instrument and returns its path.

    Times in seconds stay what they are to half a millisecond at any tempo.

    program: General MIDI instrument 0..127; name: the track's; tempo_bpm: for the bars of whoever opens it.
    bars: of the file that the notes come from; with them the notes lie on its bar lines, and `tempo_bpm` is not needed.
    texts: text events at the beginning of the first track. ASCII, the only letters that the standard knows, and without
    the word "MTrk", by which damaged files are mended.

    Raises:
        MidiError: if the file cannot be written.
    """
    import mido

    bars = (bars or Bars.steady(tempo_bpm)).finer()
    file = mido.MidiFile(type=1, ticks_per_beat=bars.ticks_per_quarter, charset="utf-8")
    assert all(text.isascii() and "MTrk" not in text for text in texts)
    said = [(0, mido.MetaMessage("text", text=text)) for text in texts]
    file.tracks.append(_track(said + [(int(mark[0]), _mark(*mark[1:].tolist())) for mark in bars.marks]))
    title = [(0, mido.MetaMessage("track_name", name=name)), (0, mido.Message("program_change", program=program))]
    file.tracks.append(_track(title + _keys(notes, bars)))
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file.save(path)
    except OSError as error:
        raise MidiError(f"the MIDI file {path} could not be written: {error.strerror or error}") from error
    return path


def _track(rows: list[tuple[int, Any]]) -> Any:
    """A mido track of messages at ticks, in order."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, message in rows:
        message.time, now = tick - now, tick
        track.append(message)
    track.append(mido.MetaMessage("end_of_track"))
    return track


def _mark(kind: int, first: int, second: int) -> Any:
    import mido

    if kind == TEMPO:
        return mido.MetaMessage("set_tempo", tempo=first)
    if kind == METER:
        return mido.MetaMessage("time_signature", numerator=first, denominator=second)
    assert kind == KEY, kind
    return mido.MetaMessage("key_signature", key=(MINOR_KEYS if second else MAJOR_KEYS)[first + 7])


def _keys(notes: NoteSequence, bars: Bars) -> list[tuple[int, Any]]:
    """Note-ons and note-offs; of one tick the note-offs first, so that none of them ends a note that begins there."""
    import mido

    start, end = _key_ticks(notes, bars)
    rows = [(tick, 0, key, 0) for tick, key in zip(end.tolist(), notes.pitch.tolist(), strict=True)]
    onset = zip(start.tolist(), notes.pitch.tolist(), notes.velocity.tolist(), strict=True)
    rows += [(tick, 1, key, velocity) for tick, key, velocity in onset]
    return [
        (tick, mido.Message("note_on" if is_on else "note_off", note=key, velocity=velocity))
        for tick, is_on, key, velocity in sorted(rows)
    ]


def _key_ticks(notes: NoteSequence, bars: Bars) -> tuple[IntArray, IntArray]:
    """When each key goes down and comes up: for a tick at least, and before it goes down again."""
    start, end = bars.ticks(notes.start_s), bars.ticks(notes.end_s)
    order = np.lexsort((start, notes.pitch))
    following = np.append(start[order][1:], np.iinfo(np.int64).max)
    following[:-1][np.diff(notes.pitch[order]) != 0] = np.iinfo(np.int64).max
    end[order] = np.maximum(np.minimum(end[order], following), start[order] + 1)
    return start, end
