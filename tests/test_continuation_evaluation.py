"""Openings, their continuations and the summary, on a fake engine of known behaviour."""

from __future__ import annotations

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.continuation_evaluation import FAULTS, Opening, evaluate_continuations, measure_continuation, openings
from musictx.errors import MidiError
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.notes import NoteSequence
from tests.fakes import FakeDecoder, random_logits, wishing_for

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def piece(seconds: float, first: int = 0) -> NoteSequence:
    """Four notes of a C major scale a second."""
    return NoteSequence.from_tuples(
        (SCALE[(first + beat) % 8], 80, beat / 4, beat / 4 + 0.25) for beat in range(int(seconds * 4))
    )


def ids(notes: NoteSequence) -> np.ndarray:
    return np.concatenate([[v.START], encode(notes), [v.END]]).astype(np.int32)


def test_long_pieces_are_cut_and_short_ones_are_all_seed() -> None:
    long, short = openings([ids(piece(60)), ids(piece(8))], 5)
    assert (long.seed_s, len(long.seed)) == (10.0, 40)
    assert long.real is not None and len(long.real) == 120
    assert (long.real.start_s.min(), long.real.duration_s) == (0.0, 30.0)
    assert short.real is None and short.seed_s == 8.0


def test_openings_are_spread_over_the_pieces() -> None:
    pieces = [ids(piece(60, first)) for first in range(8)]
    assert [int(opening.seed.pitch[0]) for opening in openings(pieces, 3)] == [SCALE[0], SCALE[3], SCALE[7]]


def test_pieces_without_notes_are_refused() -> None:
    with pytest.raises(MidiError, match="None of the 2 pieces begins with notes"):
        openings([np.array([v.START, v.END]), np.array([v.START])], 3)


def test_an_audition_is_repeatable_and_complete() -> None:
    seeds = openings([ids(piece(60)), ids(piece(8))], 2)
    told: list[tuple[int, int]] = []
    measured = evaluate_continuations(
        FakeDecoder(random_logits()), seeds, SamplingConfig(), 4.0, 3, lambda *done: told.append(done)
    )
    again = evaluate_continuations(FakeDecoder(random_logits()), seeds, SamplingConfig(), 4.0, 3)
    assert [one == other for one, other in zip(measured.notes, again.notes, strict=True)] == [True, True]
    assert told == [(1, 2), (2, 2)]
    assert (len(measured.generated), len(measured.real)) == (2, 1)
    assert measured.generated[0].pitch_class_distance is not None and measured.generated[1].pitch_class_distance is None
    assert all(notes.duration_s <= 4.0 for notes in measured.notes)


def test_what_was_really_played_has_no_faults_here() -> None:
    (opening,) = openings([ids(piece(60))], 1)
    assert opening.real is not None
    measured = measure_continuation(opening, opening.real, 30.0)
    assert measured.key_kept and measured.seed_distance == pytest.approx(0, abs=0.02) and measured.foreign == 0
    assert measured.faults == ("stuck",)  # a scale played for ever: the same notes in the same order


@pytest.mark.parametrize(
    ("continuation", "fault"),
    [
        (NoteSequence.from_tuples([(60, 80, 0, 1), (64, 80, 8, 9)]), "dead stop"),
        (NoteSequence.from_tuples((40 + n % 41, 80, n / 20, n / 20 + 0.1) for n in range(600)), "runaway density"),
        (NoteSequence.from_tuples((60, 80, n / 4, n / 4 + 0.2) for n in range(120)), "stuck"),
        (NoteSequence.from_tuples((61 + 5 * (n % 2), 80, n / 4, n / 4 + 0.2) for n in range(120)), "drifted"),
        (NoteSequence.from_tuples([(48, 80, 0, 12), *((60 + n, 80, n, n + 1) for n in range(30))]), "ringing"),
    ],
)
def test_each_fault_is_seen(continuation: NoteSequence, fault: str) -> None:
    opening = Opening(piece(10), 10.0, None)
    faults = measure_continuation(opening, continuation, 30.0).faults
    assert fault in faults and set(faults) <= set(FAULTS)


def test_the_summary_has_means_intervals_and_rates() -> None:
    seeds = openings([ids(piece(60, first)) for first in range(4)], 4)
    stuck = FakeDecoder(wishing_for(v.VELOCITY + 20, v.TIME_SHIFT + 24, 60, v.NOTE_OFF + 60))
    summary = evaluate_continuations(stuck, seeds, SamplingConfig(temperature=0), 4.0).summary()
    assert summary["continuations"] == 4
    assert summary["generated"]["faults"]["stuck"] == 1.0
    mean, half = summary["real"]["density"]
    assert (mean, half) == (4.0, 0.0)  # the first 4 s of what was played, as long as what was asked for
