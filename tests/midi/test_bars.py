"""What is written lies on the bar lines of the seed, and its times are right at any tempo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from musictx.midi.bars import Bars
from musictx.midi.files import read_midi, write_midi
from musictx.midi.notes import NoteSequence
from tests.midi.smf import Event, off, on, smf, tempo, track

WALTZ: list[Event] = [(0, [0xFF, 0x58, 4, 3, 2, 24, 8]), (0, [0xFF, 0x59, 2, 0xFD, 1])]  # 3/4, C minor


def marks(path: Path, kind: str) -> list[tuple[int, Any]]:
    """(tick, message) of one kind of meta event."""
    return [(tick, message) for tick, message in messages(path) if message.type == kind]


def messages(path: Path) -> list[tuple[int, Any]]:
    found = []
    for line in mido.MidiFile(path).tracks:
        tick = 0
        for message in line:
            tick += message.time
            found.append((tick, message))
    return found


def beats(path: Path) -> list[float]:
    """Where the notes begin, in quarter notes from the beginning of the file."""
    division = mido.MidiFile(path).ticks_per_beat
    return [tick / division for tick, message in messages(path) if message.type == "note_on"]


def seconds(path: Path) -> list[tuple[int, float, float]]:
    """Pitch, onset and end as a player hears them, a note-off ending its key."""
    now, down, found = 0.0, {}, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on":
            down[message.note] = now
        elif message.type == "note_off":
            found.append((message.note, down.pop(message.note), now))
    return sorted(found)


@pytest.mark.parametrize("bpm", [3.6, 10.0, 41.0, 60.0, 93.7, 120.0, 146.0, 400.0, 3000.0])
def test_times_are_right_at_any_tempo(tmp_path: Path, bpm: float) -> None:
    onsets = np.cumsum(np.random.default_rng(5).uniform(0.012, 2.0, 600))
    notes = NoteSequence.from_tuples((60 + index % 3, 64, onset, onset + 0.011) for index, onset in enumerate(onsets))
    heard = seconds(write_midi(notes, tmp_path / "a.mid", tempo_bpm=bpm))
    wanted = sorted(zip(notes.pitch.tolist(), notes.start_s.tolist(), notes.end_s.tolist(), strict=True))
    assert len(heard) == len(wanted)
    assert np.abs(np.array(heard) - np.array(wanted)).max() < 0.001


def test_no_note_is_cut_by_the_note_before_it_on_its_key(tmp_path: Path) -> None:
    notes = NoteSequence.from_tuples([(60, 64, 0.0, 1.0004), (60, 64, 1.0, 2.0), (60, 64, 2.0, 2.0001)])
    heard = seconds(write_midi(notes, tmp_path / "a.mid", tempo_bpm=120))
    assert [round(end - start, 2) for _, start, end in heard] == [1.0, 1.0, 0.0]
    assert all(end > start for _, start, end in heard)


def test_meter_and_key_are_written_back(tmp_path: Path) -> None:
    six_eight: Event = (960, [0xFF, 0x58, 4, 6, 3, 24, 8])
    recording = read_midi(smf(track(*WALTZ, on(0, 60), off(480, 60), six_eight, on(0, 62), off(480, 62))))
    path = write_midi(recording.notes, tmp_path / "a.mid", bars=recording.bars)
    division = mido.MidiFile(path).ticks_per_beat
    meters = [(tick / division, mark.numerator, mark.denominator) for tick, mark in marks(path, "time_signature")]
    assert meters == [(0, 3, 4), (3, 6, 8)]
    assert [mark.key for _, mark in marks(path, "key_signature")] == ["Cm"]


@pytest.mark.parametrize("rest", [480, 960, 1440 * 5 + 240])
def test_a_leading_rest_keeps_its_bar_lines(tmp_path: Path, rest: int) -> None:
    recording = read_midi(smf(track(*WALTZ, tempo(0, 700_000), on(rest, 60), off(480, 60), on(0, 62), off(480, 62))))
    assert recording.notes.start_s[0] == 0
    path = write_midi(recording.notes, tmp_path / "a.mid", bars=recording.bars)
    assert beats(path) == pytest.approx([rest / 480, rest / 480 + 1], abs=0.002)


def test_a_tempo_map_is_written_back_and_times_stay(tmp_path: Path) -> None:
    changing = track(tempo(0, 400_000), on(240, 60), off(480, 60), tempo(0, 900_000), on(240, 62), off(480, 62))
    recording = read_midi(smf(changing))
    path = write_midi(recording.notes, tmp_path / "a.mid", bars=recording.bars)
    assert beats(path) == pytest.approx([0.5, 2.0], abs=0.002)
    assert np.abs(read_midi(path).notes.end_s - recording.notes.end_s).max() < 0.001


def test_bars_from_a_second_on_begin_with_what_is_in_force_there() -> None:
    recording = read_midi(smf(track(*WALTZ, tempo(0, 600_000), on(480, 60), off(480 * 9, 60))))
    assert recording.bars is not None
    later = recording.bars.from_second(3.0)  # six quarter notes into the file: on a bar line
    assert later.first_s == pytest.approx(0.0, abs=0.001)
    upbeat = recording.bars.from_second(1.8)  # four quarter notes into it: the second beat of the second bar
    assert upbeat.first_s == pytest.approx(0.6, abs=0.001)
    assert {int(mark[1]) for mark in upbeat.marks} == {int(mark[1]) for mark in recording.bars.marks}
    assert set(upbeat.marks[:, 0].tolist()) == {0}


def test_another_tempo_from_a_second_on() -> None:
    bars = Bars.steady(60.0).and_tempo(2.0, 120.0)
    assert bars.ticks([0.0, 1.0, 2.0, 3.0]).tolist() == [0, 480, 960, 1920]
    assert len(bars.and_tempo(2.5, 120.0).marks) == len(bars.marks)  # it is in force already


def test_a_file_in_frames_has_no_bars() -> None:
    assert read_midi(smf(track(on(0, 60), off(480, 60)), division=0xE728)).bars is None
