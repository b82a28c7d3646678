"""Keys, pedal and tracks: what a piano makes of them."""

from __future__ import annotations

import pytest

from musictx.errors import MidiError
from musictx.midi.files import read_midi
from tests.midi.smf import END, TENTH, off, on, pedal, program, rows, smf, tempo, track


def test_a_key_struck_again_ends_its_former_note() -> None:
    struck_twice = track(on(0, 60), on(TENTH, 60, 90), off(TENTH, 60), off(TENTH, 60))
    assert rows(read_midi(smf(struck_twice))) == [(60, 80, 0.0, 0.1), (60, 90, 0.1, 0.3)]


def test_repeated_notes_that_overlap_keep_their_lengths() -> None:
    legato = [on(0, 60), *[event for _ in range(4) for event in (on(TENTH - 1, 60), off(1, 60))], off(TENTH - 1, 60)]
    assert [row[3] for row in rows(read_midi(smf(track(*legato))))] == [0.099, 0.199, 0.299, 0.399, 0.499]


def test_a_key_held_by_one_hand_and_struck_by_the_other_ends_with_the_later_release() -> None:
    held = track(on(0, 60, 60), off(9 * TENTH, 60))
    for channel in (0, 1):
        struck = track(
            *[event for _ in range(2) for event in (on(2 * TENTH, 60, 90, channel), off(TENTH, 60, channel))]
        )
        notes = [row[2:] for row in rows(read_midi(smf(held, struck)))]
        assert notes == [(0.0, 0.2), (0.2, 0.5), (0.5, 0.9)]


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
