"""Where a seed ends: on one grid with its continuation, behind its last note-off, and not after forgotten pedals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictx.midi.analysis import describe
from musictx.midi.codec import encode, token_times
from musictx.midi.files import Recording, read_midi
from musictx.midi.join import seed_and_join
from musictx.midi.notes import NoteSequence
from tests.midi.smf import END, TENTH, Event, off, on, pedal, smf, track


@given(st.lists(st.integers(11, 9000), min_size=1, max_size=5), st.integers(0, 9))
def test_the_join_lies_on_the_grid_behind_every_release(ends_ms: list[int], tenths: int) -> None:
    notes = NoteSequence.from_tuples(
        (60 + number, 64, 0.0, (end + tenths / 10) / 1000) for number, end in enumerate(ends_ms)
    )
    ids, join_s = seed_and_join(notes)
    assert join_s * 100 == pytest.approx(round(join_s * 100), abs=1e-9)
    assert notes.duration_s - 1e-8 <= join_s <= notes.duration_s + 0.01 + 1e-8
    assert join_s >= token_times(ids)[-1]
    assert ids.tolist() == encode(notes).tolist()


def test_a_seed_of_no_notes_joins_at_once() -> None:
    assert seed_and_join(NoteSequence.empty())[1] == 0.0


def length_s(*events: Event, ticks_to_end: int = 0) -> float:
    return read_midi(smf(track(*events, (ticks_to_end, END[1]), end=False))).length_s


def loop() -> list[Event]:
    """Two seconds in eighth notes."""
    return [event for key in range(60, 68) for event in (on(0, key), off(240, key))]


def test_a_rest_that_ends_a_loop_belongs_to_it() -> None:
    recording = read_midi(smf(track(*loop(), (960, END[1]), end=False)))
    assert (recording.notes.duration_s, recording.length_s) == (2.0, 3.0)
    ids, join_s = seed_and_join(recording.notes, recording.end_s)
    assert token_times(ids)[-1] == join_s == 3.0
    assert describe(recording, 60).length_s == describe(recording, 60).context_s == 3.0


def test_an_end_mark_off_the_beat_or_far_away_is_no_rest() -> None:
    assert length_s(*loop(), ticks_to_end=961) == 2.0
    assert length_s(*loop(), ticks_to_end=480 * 600) == 2.0
    far = read_midi(smf(track(*loop(), (480 * 600, END[1]), end=False)))
    assert "silence of 300 s" in far.warnings[-1]


def report_of(recording: Recording) -> tuple[float, int, str]:
    report = describe(recording, 10)
    return seed_and_join(recording.notes, recording.end_s)[1], report.context_tokens, " ".join(report.warnings)


@pytest.mark.parametrize(
    "late",
    [
        [pedal(480 * 140, 0), END],
        [(480 * 140, END[1])],
        [on(0, 40), (480 * 140, END[1])],
        [on(0, 40), off(480 * 140, 40), END],
        [on(0, 40), (480 * 140, [0xB0, 123, 0]), END],
    ],
    ids=["pedal up late", "pedal never up", "a stuck key", "a key let go late", "all notes off late"],
)
def test_what_rings_on_into_silence_moves_no_join(late: list[Event]) -> None:
    piece = smf(track(pedal(0, 127), *loop(), *late, end=False))
    join_s, tokens, warnings = report_of(read_midi(piece))
    assert 2.0 <= join_s <= 8.0
    assert tokens > 16
    assert "silence" in warnings


def test_a_last_chord_that_is_really_held_stays() -> None:
    assert length_s(*loop(), on(0, 40), off(TENTH * 200, 40)) == pytest.approx(22.0)
    assert length_s(pedal(0, 127), *loop(), pedal(TENTH * 120, 0)) == pytest.approx(14.0)
