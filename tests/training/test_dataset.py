"""Training windows: reproducible, varied as asked, and never outside their piece."""

from pathlib import Path

import numpy as np
import pytest

from musictx.errors import TrainingError
from musictx.midi import vocabulary as v
from musictx.training.dataset import (
    Augmentation,
    Corpus,
    TrainingWindows,
    augment,
    open_corpus,
    transpose,
    transpositions,
    validation_windows,
)

PLAIN = Augmentation(0, 0.0, 0.0)


@pytest.fixture(scope="module")
def corpus(corpus_folder: Path) -> Corpus:
    return open_corpus(corpus_folder)


def test_a_batch_depends_on_seed_and_step_alone(corpus: Corpus) -> None:
    first = TrainingWindows([corpus], [1], Augmentation(), 7)
    first.batch(0, 4, 32)
    again = TrainingWindows([corpus], [1], Augmentation(), 7)
    np.testing.assert_array_equal(first.batch(5, 4, 32)[0], again.batch(5, 4, 32)[0])
    assert (first.batch(6, 4, 32)[0] != first.batch(5, 4, 32)[0]).any()
    assert (TrainingWindows([corpus], [1], Augmentation(), 8).batch(5, 4, 32)[0] != first.batch(5, 4, 32)[0]).any()


def test_windows_are_passages_of_training_pieces_and_targets_follow(corpus: Corpus) -> None:
    inputs, targets = TrainingWindows([corpus], [1], PLAIN, 0).batch(3, 16, 24)
    np.testing.assert_array_equal(inputs[:, 1:], targets[:, :-1])
    texts = [corpus.ids(piece).tobytes() for piece in corpus.split("train")]
    for row in inputs:
        assert any(row[row != v.PAD].tobytes() in text for text in texts)


def test_windows_longer_than_a_piece_are_padded(corpus: Corpus) -> None:
    longest = max(piece.length for piece in corpus.pieces)
    inputs, targets = TrainingWindows([corpus], [1], PLAIN, 0).batch(0, 4, longest + 50)
    assert (inputs[:, -1] == v.PAD).all() and (targets[:, -1] == v.PAD).all()


def test_openings_and_endings_are_seen(corpus: Corpus) -> None:
    inputs, targets = TrainingWindows([corpus], [1], PLAIN, 0).batch(0, 200, 32)
    assert (inputs[:, 0] == v.START).any()
    assert (targets == v.END).any()


def test_corpora_are_drawn_by_weight(corpus: Corpus) -> None:
    silent = Corpus("other", np.full_like(corpus.tokens, v.TIME_SHIFT), corpus.pieces)
    inputs, _ = TrainingWindows([corpus, silent], [3, 1], PLAIN, 0).batch(0, 400, 16)
    share = (inputs == v.TIME_SHIFT).all(axis=1).mean()
    assert 0.18 < share < 0.32


@pytest.mark.parametrize("weights", [[], [0], [-1], [1, 1]])
def test_weights_that_make_no_sense_are_refused(corpus: Corpus, weights: list[float]) -> None:
    with pytest.raises(TrainingError, match="weight"):
        TrainingWindows([corpus], weights, PLAIN, 0)


def test_transposition_moves_keys_only_and_never_off_the_keyboard() -> None:
    ids = np.array([v.VELOCITY + 3, 60, 64, v.TIME_SHIFT + 9, v.NOTE_OFF + 60, v.NOTE_OFF + 64], np.int32)
    up = transpose(ids, 2)
    np.testing.assert_array_equal(up, [v.VELOCITY + 3, 62, 66, v.TIME_SHIFT + 9, v.NOTE_OFF + 62, v.NOTE_OFF + 66])
    np.testing.assert_array_equal(transpose(np.array([1, 127]), 1), [1, 127])
    np.testing.assert_array_equal(transpose(np.array([0, v.NOTE_OFF]), -1), [0, v.NOTE_OFF])


def test_moves_are_drawn_among_those_that_fit_the_piano() -> None:
    ids = np.array([v.VELOCITY + 3, 25, 100, v.NOTE_OFF + 25, v.NOTE_OFF + 100], np.int32)
    assert transpositions(ids) == (-4, 8)
    random, far = np.random.default_rng(0), Augmentation(87, 1.0)
    assert {int(augment(ids, far, random)[1]) - 25 for _ in range(300)} == set(range(-4, 9))
    assert transpositions(np.array([10, 120])) == (0, 0)  # no piano has these: left where they are
    assert transpositions(np.array([v.TIME_SHIFT])) == (0, 0)


def test_all_velocities_of_a_window_move_together_and_stay_in_their_range() -> None:
    ids = np.array([v.VELOCITY, 60, v.VELOCITY + 12, 64, v.TIME_SHIFT + 9, v.VELOCITY + 30, v.END], np.int32)
    random, varied = np.random.default_rng(0), Augmentation(0, 0.0, velocity_shift=3)
    rows = [augment(ids, varied, random) for _ in range(100)]
    assert {int(row[2]) - v.VELOCITY for row in rows} == set(range(9, 16))
    for row in rows:
        move = int(row[2]) - v.VELOCITY - 12
        assert row[0] == v.VELOCITY + max(move, 0) and row[5] == v.VELOCITY + min(30 + move, 31)
        np.testing.assert_array_equal(row[[1, 3, 4, 6]], ids[[1, 3, 4, 6]])


def test_the_recipe_transposes_three_windows_in_ten() -> None:
    random, ids = np.random.default_rng(0), np.array([60, v.TIME_SHIFT, v.NOTE_OFF + 60], np.int32)
    moves = np.array([augment(ids, Augmentation(), random)[0] - 60 for _ in range(2000)])
    assert set(moves) == {-2, -1, 0, 1, 2}
    assert 0.2 < (moves != 0).mean() < 0.28  # 0.3 times the four of five moves that are none


def test_stretching_changes_the_times_within_bounds(corpus: Corpus) -> None:
    ids = corpus.ids(corpus.pieces[0])
    random = np.random.default_rng(0)

    def steps(row: np.ndarray) -> int:
        shifts = row[(row >= v.TIME_SHIFT) & (row < v.VELOCITY)]
        return int((shifts - v.TIME_SHIFT + 1).sum())

    ratios = [steps(augment(ids, Augmentation(0, 0.0, 0.05), random)) / steps(ids) for _ in range(50)]
    assert 0.94 < min(ratios) < 0.97 and 1.03 < max(ratios) < 1.06


def test_validation_predicts_each_token_but_the_first_exactly_once() -> None:
    pieces = [np.arange(10, dtype=np.int32), np.arange(20, 25, dtype=np.int32)]
    rows = validation_windows(pieces, 4)
    targets = rows[:, 1:]
    np.testing.assert_array_equal(targets[targets != v.PAD], [*range(1, 10), *range(21, 25)])
    assert rows.shape == (4, 5)
