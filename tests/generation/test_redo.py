"""A range written anew: what is kept, what is chosen, how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.generate import Ending
from musictx.generation.redo import FOLLOWING_TOKENS, FollowingNll, Redone, prompt_before, redo, run_seed
from musictx.generation.tokens import Drawn, EngineTokens, TokenRequest
from musictx.midi import vocabulary as v
from musictx.midi.codec import token_times
from musictx.midi.notes import NoteSequence
from musictx.midi.ranges import split_at
from tests.fakes import FakeDecoder, random_logits
from tests.midi.test_ranges import overlaps

OPEN = SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)


def piece(seconds: float = 12.0, seed: int = 0) -> NoteSequence:
    """Notes off the codec's grid, some of which ring long; one key sounds once at a time."""
    random = np.random.default_rng(seed)
    start = np.sort(random.uniform(0, seconds - 1, round(5 * seconds)))
    raw = NoteSequence(
        random.integers(48, 76, start.size, np.int16),
        random.integers(1, 128, start.size, np.int16),
        start - start[0],
        start - start[0] + random.exponential(0.6, start.size) + 0.02,
    )
    return split_at(raw, 0.0, seconds).fitted(raw)


def last(notes: NoteSequence, start_s: float, end_s: float, decoder: FakeDecoder | None = None, **more: Any) -> Redone:
    decoder = decoder or FakeDecoder(random_logits())
    steps = list(redo(EngineTokens(decoder), decoder, notes, start_s, end_s, **{"sampling": OPEN, **more}))
    assert [step.ending for step in steps[:-1]] == [None] * (len(steps) - 1) and steps[-1].ending
    return steps[-1]


@pytest.mark.parametrize(("start_s", "end_s"), [(3.0, 6.0), (3.217, 5.031), (0.0, 2.0), (9.5, 11.0)])
def test_everything_outside_the_range_stays_and_no_key_is_struck_while_it_sounds(start_s: float, end_s: float) -> None:
    notes = piece()
    done = last(notes, start_s, end_s, candidates=6)
    assert done.ending is Ending.FINISHED and len(done.candidates) == done.of == 6
    outside = notes.select((notes.start_s < start_s) | (notes.start_s >= end_s))
    for candidate in done.candidates:
        whole = done.parts.joined(candidate.notes)
        assert whole.select((whole.start_s < start_s) | (whole.start_s >= end_s)) == outside
        assert len(candidate.notes) > 0 and overlaps(whole) == 0
    assert done.best == done.parts.joined(done.candidates[0].notes)


def test_the_best_is_the_one_after_which_the_rest_is_least_of_a_surprise() -> None:
    decoder = FakeDecoder(random_logits())
    done = last(piece(), 3.0, 6.0, decoder, candidates=8)
    nll = [candidate.nll for candidate in done.candidates]
    assert None not in nll and nll == sorted(nll, key=lambda value: value or 0) and len(set(nll)) > 3
    assert sorted(candidate.number for candidate in done.candidates) == list(range(1, 9))
    judge = FollowingNll(decoder, done.parts)
    assert [judge(candidate.notes) for candidate in done.candidates] == nll


def test_a_network_that_loves_one_ending_gets_it() -> None:
    """Known answer: what follows is likely only after key 60, which some candidates strike last."""

    def logits_of(ids_T: np.ndarray) -> np.ndarray:
        logits_V = np.zeros(v.SIZE, np.float32)
        struck = ids_T[ids_T < v.NOTE_OFF]
        if struck.size and struck[-1] == 60:
            logits_V[72] = 6.0
        return logits_V

    before, after = (60 + 4, 80, 0.0, 0.5), (72, 80, 4.0, 4.5)
    parts = split_at(NoteSequence.from_tuples([before, after]), 1.0, 4.0)
    judge = FollowingNll(FakeDecoder(logits_of), parts)
    liked, other = (judge(NoteSequence.from_tuples([(key, 80, 2.0, 2.5)])) for key in (60, 61))
    assert liked is not None and other is not None and liked < other - 0.9


def test_the_same_events_are_judged_after_every_filling() -> None:
    blank = FakeDecoder(lambda ids_T: np.zeros(v.SIZE, np.float32), window=2000)
    parts = split_at(piece(60, seed=4), 5.0, 9.0)
    judge = FollowingNll(blank, parts)
    ringing = NoteSequence.from_tuples([(40, 77, 6.0, 12.0), (41, 78, 8.0, 9.5), (42, 3, 8.9, 30.0)])
    for filling in (NoteSequence.empty(), parts.inside, ringing):
        nll = judge(filling)
        # Every token costs the same, so the count alone is seen; a few shifts over a gap may be needed.
        assert nll is not None and nll / np.log(v.SIZE) == pytest.approx(1, abs=6 / FOLLOWING_TOKENS)


