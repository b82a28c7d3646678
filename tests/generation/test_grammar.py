"""The mask lets through what the codec writes, nothing else, and never nothing."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.generation.sampling import grammar
from musictx.generation.sampling.grammar import GrammarState, allowed, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, encode
from musictx.midi.notes import NoteSequence

C4, E4 = v.NOTE_ON + 60, v.NOTE_ON + 64
C4_OFF, E4_OFF = v.NOTE_OFF + 60, v.NOTE_OFF + 64
LOUD, SOFT = v.VELOCITY + 25, v.VELOCITY + 5


def shift(steps: int) -> int:
    """The id of one time shift."""
    return v.TIME_SHIFT + steps - 1


def next_ids(*ids: int) -> set[int]:
    """What may follow START and `ids`."""
    return set(np.flatnonzero(allowed(np, state_after([[v.START, *ids]]))[0]).tolist())


def violations(prompt: npt.ArrayLike, ids: npt.ArrayLike) -> list[tuple[int, int]]:
    """(place, id) of every one of `ids` that the grammar does not allow after `prompt`."""
    state, wrong = state_after(np.asarray(prompt, np.int32)[None]), []
    for place, token in enumerate(np.asarray(ids, np.int32)):
        if not allowed(np, state)[0, token]:
            wrong.append((place, int(token)))
        state = grammar.advance(np, state, np.array([token], np.int32))
    return wrong


def test_a_piece_begins_with_a_velocity_or_a_wait() -> None:
    velocities = set(range(v.VELOCITY, v.EVENTS))
    assert next_ids() == velocities | set(range(v.TIME_SHIFT, v.VELOCITY))


def test_after_a_velocity_only_a_silent_key_may_be_struck() -> None:
    assert next_ids(LOUD) == set(range(v.NOTE_ON, v.NOTE_OFF))
    assert next_ids(LOUD, C4, shift(5), SOFT) == set(range(v.NOTE_ON, v.NOTE_OFF)) - {C4}


def test_a_note_lasts_at_least_a_step() -> None:
    following = next_ids(LOUD, C4)
    assert C4_OFF not in following
    assert C4_OFF in next_ids(LOUD, C4, shift(1))


def test_a_key_can_be_released_once_and_struck_once() -> None:
    assert C4 not in next_ids(LOUD, C4, shift(5))
    assert C4 in next_ids(LOUD, C4, shift(5), C4_OFF)
    assert C4_OFF not in next_ids(LOUD, C4, shift(5), C4_OFF)
    assert E4_OFF not in next_ids(LOUD, C4, shift(5))


def test_releases_stand_before_strikes_of_the_same_step() -> None:
    assert C4_OFF not in next_ids(LOUD, C4, shift(5), E4)
    assert {E4_OFF, C4_OFF} <= next_ids(LOUD, C4, E4, shift(5))
    assert E4_OFF in next_ids(LOUD, C4, E4, shift(5), C4_OFF)


def test_waits_are_written_as_hundreds_and_a_rest() -> None:
    shifts = set(range(v.TIME_SHIFT, v.VELOCITY))
    assert not shifts & next_ids(LOUD, C4, shift(99))
    assert shifts <= next_ids(LOUD, C4, shift(100))
    assert not shifts & next_ids(LOUD, C4, shift(100), shift(7))


def test_a_velocity_is_told_only_when_it_changes() -> None:
    following = next_ids(LOUD, C4, shift(5))
    assert LOUD not in following
    assert SOFT in following


def test_no_velocity_is_told_when_no_key_is_left_for_it() -> None:
    every_key = [LOUD, *range(v.NOTE_ON, v.NOTE_OFF), shift(5)]
    assert next_ids(*every_key) == set(range(v.NOTE_OFF, v.TIME_SHIFT))
    assert SOFT in next_ids(*every_key, C4_OFF)


def test_specials_never_follow() -> None:
    assert not grammar.follow_table()[:, v.EVENTS :].any()


def test_something_may_always_follow() -> None:
    """Every kind of last token with every kind of state that can stand before it."""
    silent, sounding = np.full(128, grammar.SILENT), np.full(128, 20)
    one_key, one_overdue, all_but_one, all_overdue = silent.copy(), silent.copy(), sounding.copy(), sounding * 1000
    one_key[60], one_overdue[60], all_but_one[60] = 20, 900, grammar.SILENT
    states = [silent, one_key, one_overdue, all_but_one, sounding, all_overdue]
    limits = np.array([grammar.LONGEST_REST_STEPS]), np.array([grammar.LONGEST_HOLD_STEPS])
    rests = (0, 250, grammar.LONGEST_REST_STEPS, 10_000)
    for last, held, velocity, rested in itertools.product(range(v.SIZE), states, (grammar.UNKNOWN, 0, 31), rests):
        is_velocity = v.VELOCITY <= last < v.EVENTS
        if last < v.NOTE_OFF and rested:
            continue  # a strike begins a new wait
        if is_velocity and ((held >= 0).all() or velocity == grammar.UNKNOWN):
            continue  # no velocity is allowed when every key sounds, and after one it is known
        state = GrammarState(np.array([last]), held[None], np.array([velocity]), np.array([rested]), *limits)
        assert allowed(np, state).any(), (last, held.tolist(), velocity, rested)


def test_prompts_that_no_grammar_wrote_can_be_continued() -> None:
    for ids in ([v.PAD], [v.END], [C4_OFF], [C4, C4], [*range(128), LOUD], [LOUD, shift(3), shift(3)], [C4]):
        assert allowed(np, state_after([ids])).any(), ids


@given(
    st.lists(st.tuples(st.integers(0, 127), st.integers(1, 127), st.integers(0, 250), st.integers(1, 290)), max_size=40)
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_codec_writes_is_allowed(notes: list[tuple[int, int, int, int]]) -> None:
    """Of music in which no wait is too long: each note is struck at most 2.5 s after the one before."""
    starts = np.cumsum([gap for _, _, gap, _ in notes])
    sequence = NoteSequence.from_tuples(
        (p, vel, s / 100, (s + d) / 100) for (p, vel, _, d), s in zip(notes, starts, strict=True)
    )
    assert violations([v.START], encode(sequence)) == []


def test_music_goes_on_after_the_longest_wait() -> None:
    """Whatever is drawn, the next strike comes in time, also after a prompt that ended long ago."""
    random = np.random.default_rng(3)
    for prompt in ([v.START], [v.START, LOUD, C4, *[shift(100)] * 9, C4_OFF], [v.START, LOUD, C4, *[shift(100)] * 2]):
        state = state_after([prompt])
        rests = []
        for _ in range(400):
            options = np.flatnonzero(allowed(np, state)[0])
            shifts = options[(options >= v.TIME_SHIFT) & (options < v.VELOCITY)]
            chosen = shifts[-1] if shifts.size else random.choice(options)  # rests whenever it may
            state = grammar.advance(np, state, np.array([chosen], np.int32))
            rests.append(int(state.rested_B[0]))
        assert max(rests[rests.index(0) :]) == grammar.LONGEST_REST_STEPS


def test_no_key_sounds_for_ever() -> None:
    """Whatever is drawn, a key is released when it has sounded for its limit: not later, and not sooner by force."""
    random = np.random.default_rng(4)
    state, longest = state_after([[v.START, LOUD, C4, shift(100)]]), 0
    for _ in range(3000):
        options = np.flatnonzero(allowed(np, state)[0])
        going_on = options[(options < v.NOTE_OFF) | (options >= v.TIME_SHIFT)]
        chosen = random.choice(going_on if going_on.size else options)  # releases only when it must
        state = grammar.advance(np, state, np.array([chosen], np.int32))
        longest = max(longest, int(state.held_BK.max()))
    assert longest == grammar.LONGEST_HOLD_STEPS


def test_an_overdue_key_is_all_that_may_be_released() -> None:
    rests = [shift(100)] * 7
    assert C4_OFF in next_ids(LOUD, C4, *rests, E4, shift(99))
    assert next_ids(LOUD, C4, *rests, E4, shift(100)) == {C4_OFF}
    assert {E4_OFF, SOFT, shift(1)} <= next_ids(LOUD, C4, *rests, E4, shift(100), C4_OFF)


def test_a_prompt_that_held_a_key_too_long_comes_to_its_release() -> None:
    """After a strike, where no release may stand, a wait of one step leads to it."""
    overdue = [LOUD, C4, *[shift(100)] * 9, E4]
    assert next_ids(*overdue) & set(range(v.TIME_SHIFT, v.VELOCITY)) == {shift(1)}
    assert next_ids(*overdue, shift(1)) == {C4_OFF}


def test_twenty_thousand_random_tokens_are_what_the_codec_writes() -> None:
    """Drawn evenly from what is allowed, they mean notes that encode to the same tokens."""
    random = np.random.default_rng(11)
    state = state_after([[v.START]])
    ids: list[int] = []
    while len(ids) < 20_000 or (state.held_BK >= 0).any():
        options = np.flatnonzero(allowed(np, state)[0])
        closing = options[(options >= v.NOTE_OFF) & (options < v.VELOCITY)]
        wanted = options if len(ids) < 20_000 or not closing.size else closing[:1]  # at the end, releases come first
        ids.append(int(random.choice(wanted)))
        state = grammar.advance(np, state, np.array(ids[-1:], np.int32))
    again = encode(decode(ids))
    assert sorted_within_steps(again) == sorted_within_steps(ids)


def sorted_within_steps(ids: npt.ArrayLike) -> list[object]:
    """Times, and at each time its releases and its strikes with their velocities, as sets."""
    steps: list[object] = []
    releases: set[int] = set()
    strikes: set[tuple[int, int]] = set()
    velocity = -1
    for token in [*np.asarray(ids).tolist(), shift(1)]:
        if token < v.NOTE_OFF:
            strikes.add((token, velocity))
        elif token < v.TIME_SHIFT:
            releases.add(token)
        elif token < v.VELOCITY:
            steps += [(frozenset(releases), frozenset(strikes)), token]
            releases, strikes = set(), set()
        else:
            velocity = token
    return steps


@pytest.mark.parametrize("part", ["allowed", "advance"])
def test_numpy_and_keras_agree(part: str) -> None:
    random = np.random.default_rng(5)

    def numbers(low: int, high: int, *shape: int) -> npt.NDArray[np.int32]:
        return random.integers(low, high, shape).astype(np.int32)

    held = np.where(random.random((391, 128)) < 0.3, numbers(0, 820, 391, 128), grammar.SILENT).astype(np.int32)
    host = GrammarState(
        np.arange(391, dtype=np.int32),
        held,
        numbers(-1, 32, 391),
        numbers(0, 400, 391),
        numbers(100, 300, 391),
        numbers(400, 800, 391),
    )
    engine = GrammarState(*(keras.ops.array(array) for array in host))
    ids = random.permutation(391).astype(np.int32)
    if part == "allowed":
        assert np.array_equal(allowed(np, host), keras.ops.convert_to_numpy(allowed(keras.ops, engine)))
    else:
        after = grammar.advance(keras.ops, engine, keras.ops.array(ids))
        for ours, theirs in zip(grammar.advance(np, host, ids), after, strict=True):
            np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-6)


def test_state_after_is_advance_repeated() -> None:
    ids = encode(NoteSequence.from_tuples([(60, 80, 0, 1), (64, 80, 0.5, 1.5), (60, 40, 1, 2), (67, 90, 1.2, 1.3)]))
    for length in range(1, ids.size + 1):
        state = state_after([[v.START]])
        for token in ids[:length]:
            state = grammar.advance(np, state, np.array([token], np.int32))
        for one, other in zip(state_after(ids[None, :length]), state, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
