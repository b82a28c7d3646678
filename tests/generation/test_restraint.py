"""The restraint: nothing below the limit, ever more above it, the same for numpy and Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from musictx.config import SamplingConfig
from musictx.generation import restraint
from musictx.generation.decoder import Ids
from musictx.generation.generate import generate
from musictx.generation.grammar import advance, state_after
from musictx.generation.prompt import continuation_notes, greatest_density
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.measures import densest
from musictx.midi.notes import NoteSequence
from tests.fakes import FakeDecoder, random_logits

LOGITS = np.random.default_rng(0).normal(size=(1, v.SIZE)).astype(np.float32)


def restrained(struck: float, limit: float) -> np.ndarray:
    return restraint.restrained(np, LOGITS, np.array([struck], np.float32), np.array([limit], np.float32)) - LOGITS


def line(notes_a_second: float, seconds: float = 10) -> NoteSequence:
    """One note after the other."""
    gap = 1 / notes_a_second
    return NoteSequence.from_tuples(
        (48 + n % 40, 80, n * gap, n * gap + 0.8 * gap) for n in range(int(seconds * notes_a_second))
    )


def test_up_to_the_limit_nothing_changes() -> None:
    assert not restrained(0, 5).any()
    assert not restrained(5 * restraint.MEMORY_S, 5).any()


def test_beyond_it_strikes_and_velocities_become_less_likely_and_nothing_else() -> None:
    change = restrained(10 * restraint.MEMORY_S, 5)[0]
    lower = change < -1e-6
    assert lower[: v.NOTE_OFF].all() and lower[v.VELOCITY : v.EVENTS].all()
    assert not lower[v.NOTE_OFF : v.VELOCITY].any() and not lower[v.EVENTS :].any()
    assert change[60] == pytest.approx(-restraint.STRENGTH * np.log(2), rel=1e-4)
    assert restrained(20 * restraint.MEMORY_S, 5)[0, 60] < change[60]


def test_strikes_are_counted_and_fade() -> None:
    state = state_after([[v.START, v.VELOCITY + 9, 60, 64, 67]])
    assert state.struck_B.tolist() == [3.0]
    for _ in range(3):
        state = advance(np, state, np.array([v.TIME_SHIFT + 99], np.int32))
    assert state.struck_B[0] == pytest.approx(3 * np.exp(-3 / restraint.MEMORY_S), rel=1e-5)
    assert state.struck_B.dtype == np.float32


def test_the_limit_is_the_densest_that_the_prompt_was() -> None:
    even, hurried = line(8), line(8).followed_by(line(20, 4).shifted(10.5))
    assert greatest_density(encode(even)) == pytest.approx(8, rel=0.1)
    assert greatest_density(encode(hurried)) > 12
    assert greatest_density(encode(line(1))) == restraint.LEAST_LIMIT
    assert greatest_density(np.array([v.START], np.int32)) == restraint.UNLIMITED


def test_a_model_that_floods_is_held_near_its_seed() -> None:
    """Random logits strike as often as they may; after a seed of 6 notes a second they are kept near that."""

    def densest_after(prompt: Ids) -> float:
        decoder = FakeDecoder(random_logits(spread=1.0))
        *_, chunk = generate(decoder, prompt, sampling=SamplingConfig(1, 0, 1), seconds=20)
        return densest(continuation_notes(prompt, chunk.variations[0].ids))

    assert densest_after(np.array([v.START], np.int32)) > 40
    assert densest_after(encode(line(6))) < 20


def test_numpy_and_keras_agree() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4, v.SIZE)).astype(np.float32)
    struck, limit = random.uniform(0, 90, 4).astype(np.float32), random.uniform(4, 20, 4).astype(np.float32)
    ids = np.array([60, v.TIME_SHIFT + 30, v.NOTE_OFF + 60, v.VELOCITY + 3], np.int32)
    tensors = [keras.ops.array(array) for array in (logits, struck, limit)]
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(restraint.restrained(keras.ops, *tensors)),
        restraint.restrained(np, logits, struck, limit),
        rtol=1e-5,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(restraint.advance(keras.ops, tensors[1], keras.ops.array(ids))),
        restraint.advance(np, struck, ids),
        rtol=1e-6,
    )
