"""Reading and writing: files of the field, built byte by byte or by pretty_midi."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.errors import MidiError
from musictx.midi.files import Recording, SeedLimits, check_seed, read_midi, write_midi
from musictx.midi.notes import NoteSequence
from tests.midi.smf import END, named, off, on, pedal, program, smf, tempo, track, two_notes

TENTH = 96  # ticks: 0.1 s at 480 a quarter note and 120 bpm


def rows(recording: Recording) -> list[tuple[int, int, float, float]]:
    """(pitch, velocity, start_s, end_s) to the tenth of a millisecond."""
    notes = recording.notes
    return [
        (int(pitch), int(velocity), round(float(start), 4), round(float(end), 4))
        for pitch, velocity, start, end in zip(notes.pitch, notes.velocity, notes.start_s, notes.end_s, strict=True)
    ]


# --- formats -----------------------------------------------------------------------------------------------------


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


# --- keys --------------------------------------------------------------------------------------------------------


def test_a_key_struck_again_ends_its_former_note() -> None:
    struck_twice = track(on(0, 60), on(TENTH, 60, 90), off(TENTH, 60), off(TENTH, 60))
    assert rows(read_midi(smf(struck_twice))) == [(60, 80, 0.0, 0.1), (60, 90, 0.1, 0.2)]


def test_a_missing_note_off_prolongs_no_later_note() -> None:
    first_never_released = track(
        on(0, 60), on(TENTH, 60), off(TENTH, 60), on(TENTH, 60), off(TENTH, 60), on(TENTH, 60), off(TENTH, 60)
    )
    assert [row[2:] for row in rows(read_midi(smf(first_never_released)))] == [
        (0.0, 0.1),
        (0.1, 0.2),
        (0.3, 0.4),
        (0.5, 0.6),
    ]


def test_notes_of_one_pitch_on_two_tracks_become_one_sound() -> None:
    melody = track(on(0, 60, 60), off(5 * TENTH, 60), on(0, 60, 50), off(TENTH, 60))
    harmony = track(on(0, 60, 90), off(3 * TENTH, 60))
    assert rows(read_midi(smf(melody, harmony))) == [(60, 90, 0.0, 0.5), (60, 50, 0.5, 0.6)]


def test_a_key_never_released_ends_with_its_track() -> None:
    recording = read_midi(smf(track(on(0, 60), on(0, 64), off(480, 64), (480, END[1]), end=False)))
    assert rows(recording) == [(60, 80, 0.0, 1.0), (64, 80, 0.0, 0.5)]


def test_events_after_a_premature_end_of_track_are_read() -> None:
    recording = read_midi(smf(track(on(0, 60), off(480, 60), END, on(0, 64), off(480, 64))))
    assert rows(recording) == [(60, 80, 0.0, 0.5), (64, 80, 0.5, 1.0)]


def test_a_note_of_no_length_gets_ten_milliseconds() -> None:
    assert rows(read_midi(smf(track(on(0, 60), off(0, 60))))) == [(60, 80, 0.0, 0.01)]


# --- pedal -------------------------------------------------------------------------------------------------------


def test_the_pedal_holds_notes_until_it_comes_up() -> None:
    held = track(pedal(0, 127), on(0, 60), off(TENTH, 60), pedal(4 * TENTH, 0), on(TENTH, 62), off(TENTH, 62))
    recording = read_midi(smf(held))
    assert rows(recording) == [(60, 80, 0.0, 0.5), (62, 80, 0.6, 0.7)]  # and the note after the last pedal is there
    assert recording.pedal_presses == 1


def test_half_pedal_counts_from_64() -> None:
    def end_s(value: int) -> float:
        held = track(pedal(0, value), on(0, 60), off(TENTH, 60), pedal(4 * TENTH, 63))
        return rows(read_midi(smf(held)))[0][3]

    assert (end_s(63), end_s(64)) == (0.1, 0.5)


def test_a_key_struck_again_under_the_pedal_starts_afresh() -> None:
    held = track(pedal(0, 127), on(0, 60), off(TENTH, 60), on(TENTH, 60), off(TENTH, 60), pedal(2 * TENTH, 0))
    assert [row[2:] for row in rows(read_midi(smf(held)))] == [(0.0, 0.2), (0.2, 0.5)]


def test_a_pedal_never_released_ends_with_the_file() -> None:
    held = track(pedal(0, 127), on(0, 60), off(TENTH, 60), on(TENTH, 62), off(TENTH, 62))
    assert [row[3] for row in rows(read_midi(smf(held)))] == [0.3, 0.3]


def test_one_hand_s_pedal_holds_both_hands() -> None:
    right = track(program(0), on(0, 72), off(TENTH, 72))
    left = track(program(0), pedal(0, 127), on(0, 48), off(2 * TENTH, 48), pedal(3 * TENTH, 0))
    recording = read_midi(smf(right, left))
    assert [row[3] for row in rows(recording)] == [0.5, 0.5]
    assert recording.pedal_presses == 1


def test_the_same_pedal_on_both_hands_is_counted_once() -> None:
    hands = [
        track(pedal(0, 127), on(0, pitch), off(TENTH, pitch), pedal(TENTH, 0), pedal(TENTH, 127), pedal(TENTH, 0))
        for pitch in (72, 48)
    ]
    assert read_midi(smf(*hands)).pedal_presses == 2


def test_an_instrument_that_is_no_piano_has_its_own_pedal() -> None:
    strings = track(program(48), on(0, 72), off(TENTH, 72))
    harp = track(program(46), pedal(0, 127), on(0, 48), off(TENTH, 48), pedal(4 * TENTH, 0))
    assert [row[3] for row in rows(read_midi(smf(strings, harp)))] == [0.5, 0.1]


def test_a_dropped_track_s_pedal_holds_nothing() -> None:
    piano = track(on(0, 72), off(TENTH, 72))
    harp = track(program(46, 1), pedal(0, 127, 1), on(0, 48, channel=1), off(TENTH, 48, 1), pedal(4 * TENTH, 0, 1))
    recording = read_midi(smf(piano, harp))
    assert rows(recording) == [(72, 80, 0.0, 0.1)]
    assert recording.pedal_presses == 0


# --- which tracks ------------------------------------------------------------------------------------------------


def test_without_a_piano_the_other_instruments_are_played_as_one() -> None:
    flute, helicopter = track(program(73), on(0, 72), off(TENTH, 72)), track(program(125), on(0, 60), off(TENTH, 60))
    recording = read_midi(smf(flute, helicopter))
    assert [row[0] for row in rows(recording)] == [72]
    assert "no piano" in recording.warnings[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (smf(track(tempo(0, 500_000))), "holds no notes"),
        (smf(track(on(0, 36, channel=9), off(480, 36, 9))), "only drums"),
        (smf(track(program(127), on(0, 60), off(480, 60))), "only sound effects"),
    ],
    ids=["no notes", "drums", "effects"],
)
def test_nothing_for_a_piano_is_said(content: bytes, sentence: str) -> None:
    with pytest.raises(MidiError, match=sentence):
        read_midi(content)


# --- damage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG picture"),
        (b"PK\x03\x04" + bytes(200), "zip archive"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(200), "WAV recording"),
        (b"hello, this is no music at all", "does not begin with MThd"),
        (b"MThd\x00\x00", "cut off"),
        (two_notes()[:14], "no track"),
        (two_notes()[:20], "no track"),
        (two_notes()[:22], "no notes"),
        (smf(track(on(0, 60), off(480, 60)), division=0), "0 ticks"),
        (smf(track(on(0, 60), off(480, 60)), division=0xE700), "frames"),
        (b"MThd" + struct.pack(">IHHH", 2, 1, 1, 480) + two_notes()[14:], "damaged MIDI header"),
        (smf() + track(on(0, 60), off(480, 60)) * 70_000, "70,000 tracks"),
        (smf(b"MTrk\x00\x00\x00\x04\x00\xff\xff\xff"), "damaged"),
        (smf(track(*[(0x0FFFFFFF, [0x90, 60, i % 2]) for i in range(20)])), "times beyond|hours"),
        (smf(track(tempo(0, 0xFFFFFF), on(0, 60), off(3 * 480 * 3600, 60))), "hours"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_is_no_midi_gets_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(MidiError, match=sentence):
        read_midi(content)


def test_the_sentence_names_the_file_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "holiday.mid"
    path.write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    with pytest.raises(MidiError, match=r"^holiday\.mid is not a MIDI file: it looks like a JPEG") as caught:
        read_midi(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("path", ["no-such-file.mid", ".", "a\0b.mid"])
def test_what_cannot_be_opened_gets_a_sentence(path: str) -> None:
    with pytest.raises(MidiError, match="could not be opened"):
        read_midi(path)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)  # sparse: takes no room
    with pytest.raises(MidiError, match="65 MB"):
        read_midi(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"RIFF" + struct.pack("<I", 66) + b"RMIDdata" + struct.pack("<I", 44) + two_notes(), id="RMID"),
        pytest.param(b"MThd" + struct.pack(">IHHH", 8, 1, 1, 480) + b"\0\0" + two_notes()[14:], id="longer header"),
        pytest.param(two_notes()[:10] + struct.pack(">H", 9) + two_notes()[12:], id="too many tracks said"),
        pytest.param(two_notes()[:10] + struct.pack(">H", 0) + two_notes()[12:], id="no tracks said"),
        pytest.param(two_notes()[:14] + b"XFIH\0\0\0\4abcd" + two_notes()[14:], id="alien chunk"),
        pytest.param(two_notes() + b"\0\1 rubbish after the end", id="rubbish after the end"),
        pytest.param(smf(track(on(0, 60), off(480, 60), on(0, 64), off(480, 64), end=False)), id="no end of track"),
        pytest.param(smf(two_notes()[14:], midi_format=2), id="type 2"),
    ],
)
def test_irregular_files_are_read_all_the_same(content: bytes) -> None:
    assert read_midi(content).notes == read_midi(two_notes()).notes


def test_a_velocity_above_127_is_clipped() -> None:
    assert rows(read_midi(smf(track(on(0, 60, 200), off(480, 60))))) == [(60, 127, 0.0, 0.5)]


def test_a_file_cut_anywhere_gives_what_came_before_or_a_sentence() -> None:
    content = smf(track(*[event for pitch in range(40, 60) for event in (on(0, pitch), off(480, pitch))]))
    counts = []
    for size in range(len(content)):
        try:
            recording = read_midi(content[:size])
        except MidiError:
            counts.append(0)
        else:
            assert "middle of a track" in recording.warnings[0]
            counts.append(len(recording.notes))
    assert counts == sorted(counts)
    assert (min(counts), max(counts)) == (0, 20)


@settings(max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.integers(0, 6),
    how=st.sampled_from(["flip", "insert", "remove"]),
)
def test_no_damage_escapes_as_anything_but_a_midi_error(
    changes: list[tuple[int, int]], cut: int, how: str, busy_file: bytes
) -> None:
    content = bytearray(busy_file)
    for at, byte in changes:
        at %= len(content)
        if how == "flip":
            content[at] = byte
        elif how == "insert":
            content.insert(at, byte)
        else:
            del content[at]
    content = content[: len(content) - cut]
    try:
        recording = read_midi(bytes(content))
    except MidiError as error:
        assert str(error).endswith(".")
    else:
        assert len(recording.notes) > 0


@pytest.fixture(scope="session")
def busy_file() -> bytes:
    """A bit of everything: names, tempos, pedal, running status, system exclusive, pitch bend, drums."""
    conductor = track(named(b"Tune"), tempo(0, 500_000), tempo(480, 600_000), (0, [0xFF, 0x58, 4, 4, 2, 24, 8]))
    piano = track(
        program(0), pedal(0, 127), on(0, 60), (10, [64, 70]), (10, [67, 70]), (0, [0xF0, 3, 1, 2, 0xF7]),
        (5, [0xE0, 0, 64]), off(100, 60), off(0, 64), pedal(40, 0), off(300, 67), on(200, 72), off(100, 72),
    )  # fmt: skip
    drums = track(on(0, 36, channel=9), off(100, 36, channel=9))
    return smf(conductor, piano, drums)


# --- size --------------------------------------------------------------------------------------------------------


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


# --- writing, and pretty_midi as the second opinion --------------------------------------------------------------


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
