"""The state of a channel: order within a tick, pedals, programs and resets, whichever track they stand in."""

from __future__ import annotations

import pytest

from musictx.midi.files import read_midi
from tests.midi.smf import TENTH, Event, off, on, pedal, program, rows, smf, track


def control(ticks: int, number: int, value: int = 0, channel: int = 0) -> Event:
    """Any controller."""
    return ticks, [0xB0 | channel, number, value]


def port(number: int) -> Event:
    """The MIDI port that a track plays on."""
    return 0, [0xFF, 0x21, 1, number]


def ends(*tracks: bytes, midi_format: int = 1) -> list[tuple[int, float]]:
    """Pitch and end of every note."""
    return [(row[0], row[3]) for row in rows(read_midi(smf(*tracks, midi_format=midi_format)))]


@pytest.mark.parametrize(
    ("events", "end_s"),
    [
        ([off(TENTH, 60), pedal(0, 127), pedal(TENTH, 0)], 0.1),
        ([pedal(TENTH, 127), off(0, 60), pedal(TENTH, 0)], 0.2),
        ([pedal(0, 127), off(TENTH, 60), pedal(TENTH, 0), pedal(0, 127), pedal(TENTH, 0)], 0.2),
        ([pedal(0, 127), pedal(TENTH, 0), off(0, 60), pedal(0, 127), pedal(TENTH, 0)], 0.1),
        ([pedal(0, 127), pedal(TENTH, 0), pedal(0, 127), off(0, 60), pedal(TENTH, 0)], 0.2),
    ],
    ids=["let go, then down", "down, then let go", "changed", "changed around the release", "changed before it"],
)
def test_of_one_tick_the_order_of_the_file_counts(events: list[Event], end_s: float) -> None:
    assert ends(track(on(0, 60), *events)) == [(60, end_s)]


@pytest.mark.parametrize("place", [0, 1], ids=["before the notes", "behind the notes"])
def test_a_pedal_on_a_track_of_its_own_holds_its_channel(place: int) -> None:
    tracks = [track(on(0, 60), off(TENTH, 60)), track(on(0, 72, channel=1), off(TENTH, 72, 1))]
    tracks.insert(place, track(pedal(0, 127), pedal(3 * TENTH, 0)))
    assert ends(*tracks) == [(60, 0.3), (72, 0.1)]


def test_a_pedal_holds_its_port_alone() -> None:
    first = track(port(0), on(0, 60), off(TENTH, 60))
    second = track(port(1), pedal(0, 127), on(0, 72), off(TENTH, 72), pedal(2 * TENTH, 0))
    assert ends(first, second) == [(60, 0.1), (72, 0.3)]


def test_a_pedal_outlives_a_change_of_program() -> None:
    piano_again = [pedal(TENTH, 0), program(0), on(0, 64), off(TENTH, 64)]
    changing = track(pedal(0, 127), program(0), on(0, 60), off(TENTH, 60), program(48), *piano_again)
    assert ends(changing) == [(60, 0.2), (64, 0.3)]


@pytest.mark.parametrize(
    ("reset", "end_s"),
    [([control(TENTH, 121)], 0.2), ([control(TENTH, 120)], 0.2), ([control(TENTH, 123)], 0.4)],
    ids=["all controllers", "all sound off", "all notes off"],
)
def test_resets_under_the_pedal(reset: list[Event], end_s: float) -> None:
    held = track(pedal(0, 127), on(0, 60), off(TENTH, 60), *reset, pedal(2 * TENTH, 0))
    assert ends(held) == [(60, end_s)]


@pytest.mark.parametrize("number", [120, 123, 124, 125, 126, 127])
def test_what_lets_go_of_all_keys_ends_those_of_its_channel(number: int) -> None:
    piece = track(
        on(0, 60), on(0, 64), on(0, 72, channel=1), control(TENTH, number), off(TENTH, 72, 1), on(0, 62), off(TENTH, 62)
    )
    assert ends(piece) == [(60, 0.1), (64, 0.1), (72, 0.2), (62, 0.3)]


def test_a_lost_note_off_ends_at_the_next_strike_and_no_later_note_is_longer_for_it() -> None:
    lost = track(
        on(0, 60), on(TENTH, 60), off(TENTH, 60), control(0, 123), on(TENTH, 60), off(TENTH, 60), off(TENTH, 60)
    )
    assert [row[2:] for row in rows(read_midi(smf(lost)))] == [(0.0, 0.1), (0.1, 0.2), (0.3, 0.4)]


def test_sostenuto_holds_what_was_down() -> None:
    caught = track(
        on(0, 48), control(TENTH, 66, 127), off(TENTH, 48), on(0, 60), off(TENTH, 60), control(2 * TENTH, 66, 0)
    )
    assert ends(caught) == [(48, 0.5), (60, 0.3)]


def test_soft_and_half_pedal_are_said() -> None:
    def warnings(*events: Event) -> str:
        return " ".join(read_midi(smf(track(on(0, 60), *events, off(TENTH, 60)))).warnings)

    assert "soft pedal" in warnings(control(0, 67, 127))
    assert "half down" in warnings(pedal(0, 127), pedal(1, 40), pedal(1, 0))
    assert warnings(pedal(0, 100), pedal(1, 0), pedal(1, 100), pedal(1, 0)) == ""


def kept(*tracks: bytes) -> list[int]:
    """The pitches that a piano takes of a file."""
    return [row[0] for row in rows(read_midi(smf(*tracks)))]


@pytest.mark.parametrize("last", [False, True])
def test_programs_may_stand_on_any_track(last: bool) -> None:
    music = [track(on(0, 60), off(TENTH, 60)), track(on(0, 72, channel=1), off(TENTH, 72, 1))]
    setting = [track(program(0, 0), program(48, 1))]
    assert kept(*(music + setting if last else setting + music)) == [60]


def test_a_track_with_a_program_of_its_own_keeps_it() -> None:
    strings, piano = (track(program(number), on(0, key), off(TENTH, key)) for number, key in ((48, 72), (0, 60)))
    assert kept(strings, piano) == kept(piano, strings) == [60]
    later = track(program(0), on(0, 60), off(TENTH, 60), program(48), on(0, 62), off(TENTH, 62))
    assert kept(later) == [60]


def test_a_pedal_track_reaches_all_instruments_of_its_channel() -> None:
    piano, strings = (track(program(number), on(0, key), off(TENTH, key)) for number, key in ((0, 60), (48, 72)))
    assert ends(track(pedal(0, 127), pedal(3 * TENTH, 0)), strings, piano) == [(60, 0.3)]


def test_format_2_is_one_piece_after_the_other() -> None:
    first = track((0, [0xFF, 0x51, 3, 0x0F, 0x42, 0x40]), pedal(0, 127), on(0, 60), off(TENTH, 60))  # 60 bpm
    second = track(on(0, 72), off(TENTH, 72))
    recording = read_midi(smf(first, second, midi_format=2))
    assert rows(recording) == [(60, 80, 0.0, 0.2), (72, 80, 0.2, 0.3)]
    assert "2 pieces" in recording.warnings[0]