def test_a_following_chord_beyond_the_limit_is_judged_whole() -> None:
    chord = NoteSequence.from_tuples([(30, 50, 0.0, 1.0), *((key, key, 4.0, 5.0) for key in range(20, 110))])
    decoder = FakeDecoder(random_logits(), window=64)
    assert FollowingNll(decoder, split_at(chord, 1.0, 4.0))(NoteSequence.empty()) is not None


def test_the_prompt_ends_where_the_range_begins_with_ringing_keys_held() -> None:
    notes = NoteSequence.from_tuples([(60, 80, 0.0, 5.0), (62, 80, 0.5, 1.0), (64, 80, 1.7, 2.2)])
    prompt = prompt_before(split_at(notes, 2.0, 4.0))
    assert token_times(prompt)[-1] == 2.0
    assert [token - v.NOTE_OFF for token in prompt.tolist() if v.NOTE_OFF <= token < v.TIME_SHIFT] == [62]
    assert prompt_before(split_at(notes, 0.0, 1.0)).tolist() == [v.START]


def test_same_random_seed_same_candidates_and_runs_differ() -> None:
    first, again, other = (last(piece(), 3.0, 5.0, candidates=8, random_seed=seed) for seed in (7, 7, 8))
    assert [each.notes for each in first.candidates] == [each.notes for each in again.candidates]
    assert [each.nll for each in first.candidates] == [each.nll for each in again.candidates]
    assert first.candidates[0].notes != other.candidates[0].notes
    by_number = sorted(first.candidates, key=lambda each: each.number)
    assert by_number[0].notes != by_number[4].notes  # of two runs
    assert len({run_seed(7, run) for run in range(4)}) == 4


def test_where_nothing_follows_candidates_stay_in_their_order() -> None:
    notes = piece()
    done = last(notes, 8.0, notes.duration_s, candidates=5)
    assert [candidate.number for candidate in done.candidates] == [1, 2, 3, 4, 5]
    assert {candidate.nll for candidate in done.candidates} == {None}
    assert all(candidate.notes.end_s.max() <= notes.duration_s + 1e-9 for candidate in done.candidates)


def test_stop_keeps_what_there_is() -> None:
    asked = iter(range(10**6))
    done = last(piece(), 3.0, 6.0, candidates=16, stop=lambda: next(asked) > 60)
    assert done.ending is Ending.STOPPED and 0 < len(done.candidates) < 16 and done.best is not None
    at_once = last(piece(), 3.0, 6.0, stop=lambda: True)
    assert at_once.ending is Ending.STOPPED and at_once.best is None


def test_progress_counts_candidates() -> None:
    decoder = FakeDecoder(random_logits())
    counts = [len(step.candidates) for step in redo(EngineTokens(decoder), decoder, piece(), 3.0, 4.0, sampling=OPEN)]
    assert counts == sorted(counts) and set(counts) == set(range(9))


def test_draws_come_from_the_source_and_judgements_from_the_engine() -> None:
    decoder, requests = FakeDecoder(random_logits()), []

    def elsewhere(request: TokenRequest) -> Iterator[Drawn]:
        requests.append(request)
        return EngineTokens(FakeDecoder(random_logits(9)))(request)

    steps = list(redo(elsewhere, decoder, piece(), 3.0, 5.0, sampling=OPEN, candidates=6))
    assert [request.variations for request in requests] == [4, 2] and decoder.prompts == []
    assert len(steps[-1].candidates) == 6


def test_at_temperature_zero_there_is_one_candidate() -> None:
    greedy = SamplingConfig(temperature=0.0)
    assert len(last(piece(), 3.0, 5.0, sampling=greedy, candidates=8).candidates) == 1


@pytest.mark.parametrize(
    ("start_s", "end_s", "more", "sentence"),
    [
        (3.0, 3.3, {}, "must last 0.5 s at least"),
        (3.0, 3.0, {}, "at least"),
        (5.0, 3.0, {}, "at least"),
        (-1.0, 3.0, {}, "outside the piece"),
        (3.0, 99.0, {}, "outside the piece"),
        (50.0, 99.0, {}, "outside the piece"),
        (float("nan"), 3.0, {}, "two numbers"),
        ("1", 3.0, {}, "two numbers"),
        (None, None, {}, "two numbers"),
        (3.0, 5.0, {"candidates": 17}, "number of candidates"),
        (3.0, 5.0, {"candidates": 0}, "number of candidates"),
        (3.0, 5.0, {"random_seed": -1}, "random seed"),
    ],
)
def test_refusals(start_s: Any, end_s: Any, more: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        last(piece(), start_s, end_s, **more)


def test_a_long_range_is_refused() -> None:
    with pytest.raises(SettingsError, match="30 s at most"):
        last(piece(60), 3.0, 40.0)
