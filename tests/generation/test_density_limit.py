"""The restraint: nothing below the limit, ever more above it, the same for numpy and Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation.engines.base import Ids
from musictx.generation.generate import generate
from musictx.generation.prompt import continuation_notes
from musictx.generation.sampling import density_limit
from musictx.generation.sampling.density_limit import DensityState
from musictx.generation.sampling.state import advance, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.measures import densest
from musictx.midi.notes import NoteSequence
from tests.fakes import FakeDecoder, random_logits

LOGITS = np.random.default_rng(0).normal(size=(1, v.SIZE)).astype(np.float32)


def change(struck: dict[int, float], limit: float, key_limit: float) -> np.ndarray:
    """What restraint does to the logits while keys are struck so often a second."""
    onsets_BK = np.zeros((1, 128), np.float32)
    for key, density in struck.items():
        onsets_BK[0, key] = density * density_limit.MEMORY_S
    limits = np.array([limit], np.float32), np.array([key_limit], np.float32)
    return (density_limit.apply(np, LOGITS, DensityState(onsets_BK, *limits)) - LOGITS)[0]


def line(notes_a_second: float, seconds: float = 10) -> NoteSequence:
    """One note after the other."""
    gap = 1 / notes_a_second
    return NoteSequence.from_tuples(
        (48 + n % 40, 80, n * gap, n * gap + 0.8 * gap) for n in range(int(seconds * notes_a_second))
    )


def test_up_to_the_limits_nothing_changes() -> None:
    assert not change({}, 5, 2).any()
    assert not change({60: 2, 64: 2, 67: 1}, 5, 2).any()


def test_beyond_the_limit_strikes_velocities_and_short_waits_become_less_likely() -> None:
    flood = change({60: 2, 62: 2, 64: 2, 65: 2, 67: 2}, 5, 2)
    cost = density_limit.STRENGTH * np.log(2)
    np.testing.assert_allclose(flood[: v.NOTE_OFF], -cost, rtol=1e-4)
    np.testing.assert_allclose(flood[v.VELOCITY : v.EVENTS], -cost, rtol=1e-4)
    assert not flood[v.NOTE_OFF : v.TIME_SHIFT].any() and not flood[v.EVENTS :].any()
    waits = flood[v.TIME_SHIFT : v.VELOCITY]
    np.testing.assert_allclose(waits[[0, 9]], [-0.95 * cost, -0.5 * cost], rtol=1e-4)
    assert not waits[19:].any()  # 0.2 s is the gap at 5 strikes a second
    assert change({60: 20}, 5, 99)[62] < flood[62]


def test_a_key_beyond_its_own_limit_becomes_less_likely_alone() -> None:
    dwelling = change({60: 4, 64: 1}, 5, 2)
    assert dwelling[60] == pytest.approx(-density_limit.STRENGTH * np.log(2), rel=1e-4)
    assert not np.delete(dwelling, 60).any()


def test_strikes_are_counted_and_fade() -> None:
    state = state_after([[v.START, v.VELOCITY + 9, 60, 64, 67, v.TIME_SHIFT, v.NOTE_OFF + 60, 60]])
    assert state.density.onsets_BK[0, [60, 64, 67]] == pytest.approx([2.0, 1.0, 1.0], abs=0.01)
    for _ in range(3):
        state = advance(np, state, np.array([v.TIME_SHIFT + 99], np.int32))
    onsets_BK = state.density.onsets_BK
    assert onsets_BK[0, 64] == pytest.approx(np.exp(-3.01 / density_limit.MEMORY_S), rel=1e-4)
    assert onsets_BK.sum() == pytest.approx(4 * np.exp(-3 / density_limit.MEMORY_S), rel=0.01)
    assert onsets_BK.dtype == np.float32


def test_the_limits_are_what_the_prompt_had_at_most_and_some_headroom() -> None:
    room = density_limit.HEADROOM
    even, hurried = line(8), line(8).followed_by(line(20, 4).shifted(10.5))
    assert density_limit.limit(encode(even))[0] == pytest.approx(8 * room, rel=0.1)
    assert density_limit.limit(encode(hurried))[0] > 12 * room
    assert density_limit.limit(encode(line(1))) == (
        density_limit.LEAST_LIMIT * room,
        density_limit.LEAST_KEY_LIMIT * room,
    )
    repeated = NoteSequence.from_tuples((60, 80, n / 6, n / 6 + 0.1) for n in range(60))
    assert density_limit.limit(encode(repeated)) == pytest.approx((6 * room, 6 * room), rel=0.1)
    assert density_limit.limit(np.array([v.START], np.int32)) == (density_limit.UNLIMITED, density_limit.UNLIMITED)


def test_a_model_that_floods_is_held_near_its_seed() -> None:
    """Random logits strike as often as they may; after a seed of 6 notes a second they are kept near that."""

    def densest_after(prompt: Ids) -> float:
        decoder = FakeDecoder(random_logits(spread=1.0))
        sampling = SamplingConfig(1, 0, 1, stay_in_key=0)  # which has a hand in what is struck as well
        *_, chunk = generate(decoder, prompt, sampling=sampling, seconds=20)
        return densest(continuation_notes(prompt, chunk.variations[0].ids))

    assert densest_after(encode(line(6))) < 0.6 * densest_after(np.array([v.START], np.int32))


def test_a_model_that_dwells_on_a_key_moves_on() -> None:
    """It likes one key far more than the others; after a seed that changes its keys it uses others as well."""
    dwelling = np.zeros(v.SIZE, np.float32)
    dwelling[60] = dwelling[v.NOTE_OFF + 60] = 6.0

    def share_after(prompt: Ids) -> float:
        decoder = FakeDecoder(lambda _: dwelling)
        *_, chunk = generate(decoder, prompt, sampling=SamplingConfig(1, 0, 1), seconds=20)
        pitches = continuation_notes(prompt, chunk.variations[0].ids).pitch
        assert pitches.size > 50
        return float(np.mean(pitches == 60))

    assert share_after(encode(line(6))) < 0.5 * share_after(np.array([v.START], np.int32))


def test_numpy_and_keras_agree() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4, v.SIZE)).astype(np.float32)
    struck = random.uniform(0, 9, (4, 128)).astype(np.float32)
    limits = random.uniform(4, 20, (2, 4)).astype(np.float32)
    ids = np.array([60, v.TIME_SHIFT + 30, v.NOTE_OFF + 60, v.VELOCITY + 3], np.int32)
    host = DensityState(struck, *limits)
    engine = DensityState(*map(keras.ops.array, host))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(density_limit.apply(keras.ops, keras.ops.array(logits), engine)),
        density_limit.apply(np, logits, host),
        rtol=1e-5,
        atol=1e-5,
    )
    for ours, theirs in zip(
        density_limit.advance(np, host, ids),
        density_limit.advance(keras.ops, engine, keras.ops.array(ids)),
        strict=True,
    ):
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-6)
