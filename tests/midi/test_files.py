"""Reading and writing: formats of the field, built byte by byte or by pretty_midi."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from musictx.errors import MidiError
from musictx.midi.files import SeedLimits, check_seed, read_midi, write_midi
from musictx.midi.notes import NoteSequence
from tests.midi.smf import named, off, on, program, rows, smf, tempo, track, two_notes


def test_a_plain_file() -> None:
    recording = read_midi(two_notes())
    assert rows(recording) == [(60, 80, 0.0, 0.5), (64, 80, 0.5, 1.0)]
    assert recording.tempo_bpm is None
    assert recording.pedal_presses == 0
    assert recording.warnings == ()


def test_a_path_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ünï çode.MID"
    path.write_bytes(two_notes())
    assert read_midi(path).notes == read_midi(str(path)).notes == read_midi(two_notes()).notes


def test_running_status_and_note_on_of_velocity_0() -> None:
    chord = track(on(0, 60), (0, [64, 70]), (480, [60, 0]), (0, [64, 0]))
    assert rows(read_midi(smf(chord))) == [(60, 80, 0.0, 0.5), (64, 70, 0.0, 0.5)]


def test_type_0_with_several_channels_is_taken_apart() -> None:
    events = [program(0, 0), program(40, 1), on(0, 60), on(0, 70, channel=1), on(0, 36, channel=9)]
    events += [off(480, 60), off(0, 70, channel=1), off(0, 36, channel=9)]
    recording = read_midi(smf(track(*events), midi_format=0))
    assert rows(recording) == [(60, 80, 0.0, 0.5)]
    assert [(fact.program, fact.is_drum, fact.kept) for fact in recording.tracks] == [
        (0, False, True),
        (40, False, False),
        (0, True, False),
    ]


def test_tracks_are_merged_and_named() -> None:
    recording = read_midi(
        smf(
            track(tempo(0, 500_000)),
            track(named(b"Right "), on(0, 72), off(480, 72)),
            track(named(b"Left"), on(240, 48), off(480, 48)),
        )
    )
    assert rows(recording) == [(72, 80, 0.0, 0.5), (48, 80, 0.25, 0.75)]
    assert [fact.name for fact in recording.tracks] == ["Right", "Left"]


def test_a_track_name_that_is_not_utf8_is_no_obstacle() -> None:
    recording = read_midi(smf(track(named(b"Fran\xe7ais"), on(0, 60), off(480, 60))))
    assert recording.tracks[0].name.startswith("Fran")


def test_times_go_through_the_tempo_map() -> None:
    conductor = track(tempo(0, 1_000_000), tempo(480, 250_000), tempo(480, 750_000))
    scale = track(*[event for pitch in range(60, 64) for event in (on(0, pitch), off(480, pitch))])
    assert rows(read_midi(smf(conductor, scale))) == [
        (60, 80, 0.0, 1.0),
        (61, 80, 1.0, 1.25),
        (62, 80, 1.25, 2.0),
        (63, 80, 2.0, 2.75),
    ]


def test_a_note_across_a_tempo_change_and_the_tempo_of_most_of_the_time() -> None:
    recording = read_midi(smf(track(tempo(0, 500_000), tempo(240, 1_000_000)), track(on(0, 60), off(960, 60))))
    assert rows(recording) == [(60, 80, 0.0, 1.75)]
    assert recording.tempo_bpm == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("frames", "per_second"), [(24, 24.0), (25, 25.0), (29, 30000 / 1001), (30, 30.0)], ids=["24", "25", "29.97", "30"]
)
def test_smpte_time_ignores_the_tempo(frames: int, per_second: float) -> None:
    division = ((256 - frames) << 8) | 40
    recording = read_midi(smf(track(tempo(0, 123_456), on(0, 60), off(1000, 60)), division=division))
    assert recording.notes.end_s[0] == pytest.approx(1000 / (per_second * 40))
    assert recording.tempo_bpm is None


def test_impossible_tempos_are_ignored_and_said() -> None:
    recording = read_midi(smf(track(tempo(0, 0), tempo(0, 17), on(0, 60), off(480, 60))))
    assert rows(recording) == [(60, 80, 0.0, 0.5)]
    assert "2 impossible tempo" in recording.warnings[0]


def test_silence_before_the_first_note_is_cut() -> None:
    assert rows(read_midi(smf(track(on(4800, 60), off(480, 60)))))[0][2:] == (0.0, 0.5)


def test_ten_thousand_notes_at_once_are_at_most_128_keys() -> None:
    struck = [on(0, index % 128, 1 + index % 127) for index in range(10_000)]
    released = [off(480 if index == 0 else 0, index % 128) for index in range(10_000)]
    recording = read_midi(smf(track(*struck, *released)))
    assert recording.tracks[0].notes == 10_000
    assert len(recording.notes) == 128
    assert recording.notes.velocity.min() > 75  # of the strikes of a key the loudest is kept
    assert set(recording.notes.end_s.tolist()) == {0.5}


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [(SeedLimits(length_s=0.9), "at most"), (SeedLimits(notes=1), "2 notes; at most 1")],
    ids=["length", "notes"],
)
def test_a_seed_past_its_limits_is_refused(limits: SeedLimits, sentence: str) -> None:
    with pytest.raises(MidiError, match=sentence):
        check_seed(read_midi(two_notes()), limits)
    check_seed(read_midi(two_notes()), SeedLimits())


def random_notes(count: int) -> NoteSequence:
    draw = np.random.default_rng(3)
    start_s = np.sort(draw.uniform(0, count / 8, count))
    start_s -= start_s[0]
    end_s = start_s + draw.uniform(0.02, 1.0, count)
    pitch = np.arange(count) % 60 + 30  # a key comes again only after 60 notes: no overlaps
    velocity = draw.integers(1, 128, count)
    return NoteSequence.from_tuples(zip(pitch, velocity, start_s, end_s, strict=True))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    notes = random_notes(500)
    path = write_midi(notes, tmp_path / "new" / "take.mid", name="My take", tempo_bpm=96.0)
    recording = read_midi(path)
    assert np.array_equal(recording.notes.pitch, notes.pitch)
    assert np.array_equal(recording.notes.velocity, notes.velocity)
    assert np.abs(recording.notes.start_s - notes.start_s).max() < 0.0015
    assert np.abs(recording.notes.end_s - notes.end_s).max() < 0.0015
    assert recording.tempo_bpm == pytest.approx(96.0, rel=1e-4)
    assert recording.tracks[0].name == "My take"


def test_a_key_played_again_the_moment_it_is_let_go_stays_two_notes(tmp_path: Path) -> None:
    repeated = [(60, 64 + index, index / 100, (index + 1) / 100) for index in range(20)]
    notes = NoteSequence.from_tuples(repeated)
    back = read_midi(write_midi(notes, tmp_path / "repeated.mid")).notes
    assert back.velocity.tolist() == notes.velocity.tolist()
    assert np.abs(back.end_s - notes.end_s).max() < 0.0015


def test_the_program_is_written(tmp_path: Path) -> None:
    path = write_midi(random_notes(3), tmp_path / "organ.mid", program=19)
    assert pretty_midi.PrettyMIDI(str(path)).instruments[0].program == 19


def test_no_notes_write_a_file_that_says_so(tmp_path: Path) -> None:
    path = write_midi(NoteSequence.empty(), tmp_path / "empty.mid")
    with pytest.raises(MidiError, match="no notes"):
        read_midi(path)


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MidiError, match="could not be written"):
        write_midi(random_notes(3), tmp_path / "file" / "take.mid")


def test_pretty_midi_reads_the_same_notes() -> None:
    midi = pretty_midi.PrettyMIDI(initial_tempo=133.0)
    for low in (30, 70):
        hand = pretty_midi.Instrument(0)
        notes = random_notes(200)
        for index in range(200):
            begin = float(notes.start_s[index])
            hand.notes.append(pretty_midi.Note(64, low + index % 20, begin, begin + 0.05))
        midi.instruments.append(hand)
    file = io.BytesIO()
    midi.write(file)
    theirs = pretty_midi.PrettyMIDI(io.BytesIO(file.getvalue()))
    expected = sorted((note.start, note.pitch, note.end) for hand in theirs.instruments for note in hand.notes)
    ours = read_midi(file.getvalue()).notes
    first_s = expected[0][0]
    assert [int(pitch) for pitch in ours.pitch] == [pitch for _, pitch, _ in expected]
    assert np.allclose(ours.start_s, [start - first_s for start, _, _ in expected], atol=1e-6)
    assert np.allclose(ours.end_s, [end - first_s for _, _, end in expected], atol=1e-6)
