"""The loop over a fake engine: length, stop, windows, repeatability."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.generate import Chunk, Ending, cut_at, generate
from musictx.generation.prompt import continuation_notes, tail
from musictx.generation.sampling.state import limits, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, shift_steps
from tests.fakes import FakeDecoder, random_logits, wishing_for
from tests.generation.test_grammar import violations

OPEN = SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)
SEED = np.array([v.START, v.VELOCITY + 20, 60, v.TIME_SHIFT + 99, v.NOTE_OFF + 60], np.int32)


def last(decoder: FakeDecoder, prompt: npt.ArrayLike = SEED, **settings: Any) -> Chunk:
    """The final chunk of a generation; 4 seconds with open sampling unless told."""
    chunks = list(generate(decoder, np.asarray(prompt, np.int32), **{"sampling": OPEN, "seconds": 4.0, **settings}))
    assert [chunk.ending for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    return chunks[-1]


def pieces(chunk: Chunk) -> list[list[int]]:
    """The ids of each variation."""
    return [variation.ids.tolist() for variation in chunk.variations]


def test_every_variation_ends_exactly_at_the_length() -> None:
    chunk = last(FakeDecoder(random_logits()), seconds=7.53, variations=4)
    assert chunk.ending is Ending.FINISHED
    for variation in chunk.variations:
        assert variation.done
        assert variation.seconds == pytest.approx(7.53)
        assert shift_steps(variation.ids).sum() == 753
        assert continuation_notes(SEED, variation.ids).duration_s <= 7.53
    assert chunk.seconds == pytest.approx(7.53)
    assert chunk.tokens == sum(map(len, pieces(chunk)))


def test_twenty_thousand_tokens_never_leave_the_grammar() -> None:
    decoder = FakeDecoder(random_logits(), window=64)
    chunk = last(decoder, seconds=190, variations=4)
    assert chunk.tokens >= 20_000
    for ids in pieces(chunk):
        assert violations(SEED, ids[:-1]) == []  # the last shift is cut at the length
        notes = continuation_notes(SEED, np.array(ids, np.int32))
        assert len(notes) == sum(token < v.NOTE_OFF for token in ids)
        assert notes.end_s.max() <= 190


def test_same_seed_same_piece_whatever_the_chunk_size() -> None:
    expected = pieces(last(FakeDecoder(random_logits(), chunk=16), variations=2, random_seed=5))
    for size in (1, 7, 64):
        assert pieces(last(FakeDecoder(random_logits(), chunk=size), variations=2, random_seed=5)) == expected
    assert pieces(last(FakeDecoder(random_logits()), variations=2, random_seed=6)) != expected


def test_a_variation_is_the_same_however_many_are_asked_for() -> None:
    four = pieces(last(FakeDecoder(random_logits()), variations=4, random_seed=5, seconds=20))
    two = pieces(last(FakeDecoder(random_logits()), variations=2, random_seed=5, seconds=20))
    assert two == four[:2]
    assert len({tuple(ids) for ids in four}) == 4


def test_a_longer_piece_begins_like_a_shorter_one() -> None:
    short, long = (pieces(last(FakeDecoder(random_logits()), seconds=seconds))[0] for seconds in (3, 9))
    assert long[: len(short) - 1] == short[:-1]


def test_stop_keeps_what_is_there() -> None:
    calls = iter([False, False, False, True])
    chunks = list(generate(FakeDecoder(random_logits()), SEED, sampling=OPEN, seconds=60, stop=lambda: next(calls)))
    assert [chunk.ending for chunk in chunks] == [None, None, None, Ending.STOPPED]
    assert pieces(chunks[-1]) == pieces(chunks[-2])
    assert chunks[-1].tokens == 48
    assert pieces(chunks[-1])[0] == pieces(last(FakeDecoder(random_logits()), seconds=60))[0][:48]


def test_stop_before_the_first_call_starts_no_engine() -> None:
    decoder = FakeDecoder(random_logits())
    chunk = last(decoder, stop=lambda: True, variations=2)
    assert (chunk.ending, pieces(chunk), chunk.tokens, chunk.seconds) == (Ending.STOPPED, [[], []], 0, 0.0)
    assert decoder.prompts == []


def test_chunks_grow_and_keep_what_they_had() -> None:
    before: list[list[int]] = [[], []]
    for chunk in generate(FakeDecoder(random_logits()), SEED, sampling=OPEN, seconds=4, variations=2):
        now = pieces(chunk)
        assert all(new[: len(old)] == old for new, old in zip(now, before, strict=True))
        before = now


def test_a_full_window_is_begun_anew_with_its_last_three_quarters() -> None:
    decoder = FakeDecoder(random_logits(), window=64, chunk=10)
    chunk = last(decoder, seconds=30)
    whole = np.array([*SEED.tolist(), *pieces(chunk)[0]], np.int32)
    assert [prompt.shape for prompt in decoder.prompts] == [(1, 5)] + [(1, 48)] * (len(decoder.prompts) - 1)
    assert len(decoder.prompts) > 3
    for number, prompt in enumerate(decoder.prompts[1:]):
        seen = 64 + 16 * number  # each window draws the 16 tokens it has room for
        assert prompt[0].tolist() == tail(whole[:seen], 48).tolist()


def test_keys_struck_before_the_kept_part_are_released_in_it() -> None:
    """A key held through several windows stays held: it is not struck again, and its release is allowed."""
    hold = v.VELOCITY + 20, 60
    other_on, other_off = 72, v.NOTE_OFF + 72  # struck when a longer wait is not allowed
    decoder = FakeDecoder(wishing_for(v.TIME_SHIFT + 19, other_off, other_on), window=16, chunk=4)
    chunk = last(decoder, [v.START, *hold, v.TIME_SHIFT + 99], sampling=SamplingConfig(temperature=0), seconds=2.4)
    assert set(pieces(chunk)[0]) == {v.TIME_SHIFT + 19, other_off, other_on}
    assert not (decoder.prompts[-1] == 60).any()
    assert decoder.states[-1].grammar.held_BK[0, 60] > 200


def test_a_key_that_the_model_never_releases_is_released_all_the_same() -> None:
    """A model that only waits and repeats one note: what the seed held ends after the limit, across windows."""
    other_on, other_off = 72, v.NOTE_OFF + 72
    decoder = FakeDecoder(wishing_for(v.TIME_SHIFT + 99, other_off, other_on), window=16, chunk=4)
    held = [v.START, v.VELOCITY + 20, 60, v.TIME_SHIFT + 99]
    chunk = last(decoder, held, sampling=SamplingConfig(temperature=0), seconds=60)
    ids = pieces(chunk)[0]
    release = ids.index(v.NOTE_OFF + 60)
    assert ids[:release].count(v.TIME_SHIFT + 99) == 3  # one second in the prompt, three more: the least limit
    notes = decode([*held, *ids])
    assert (notes.end_s - notes.start_s).max() <= 4.0


def test_a_prompt_longer_than_the_window_keeps_its_last_part() -> None:
    prompt = np.concatenate([[v.START, v.VELOCITY + 9, 50], np.full(97, v.TIME_SHIFT + 99)])
    decoder = FakeDecoder(random_logits(), window=64)
    last(decoder, prompt)
    assert decoder.prompts[0].tolist() == [prompt[-48:].tolist()]
    assert decoder.states[0].grammar.held_BK[0, 50] == 9700
    assert decoder.states[0].grammar.velocity_B[0] == 9


def test_an_empty_prompt_is_a_piece_from_nothing() -> None:
    decoder = FakeDecoder(random_logits())
    assert last(decoder, []).ending is Ending.FINISHED
    assert decoder.prompts[0].tolist() == [[v.START]]


def test_a_model_that_lets_no_time_pass_is_ended() -> None:
    ons = list(range(v.NOTE_ON, v.NOTE_OFF))
    decoder = FakeDecoder(wishing_for(*ons, *range(v.NOTE_OFF, v.TIME_SHIFT), v.TIME_SHIFT), window=512)
    # From nothing, since after a seed strikes as dense as these would be held back.
    chunk = last(decoder, [v.START], seconds=5, sampling=SamplingConfig(temperature=0))
    assert chunk.ending is Ending.TOO_DENSE
    assert chunk.seconds < 5
    assert 1000 <= chunk.tokens <= 1000 + v.SIZE + 16


def test_work_is_timed_without_the_time_the_caller_takes() -> None:
    plain, caller_s = random_logits(), 0.0

    def logits_of(ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        time.sleep(0.002)
        return plain(ids)

    began = time.perf_counter()
    chunks = []
    for chunk in generate(FakeDecoder(logits_of), SEED, sampling=OPEN, seconds=4):
        chunks.append(chunk)
        paused = time.perf_counter()
        time.sleep(0.02)
        caller_s += time.perf_counter() - paused
    chunk = chunks[-1]
    work_s = chunk.tokens / chunk.tokens_per_second
    assert 0.002 * chunk.tokens <= work_s <= time.perf_counter() - began - caller_s
    assert chunk.first_note_s is not None
    assert 0.002 <= chunk.first_note_s <= work_s


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},
        {"seconds": float("nan")},
        {"variations": 0},
        {"variations": 5},
        {"random_seed": -1},
        {"prompt": [391]},
        {"prompt": [[60, 62]]},
    ],
)
def test_settings_out_of_range_are_refused_at_once(wrong: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"prompt": SEED, "sampling": OPEN, "seconds": 4.0, **wrong}
    with pytest.raises(SettingsError, match="Received"):
        generate(FakeDecoder(random_logits()), np.asarray(settings.pop("prompt"), np.int32), **settings)


def test_cut_shortens_the_shift_that_passes_the_limit() -> None:
    ids = np.array([60, v.TIME_SHIFT + 99, 62, v.TIME_SHIFT + 49, 64], np.int32)
    assert [cut_at(ids, 0, 120)[0].tolist(), cut_at(ids, 0, 120)[1]] == [[60, 355, 62, v.TIME_SHIFT + 19], 120]
    assert cut_at(ids, 0, 100)[0].tolist() == [60, 355]
    assert cut_at(ids, 0, 150)[0].tolist() == ids[:4].tolist()
    assert [cut_at(ids, 0, 151)[0].tolist(), cut_at(ids, 0, 151)[1]] == [ids.tolist(), 150]
    assert cut_at(ids, 151, 151)[0].size == 0


def test_the_past_given_to_the_engine_is_that_of_the_prompt() -> None:
    decoder = FakeDecoder(random_logits())
    seed = SEED[:4]
    last(decoder, seed, variations=3)
    expected = state_after(np.tile(seed, (3, 1)), limits(seed, OPEN))
    for ours, theirs in zip(decoder.states[0], expected, strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))
