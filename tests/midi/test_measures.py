"""Measures of passages whose figures can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from musictx.midi.measures import (
    density_distance,
    foreign_share,
    longest_gap,
    longest_repeat,
    measure,
    pitch_class_distance,
    pitch_classes,
    polyphony,
    self_similarity,
    steadiness,
)
from musictx.midi.notes import NoteSequence


def line(pitches: list[int], beat_s: float = 0.5, length_s: float | None = None) -> NoteSequence:
    """One note a beat."""
    return NoteSequence.from_tuples(
        (pitch, 80, beat * beat_s, beat * beat_s + (length_s or beat_s)) for beat, pitch in enumerate(pitches)
    )


def test_a_scale_in_figures() -> None:
    figures = measure(line([60, 62, 64, 65, 67, 69, 71, 72]), 4.0)
    assert figures.density == 2.0
    assert figures.densest == 8 / 5
    assert figures.polyphony == 1.0
    assert figures.longest_gap_s == 0.5
    assert figures.longest_note_s == 0.5
    assert figures.repetition == 0.0
    assert figures.last_pitches == 8
    assert figures.steadiness == 1.0


def test_no_notes_are_figures_too() -> None:
    figures = measure(NoteSequence.empty(), 10.0)
    assert (figures.density, figures.polyphony, figures.span, figures.repetition) == (0, 0, 0, 0)
    assert figures.longest_gap_s == 10.0


def test_the_densest_five_seconds_are_found_wherever_they_are() -> None:
    slow, quick = line([60] * 10, 1.0), line([72] * 50, 0.1)
    assert measure(slow.followed_by(quick.shifted(20)), 30).densest == 10.0


def test_polyphony_counts_only_the_time_in_which_something_sounds() -> None:
    chord = NoteSequence.from_tuples([(60, 80, 0, 2), (64, 80, 0, 2), (67, 80, 1, 2), (60, 80, 8, 9)])
    assert polyphony(chord) == pytest.approx((2 * 1 + 3 * 1 + 1 * 1) / 3)


def test_foreign_is_what_the_seed_does_not_have_in_any_octave() -> None:
    seed = line([60, 64, 67])
    assert foreign_share(line([48, 76, 61, 73, 79]), seed) == pytest.approx(2 / 5)
    assert foreign_share(seed, seed) == foreign_share(NoteSequence.empty(), seed) == 0
    assert foreign_share(seed, NoteSequence.empty()) == 0


def test_steady_is_a_gap_like_the_one_before_whatever_the_chords() -> None:
    def struck(*times_s: float) -> NoteSequence:
        return NoteSequence.from_tuples((60 + n, 80, time_s, time_s + 0.05) for n, time_s in enumerate(times_s))

    assert steadiness(struck(0, 0.5, 1.0, 1.54, 2.0)) == pytest.approx(2 / 3)  # the last gap is 15 % shorter
    assert steadiness(struck(0, 0.01, 0.5, 0.51, 0.52, 1.0)) == 1.0
    assert steadiness(struck(0, 0.5, 1.5, 1.7)) == 0.0
    assert steadiness(struck(0, 0.5)) == 0.0


def test_the_gap_before_the_first_and_after_the_last_strike_counts() -> None:
    notes = line([60, 62], 1.0)
    assert longest_gap(notes.shifted(3), 5.0) == 3.0
    assert longest_gap(notes, 9.0) == 8.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0),
        ([1], 0),
        ([1, 2, 3, 4], 0),
        ([1, 2, 3, 1, 2, 3], 3),
        ([1, 2, 3, 9, 1, 2, 4], 2),
        ([5, 5, 5, 5], 3),  # a note struck for ever repeats itself, overlapping
    ],
)
def test_longest_repeat(values: list[int], expected: int) -> None:
    assert longest_repeat(np.array(values, np.int16)) == expected


def test_longest_repeat_is_that_of_the_plain_search() -> None:
    random = np.random.default_rng(2)
    for _ in range(40):
        row = random.integers(0, 3, random.integers(2, 30)).tolist()
        plain = max(
            size
            for size in range(len(row))
            if len({tuple(row[at : at + size]) for at in range(len(row) - size + 1)}) < len(row) - size + 1 or size == 0
        )
        assert longest_repeat(np.array(row)) == plain


def test_pitch_classes_count_sounding_time_and_forget_the_octave() -> None:
    notes = NoteSequence.from_tuples([(60, 80, 0, 1), (72, 80, 1, 2), (67, 80, 2, 4)])
    assert pitch_classes(notes)[[0, 7]].tolist() == [0.5, 0.5]
    assert pitch_class_distance(notes, notes.shifted(9)) == 0
    assert pitch_class_distance(notes, line([61, 66])) == 1
    assert pitch_class_distance(notes, line([60])) == 0.5


def test_density_distance_is_in_octaves() -> None:
    one, twice = measure(line([60] * 10, 1.0), 10), measure(line([60] * 20, 0.5), 10)
    assert density_distance(one, twice) == density_distance(twice, one) == 1.0


def test_music_that_comes_back_resembles_itself() -> None:
    theme, other = line([60, 64, 67, 72] * 5, 0.5), line([61, 66, 70, 73] * 5, 0.5)
    returning = theme.followed_by(other.shifted(10)).followed_by(theme.shifted(20))
    leaving = theme.followed_by(theme.shifted(10)).followed_by(other.shifted(20))
    back, gone = self_similarity(returning, 30), self_similarity(leaving, 30)
    assert back == pytest.approx(1.0)
    assert gone == pytest.approx(0.0)
    assert self_similarity(theme, 15) is None
