"""The codec's contract, on drawn notes, drawn tokens and files."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, encode, quantise, stretch, token_times
from musictx.midi.files import read_midi
from musictx.midi.notes import NoteSequence

SEEDS = sorted(Path("assets/seeds").glob("*.mid"))

# Few pitches and short times, so that keys collide, touch and share steps.
notes_drawn = st.lists(
    st.tuples(
        st.integers(58, 63) | st.integers(0, 127),
        st.integers(1, 127),
        st.floats(0, 4) | st.integers(0, 30).map(lambda step: step / 200),
        st.floats(0.0005, 3) | st.just(0.01),
    ),
    max_size=40,
).map(lambda rows: NoteSequence.from_tuples((p, w, start, start + length) for p, w, start, length in rows))

crowded_ids = st.sampled_from(
    [*range(60, 63), *range(v.NOTE_OFF + 60, v.NOTE_OFF + 63), v.TIME_SHIFT, v.TIME_SHIFT + 1, v.TIME_SHIFT + 99]
    + [v.VELOCITY, v.VELOCITY + 20, v.PAD, v.START, v.END]
)
ids_drawn = st.lists(crowded_ids | st.integers(0, v.SIZE - 1), max_size=80).map(lambda ids: np.array(ids, np.int32))


def one(*rows: tuple[int, int, float, float]) -> NoteSequence:
    return NoteSequence.from_tuples(rows)


def random_notes(count: int, seed: int = 0) -> NoteSequence:
    draw = np.random.default_rng(seed)
    start_s = draw.uniform(0, count / 10, count)
    end_s = start_s + draw.exponential(0.3, count) + 1e-4
    pitch, velocity = draw.integers(21, 109, count), draw.integers(1, 128, count)
    return NoteSequence.from_tuples(zip(pitch, velocity, start_s, end_s, strict=True))


def playable(ids: npt.NDArray[np.int32]) -> bool:
    """No second note-on of a sounding key, no note-off of a silent one, every note at least a step long."""
    began: dict[int, int] = {}
    step = 0
    for token in ids.tolist():
        if token < v.NOTE_OFF:
            if token in began:
                return False
            began[token] = step
        elif token < v.TIME_SHIFT:
            if began.pop(token - v.NOTE_OFF, step) >= step:
                return False
        elif token < v.VELOCITY:
            step += token - v.TIME_SHIFT + 1
    return not began


def test_the_tokens_of_a_known_phrase() -> None:
    phrase = one((60, 80, 0.0, 0.5), (64, 82, 0.0, 0.5), (67, 40, 0.5, 3.0))
    # fmt: off
    expected = [
        v.VELOCITY + 20, 60, 64,  # 80 and 82 share the bin 20
        v.TIME_SHIFT + 49, v.NOTE_OFF + 60, v.NOTE_OFF + 64, v.VELOCITY + 10, 67,
        v.TIME_SHIFT + 99, v.TIME_SHIFT + 99, v.TIME_SHIFT + 49, v.NOTE_OFF + 67,
    ]
    # fmt: on
    assert encode(phrase).tolist() == expected
    assert encode(phrase).dtype == np.int32


def test_gaps_of_whole_seconds_take_no_rest() -> None:
    assert encode(one((60, 80, 2.0, 3.0))).tolist() == [
        *[v.TIME_SHIFT + 99] * 2,
        v.VELOCITY + 20,
        60,
        v.TIME_SHIFT + 99,
        v.NOTE_OFF + 60,
    ]


def test_no_notes_no_tokens() -> None:
    assert encode(NoteSequence.empty()).shape == (0,)
    assert decode([]) == NoteSequence.empty()
    assert token_times([]).shape == (0,)
    assert stretch([], 2.0).shape == (0,)


@given(notes_drawn)
def test_decoding_gives_the_quantised_notes(notes: NoteSequence) -> None:
    assert decode(encode(notes)) == quantise(notes)


@given(notes_drawn)
def test_encoding_again_gives_the_same_tokens(notes: NoteSequence) -> None:
    ids = encode(notes)
    assert np.array_equal(encode(decode(ids)), ids)


@given(notes_drawn)
def test_encoded_music_is_playable(notes: NoteSequence) -> None:
    assert playable(encode(notes))


@given(notes_drawn)
def test_quantising_moves_no_onset_by_more_than_half_a_step(notes: NoteSequence) -> None:
    quantised = quantise(notes)
    for pitch, start_s in zip(notes.pitch, notes.start_s, strict=True):
        onsets = quantised.start_s[quantised.pitch == pitch]
        assert np.abs(onsets - start_s).min() <= 0.005 + 1e-9
    assert quantise(quantised) == quantised


def test_velocity_comes_back_as_the_middle_of_its_bin() -> None:
    notes = one(*[(60, velocity, velocity, velocity + 0.5) for velocity in range(1, 128)])
    assert decode(encode(notes)).velocity.tolist() == [4 * (velocity // 4) + 2 for velocity in range(1, 128)]


@given(ids_drawn)
def test_any_tokens_decode_to_notes_that_encode_the_same_again(ids: npt.NDArray[np.int32]) -> None:
    notes = decode(ids)
    again = encode(notes)
    assert playable(again)
    assert decode(again) == notes


def test_decode_is_lenient() -> None:
    shift = v.TIME_SHIFT + 9  # 0.1 s
    ids = [v.START, v.NOTE_OFF + 50, 60, shift, v.PAD, 60, shift, v.NOTE_OFF + 60, 62, shift, v.END]
    assert decode(ids) == one((60, 66, 0.0, 0.1), (60, 66, 0.1, 0.2), (62, 66, 0.2, 0.3))


def test_a_note_on_as_the_last_token_sounds_for_one_step() -> None:
    assert decode([v.VELOCITY, 60]) == one((60, 2, 0.0, 0.01))


def test_a_note_on_struck_twice_at_once_is_one_note() -> None:
    assert decode([v.VELOCITY + 3, 60, v.VELOCITY + 5, 60, v.TIME_SHIFT + 9]) == one((60, 22, 0.0, 0.1))


@pytest.mark.parametrize("ids", [[391], [-1], [[60, 61]], [60.0]])
def test_what_is_no_row_of_ids_is_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="ids must"):
        decode(ids)


@given(ids_drawn)
def test_token_times_count_the_shifts(ids: npt.NDArray[np.int32]) -> None:
    elapsed, expected = 0, []
    for token in ids.tolist():
        elapsed += token - v.TIME_SHIFT + 1 if v.TIME_SHIFT <= token < v.VELOCITY else 0
        expected.append(elapsed / 100)
    assert token_times(ids).tolist() == expected


@given(notes_drawn)
def test_stretching_by_one_changes_nothing(notes: NoteSequence) -> None:
    ids = encode(notes)
    assert np.array_equal(stretch(ids, 1.0), ids)


@given(notes_drawn, st.floats(0.2, 3.0))
def test_stretching_keeps_every_note_and_stays_playable(notes: NoteSequence, factor: float) -> None:
    ids = encode(notes)
    stretched = stretch(ids, factor)
    assert playable(stretched)
    before, after = decode(ids), decode(stretched)
    assert sorted(before.pitch) == sorted(after.pitch)
    assert np.array_equal(stretched, encode(after))


@given(st.floats(0.8, 1.25))
def test_stretching_a_performance_scales_its_times(factor: float) -> None:
    notes = decode(encode(random_notes(300)))
    after = decode(stretch(encode(notes), factor))
    for pitch in np.unique(notes.pitch):
        before_s, after_s = notes.start_s[notes.pitch == pitch], after.start_s[after.pitch == pitch]
        assert np.abs(after_s - before_s * factor).max() <= 0.02  # half a step, and a step where notes would touch


@given(notes_drawn, st.integers(0, 200), st.integers(0, 200), st.floats(0.9, 1.1))
def test_a_window_keeps_its_keys_and_specials_when_stretched(
    notes: NoteSequence, first: int, size: int, factor: float
) -> None:
    window = np.concatenate([[v.START], encode(notes)[first : first + size], [v.END, v.PAD]])
    stretched = stretch(window, factor)

    def keys(ids: npt.NDArray[np.int32]) -> list[int]:
        return sorted(ids[ids < v.TIME_SHIFT].tolist())

    assert keys(stretched) == keys(window)  # also those held across its edges
    assert stretched[0] == v.START
    assert stretched[-2:].tolist() == [v.END, v.PAD]
    assert not (stretched[1:-2] >= v.EVENTS).any()


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_factor_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        stretch([60], factor)


def test_a_hundred_thousand_notes_take_well_under_a_second() -> None:
    notes = random_notes(100_000)
    began = time.process_time()
    back = decode(encode(notes))
    assert time.process_time() - began < 1.0  # about 0.15 s on one core of 2024
    assert len(back) > 99_000


@pytest.mark.skipif(not SEEDS, reason="no built-in seeds here yet")
@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_built_in_seeds_survive_the_round_trip(path: Path) -> None:
    notes = read_midi(path).notes
    assert decode(encode(notes)) == quantise(notes)
    assert 2.5 < len(encode(notes)) / len(notes) < 6.0


@settings(max_examples=20)
@given(st.integers(1, 6 * 360_000))
def test_long_silences_are_whole_seconds_and_a_rest(steps: int) -> None:
    ids = encode(one((60, 64, steps / 100, steps / 100 + 0.01)))
    assert token_times(ids)[-1] == (steps + 1) / 100
    assert (ids[: (steps - 1) // 100] == v.TIME_SHIFT + 99).all()
