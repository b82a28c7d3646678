"""The exact search of `benchmarks.one_piece`: a run must go on in the same piece."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.one_piece import SIZE, OnePiece
from musictx.midi.notes import NoteSequence
from tests.midi.test_passages import changed, improvised, part


@pytest.fixture(scope="module")
def corpus() -> OnePiece:
    return OnePiece(improvised(seed) for seed in range(20))


def test_a_copy_counts_from_its_first_note_to_its_last(corpus: OnePiece) -> None:
    copy = changed(part(improvised(7), 100, 140), -5, 1.03)
    assert corpus.longest_shared(copy) == 40
    assert corpus.longest_shared(improvised(900).followed_by(copy.shifted(1000.0))) == 40


def test_two_pieces_make_no_run(corpus: OnePiece) -> None:
    first, second = part(improvised(3), 50, 70), part(improvised(4), 80, 95)
    joined = first.followed_by(second.shifted(first.duration_s + 1 - float(second.start_s.min())))
    assert 16 <= corpus.longest_shared(joined) <= 20  # a chord may be cut in two at its ends


def test_two_places_of_one_piece_make_no_run(corpus: OnePiece) -> None:
    whole = improvised(3)
    first, later = part(whole, 50, 70), part(whole, 200, 218)
    joined = first.followed_by(later.shifted(first.duration_s + 1 - float(later.start_s.min())))
    assert 16 <= corpus.longest_shared(joined) <= 20  # a chord may be cut in two at its ends


def test_what_is_not_there(corpus: OnePiece) -> None:
    assert corpus.longest_shared(NoteSequence.empty()) == 0
    assert corpus.longest_shared(part(improvised(3), 0, SIZE - 1)) == 0
    assert OnePiece([]).longest_shared(improvised(3)) == 0
    assert np.median([corpus.longest_shared(improvised(seed)) for seed in range(1000, 1010)]) == 0
