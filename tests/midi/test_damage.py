"""Damaged files: whatever can be read is read, and the report says that something was lost."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictx.midi.files import Recording, read_midi
from tests.midi.smf import END, Event, delta, named, off, on, rows, smf, tempo, track

HANDS = [
    track(named(name), *[event for key in keys for event in (on(0, key), off(480, key))])
    for name, keys in ((b"Right", (60, 62, 64, 65)), (b"Left", (36, 38, 40, 41)), (b"Middle", (48, 50, 52, 53)))
]
WHOLE = smf(*HANDS)
NOTES = rows(read_midi(WHOLE))


def body(*events: Event) -> bytes:
    """Events without a chunk around them."""
    return b"".join(delta(ticks) + bytes(data) for ticks, data in events)


def chunk(content: bytes, length_error: int = 0) -> bytes:
    """A track of these bytes that says it is `length_error` longer."""
    return b"MTrk" + struct.pack(">I", len(content) + length_error) + content


def assert_all_is_there(recording: Recording, is_said: bool = True) -> None:
    assert rows(recording) == NOTES
    assert bool(recording.warnings) == is_said


def test_a_whole_file_says_nothing() -> None:
    assert_all_is_there(read_midi(WHOLE), is_said=False)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("error", [-9, -4, -1, 1, 3, 6, 8, 12, 300, 70_000])
def test_a_wrong_length_costs_nothing(place: int, error: int) -> None:
    hands = [chunk(hand[8:], error if number == place else 0) for number, hand in enumerate(HANDS)]
    assert_all_is_there(read_midi(smf(*hands)))


@pytest.mark.parametrize("rubbish", [b"\0", b"\0\0\0", b"\xff", b"junk", b"rubbish between two tracks" * 9, b"MTr"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_lies_between_tracks_is_skipped(rubbish: bytes, place: int) -> None:
    assert_all_is_there(read_midi(smf(*HANDS[:place], rubbish, *HANDS[place:])), is_said=True)


def test_what_lies_behind_the_last_track_is_skipped() -> None:
    assert rows(read_midi(WHOLE + b"\0\0rubbish")) == NOTES


@pytest.mark.parametrize("before", [b"\0", b"\xef\xbb\xbf", bytes(128), b"HTTP/1.1 200 OK\r\n\r\n", b"MT"])
def test_bytes_before_the_header_are_skipped(before: bytes) -> None:
    assert rows(read_midi(before + WHOLE)) == NOTES


def test_tracks_without_a_header_are_read() -> None:
    assert_all_is_there(read_midi(WHOLE[14:]))


@pytest.mark.parametrize("size", [0, 2, 5, 7, 2**31])
def test_a_wrong_header_length_costs_nothing(size: int) -> None:
    assert_all_is_there(read_midi(WHOLE[:4] + struct.pack(">I", size) + WHOLE[8:]))


@pytest.mark.parametrize("at", range(4))
def test_a_wrong_letter_in_a_chunk_s_name_costs_nothing(at: int) -> None:
    place = WHOLE.index(b"MTrk", 30) + at
    assert rows(read_midi(WHOLE[:place] + b"x" + WHOLE[place + 1 :])) == NOTES


@pytest.mark.parametrize("stated", [1, 5])
def test_the_header_s_count_is_compared(stated: int) -> None:
    recording = read_midi(WHOLE[:10] + struct.pack(">H", stated) + WHOLE[12:])
    assert_all_is_there(recording)
    assert "3 were found" in recording.warnings[0]


def test_a_missing_track_is_said() -> None:
    recording = read_midi(WHOLE[: -len(HANDS[2])])
    assert len(recording.notes) == 8
    assert "counts 3 tracks; 2 were found" in recording.warnings[0]


@pytest.mark.parametrize("nonsense", [b"\xf1\xf2\xf3\xf4" * 20, bytes(range(128, 256)) * 2, b"\xff" * 50, b"text" * 10])
def test_a_track_of_no_sense_costs_only_itself(nonsense: bytes) -> None:
    assert_all_is_there(read_midi(smf(HANDS[0], chunk(nonsense), *HANDS[1:])))


FIVE = [on(0, 60), off(480, 60), on(0, 62), off(480, 62), on(0, 64), off(480, 64), on(0, 65), off(480, 65)]
PITCHES = [60, 62, 64, 65]


def pitches(content: bytes) -> list[int]:
    return [row[0] for row in rows(read_midi(smf(chunk(content))))]


@pytest.mark.parametrize(
    "event",
    [
        (0, [0xF0, 5, 0x7E, 0x7F, 9, 1, 0xF7]),
        (0, [0xF7, 2, 0xF8, 0xF8]),
        (0, [0xFF, 0x01, 2, 0x41, 0x42]),
        (0, [0xFF, 0x7F, 3, 0, 0, 0x41]),
    ],
    ids=["system exclusive", "escape", "text", "sequencer's own"],
)
def test_running_status_goes_on_behind_other_events(event: Event) -> None:
    running = [(0, [0x90, 60, 80]), (480, [60, 0]), event, (0, [62, 80]), (480, [62, 0]), event, (0, [64, 80])]
    recording = read_midi(smf(track(*running, (480, [64, 0]))))
    assert [row[0] for row in rows(recording)] == [60, 62, 64]
    assert recording.warnings == ()


@pytest.mark.parametrize("status", [0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE])
@pytest.mark.parametrize("place", [0, 3, 8])
def test_an_undefined_status_is_skipped_and_said(status: int, place: int) -> None:
    recording = read_midi(smf(track(*FIVE[:place], (0, [status]), *FIVE[place:])))
    assert [row[0] for row in rows(recording)] == PITCHES
    assert "could not be understood" in recording.warnings[0]


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00\x90\xff",
        b"\x00\xff\x01\xff\x7fab",
        b"\x00\xf0\x7fab",
        b"\x81\x82\x83\x84\x85",
        b"\x00\xff\x51\x44\x07\xa1\x20",
    ],
    ids=["a cut note", "a text too long", "a system exclusive too long", "an endless delta time", "a tempo's length"],
)
@pytest.mark.parametrize("place", [2, 4, 8])
def test_one_bad_event_costs_only_itself(bad: bytes, place: int) -> None:
    recording = read_midi(smf(chunk(body(*FIVE[:place]) + bad + body(*FIVE[place:], END))))
    assert [row[0] for row in rows(recording)] == PITCHES
    assert recording.warnings


def test_a_wrong_length_of_a_system_exclusive_ends_at_its_own_mark() -> None:
    for said in (1, 2, 4, 5, 9, 0x7F):
        exclusive = bytes([0, 0xF0, said, 0x41, 0x10, 0x42, 0xF7])
        assert pitches(body(*FIVE[:4]) + exclusive + body(*FIVE[4:], END)) == PITCHES


def test_a_last_event_longer_than_its_track_takes_no_note_along() -> None:
    assert pitches(body(*FIVE) + b"\x00\xff\x01\x40short") == PITCHES


def test_rubbish_behind_an_end_mark_plays_nothing() -> None:
    recording = read_midi(smf(chunk(body(*FIVE, END) + b"<<<rubbish>>>")))
    assert [row[0] for row in rows(recording)] == PITCHES
    assert "13 bytes" in recording.warnings[0]


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_one_wrong_byte_leaves_most_of_the_music(at: int, byte: int) -> None:
    fatal = range(10, 14)  # the count of tracks and what a tick is: nothing to compare with
    if at in fatal:
        return
    content = bytearray(WHOLE)
    content[at] = byte
    assert len(read_midi(bytes(content)).notes) >= len(NOTES) - 2


def test_a_tempo_beyond_reason_is_left_out() -> None:
    recording = read_midi(smf(track(tempo(0, 1), *FIVE)))
    assert recording.notes.duration_s == pytest.approx(2.0)
    assert "impossible" in recording.warnings[0]
