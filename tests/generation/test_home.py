"""Home: nothing changes at home, strange pitch classes are drawn back, and no more or fewer keys are struck."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import pytest

from musictx.config import SamplingConfig
from musictx.generation import home
from musictx.generation.decoder import Ids
from musictx.generation.generate import generate
from musictx.generation.home import HomeState
from musictx.generation.past import advance, past_after
from musictx.generation.prompt import continuation_notes
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.measures import pitch_class_distance
from musictx.midi.notes import NoteSequence
from tests.fakes import FakeDecoder, random_logits

LOGITS = np.random.default_rng(0).normal(size=(1, v.SIZE)).astype(np.float32)
C_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def scale(classes: tuple[int, ...], notes: int = 84, a_second: float = 8) -> NoteSequence:
    """Notes of these classes in turn, over three octaves."""
    pitches = [48 + 12 * octave + each for octave in range(3) for each in classes]
    return NoteSequence.from_tuples(
        (pitches[n % len(pitches)], 80, n / a_second, (n + 0.8) / a_second) for n in range(notes)
    )


def change(struck: dict[int, float], pull: float, shares: tuple[float, ...] = home.SOMEWHERE) -> npt.NDArray:
    """What it does to the logits after so many strikes of each pitch class."""
    struck_BC = np.zeros((1, home.CLASSES), np.float32)
    for each, count in struck.items():
        struck_BC[0, each] = count
    state = HomeState(struck_BC, np.array([shares], np.float32), np.array([pull], np.float32))
    return (home.homeward(np, LOGITS, state) - LOGITS)[0]


def test_at_home_nothing_changes() -> None:
    shares = home.shares(encode(scale(C_MAJOR)))
    at_home = {each: 30 * share for each, share in enumerate(shares)}
    for changed in (change({}, 1.0), change(at_home, 2.0, shares), change({1: 30, 6: 20}, 0.0, shares)):
        np.testing.assert_allclose(changed, 0, atol=1e-5)


def test_keys_are_weighed_by_how_much_too_often_their_class_came() -> None:
    shares = home.shares(encode(scale(C_MAJOR)))
    struck = {each: 30 * share for each, share in enumerate(shares)} | {1: 9.0}

    def cost(of: int) -> float:
        recent = (struck[of] + home.PRIOR * shares[of]) / (sum(struck.values()) + home.PRIOR)
        return float(np.log(recent / shares[of]))

    keys = change(struck, 1.0, shares)
    assert keys[60] - keys[61] == pytest.approx(cost(1) - cost(0), rel=1e-3)
    assert keys[60] - keys[61] > 1.5
    assert keys[61] == pytest.approx(keys[73], rel=1e-4)  # an octave makes no difference
    twice = change(struck, 2.0, shares)
    assert twice[60] - twice[61] == pytest.approx(2 * (cost(1) - cost(0)), rel=1e-3)


def test_strikes_together_stay_as_likely_and_nothing_else_changes() -> None:
    changed = change({1: 30.0, 6: 12.0}, 2.0, home.shares(encode(scale(C_MAJOR))))
    before, after = LOGITS[0, : v.NOTE_OFF], LOGITS[0, : v.NOTE_OFF] + changed[: v.NOTE_OFF]
    assert np.log(np.exp(after).sum()) == pytest.approx(np.log(np.exp(before).sum()), rel=1e-5)
    assert not changed[v.NOTE_OFF :].any() and np.abs(changed[: v.NOTE_OFF]).max() > 1


def test_a_prompt_without_notes_has_no_home() -> None:
    nothing = np.array([v.START], np.int32)
    assert home.shares(nothing) == pytest.approx(home.SOMEWHERE) and home.pull(nothing, 2.0) == 0
    short, long = (home.pull(encode(scale(C_MAJOR, notes)), 1.0) for notes in (5, 500))
    assert 0.1 < short < 0.3 < 0.9 < long < 1.0


def test_strikes_are_counted_by_class_and_fade() -> None:
    past = past_after([[v.START, v.VELOCITY + 9, 60, 72, 67, v.TIME_SHIFT, v.NOTE_OFF + 60, 60]])
    assert past.home.struck_BC[0, [0, 7, 1]] == pytest.approx([3.0, 1.0, 0.0], abs=0.01)
    for _ in range(8):
        past = advance(np, past, np.array([v.TIME_SHIFT + 99], np.int32))
    assert past.home.struck_BC[0, 7] == pytest.approx(np.exp(-8.01 / home.MEMORY_S), rel=1e-4)
    assert past.home.struck_BC.dtype == np.float32


def test_a_model_that_strays_comes_home() -> None:
    """Random logits know no key; how far from their seed's they are in half a minute falls with the strength."""

    def distance(strength: float) -> float:
        prompt: Ids = encode(scale(C_MAJOR))
        sampling = SamplingConfig(1, 0, 1, stay_in_key=strength)
        *_, chunk = generate(FakeDecoder(random_logits(spread=1.0)), prompt, sampling=sampling, seconds=30)
        return pitch_class_distance(scale(C_MAJOR), continuation_notes(prompt, chunk.variations[0].ids))

    astray, home_again, closer = distance(0.0), distance(1.0), distance(2.0)
    assert closer < home_again < 0.75 * astray


def test_numpy_and_keras_agree() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4, v.SIZE)).astype(np.float32)
    shares = random.dirichlet(np.ones(home.CLASSES), 4).astype(np.float32) + np.float32(0.01)
    struck, pull = random.uniform(0, 9, (4, home.CLASSES)).astype(np.float32), random.uniform(0, 2, 4)
    host = HomeState(struck, shares, pull.astype(np.float32))
    engine = HomeState(*map(keras.ops.array, host))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(home.homeward(keras.ops, keras.ops.array(logits), engine)),
        home.homeward(np, logits, host),
        atol=1e-5,
    )
    ids = np.array([60, v.TIME_SHIFT + 30, v.NOTE_OFF + 60, v.VELOCITY + 3], np.int32)
    after = home.advance(keras.ops, engine, keras.ops.array(ids))
    for ours, theirs in zip(home.advance(np, host, ids), after, strict=True):
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-6)
