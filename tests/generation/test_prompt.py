"""Prompts keep the velocity in force and the rule about START."""

from __future__ import annotations

import numpy as np
import pytest

from musictx.generation.prompt import continuation_notes, seed_prompt, tail
from musictx.generation.sampling.grammar import longest_hold, longest_rest
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode, shift_steps
from musictx.midi.notes import NoteSequence

# Ten notes of one velocity, one a second: its velocity token stands at the very beginning only.
STEADY = encode(NoteSequence.from_tuples((60 + n, 102, n, n + 0.5) for n in range(10)))
LOUD = v.VELOCITY + 25


def seconds_of(ids: np.ndarray) -> float:
    return float(shift_steps(ids).sum() / v.STEPS_PER_SECOND)


@pytest.mark.parametrize("context_s", [9.5, 60.0])
def test_start_stands_before_a_seed_used_from_its_beginning(context_s: float) -> None:
    assert seed_prompt(STEADY, context_s).tolist() == [v.START, *STEADY.tolist()]


def test_an_empty_seed_is_start_alone() -> None:
    assert seed_prompt(np.zeros(0, np.int32), 60).tolist() == [v.START]


@pytest.mark.parametrize("context_s", [0.5, 1.0, 2.7, 4.5, 9.4])
def test_a_shorter_context_keeps_all_that_happens_in_it(context_s: float) -> None:
    prompt = seed_prompt(STEADY, context_s)
    total_s = seconds_of(STEADY)
    struck = [n for n in range(10) if n >= total_s - context_s - 1e-9]
    assert prompt.dtype == np.int32
    assert [token - 60 for token in prompt.tolist() if token < v.NOTE_OFF] == struck
    assert context_s - 0.51 <= seconds_of(prompt) <= context_s + 0.51  # it begins at an event's edge


@pytest.mark.parametrize("keep", range(2, len(STEADY)))
def test_a_tail_has_its_length_and_tells_the_velocity(keep: int) -> None:
    kept = tail(STEADY, keep).tolist()
    assert len(kept) == keep
    strikes = [place for place, token in enumerate(kept) if token < v.NOTE_OFF]
    if strikes and strikes != [0]:
        first = next(place for place in strikes if place > 0)
        assert kept[first - 1] == LOUD
        kept.remove(LOUD)
        assert kept == STEADY.tolist()[-len(kept) :]


def test_a_tail_that_tells_its_velocity_is_left_as_it_is() -> None:
    ids = encode(NoteSequence.from_tuples([(60, 100, 0, 1), (62, 50, 2, 3), (64, 50, 3, 4)]))
    soft = ids.tolist().index(v.VELOCITY + 12)
    assert tail(ids, ids.size - soft).tolist() == ids[soft:].tolist()
    assert tail(ids, ids.size).tolist() == ids.tolist()


def test_continuation_notes_inherit_the_velocity_and_start_at_zero() -> None:
    notes = continuation_notes(STEADY, np.array([v.NOTE_ON + 72, v.TIME_SHIFT + 49, v.NOTE_OFF + 72], np.int32))
    assert notes == NoteSequence.from_tuples([(72, 102, 0.0, 0.5)])


def test_continuation_notes_leave_out_what_has_not_sounded_yet() -> None:
    ids = [v.NOTE_ON + 72, v.TIME_SHIFT + 49, v.NOTE_OFF + 69, v.NOTE_ON + 74]
    assert continuation_notes(STEADY, np.array(ids, np.int32)) == NoteSequence.from_tuples([(72, 102, 0.0, 0.5)])
    assert len(continuation_notes(STEADY, np.array(ids[:1], np.int32))) == 0


def test_the_longest_wait_is_the_prompts_own_within_bounds() -> None:
    def prompt(*gaps: int) -> np.ndarray:
        ids = [v.START, v.VELOCITY + 9, 60]
        for gap in gaps:
            ids += [v.TIME_SHIFT + 99] * (gap // 100) + [v.NOTE_OFF + 60, v.TIME_SHIFT + gap % 100 - 1, 60]
        return np.array(ids, np.int32)

    assert longest_rest(prompt(150, 230, 40)) == 230
    assert longest_rest(prompt(20, 30)) == 100
    assert longest_rest(prompt(950)) == 300
    assert longest_rest(prompt()) == 300


def test_the_longest_hold_is_the_prompts_own_within_bounds() -> None:
    def prompt(seconds: float) -> np.ndarray:
        return encode(NoteSequence.from_tuples([(60, 80, 0.0, seconds), (64, 80, 0.0, 0.3)]))

    assert longest_hold(prompt(5.5)) == 550
    assert longest_hold(prompt(0.4)) == 400
    assert longest_hold(prompt(30.0)) == 800
    assert longest_hold(np.array([v.START], np.int32)) == 400
