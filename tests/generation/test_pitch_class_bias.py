"""Home: the seed's own classes come back to their shares, foreign ones never gain, no more or fewer keys are struck."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import numpy.typing as npt
import pytest

from musictx.config import SAMPLING_PRESETS, SamplingConfig
from musictx.generation.engines.base import Ids
from musictx.generation.generate import generate
from musictx.generation.prompt import continuation_notes
from musictx.generation.sampling import pitch_class_bias
from musictx.generation.sampling.per_kind import filter_per_kind
from musictx.generation.sampling.pitch_class_bias import PitchClassState
from musictx.generation.sampling.state import advance, state_after
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode
from musictx.midi.measures import foreign_share, pitch_class_distance
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


def change(struck: dict[int, float], pull: float, shares: tuple[float, ...] = pitch_class_bias.UNIFORM) -> npt.NDArray:
    """What it does to the logits after so many strikes of each pitch class."""
    onsets_BC = np.zeros((1, pitch_class_bias.CLASSES), np.float32)
    for each, count in struck.items():
        onsets_BC[0, each] = count
    state = PitchClassState(onsets_BC, np.array([shares], np.float32), np.array([pull], np.float32))
    return (pitch_class_bias.apply(np, LOGITS, state) - LOGITS)[0]


def keys_of(*which: int) -> npt.NDArray[np.intp]:
    """The keys of these pitch classes."""
    return np.flatnonzero(np.isin(pitch_class_bias.classes(), which))


def test_at_home_only_foreign_keys_change() -> None:
    shares = pitch_class_bias.shares(encode(scale(C_MAJOR)))
    at_home = {each: 30 * share for each, share in enumerate(shares)}
    changed = change(at_home, 2.0, shares)
    ours, foreign = changed[keys_of(*C_MAJOR)], changed[keys_of(1, 3, 6, 8, 10)]
    np.testing.assert_allclose(ours, ours[0], atol=1e-5)
    np.testing.assert_allclose(foreign, foreign[0], atol=1e-5)
    assert (
        foreign[0] == pytest.approx(ours[0] - 2 * (2 * pitch_class_bias.FOREIGN_PENALTY), abs=1e-4)
        and foreign[0] < 0 < ours[0]
    )
    np.testing.assert_allclose(change({}, 1.0), 0, atol=1e-5)  # from nothing: no class is foreign


def test_without_strength_nothing_changes_at_all() -> None:
    for shares in (
        pitch_class_bias.UNIFORM,
        pitch_class_bias.shares(encode(scale(C_MAJOR))),
        pitch_class_bias.shares(encode(scale((0,)))),
    ):
        assert not change({1: 30, 6: 20}, 0.0, shares).any()


def test_keys_are_weighed_by_how_much_too_often_their_class_came() -> None:
    shares = pitch_class_bias.shares(encode(scale(C_MAJOR)))
    struck = {each: 30 * share for each, share in enumerate(shares)} | {2: 19.0}

    def cost(of: int) -> float:
        recent = (struck[of] + pitch_class_bias.PRIOR * shares[of]) / (sum(struck.values()) + pitch_class_bias.PRIOR)
        return float(np.log(recent / shares[of]))

    keys = change(struck, 1.0, shares)
    assert keys[60] - keys[62] == pytest.approx(cost(2) - cost(0), rel=1e-3)
    assert keys[60] - keys[62] > 1.0
    assert keys[62] == pytest.approx(keys[74], rel=1e-4)  # an octave makes no difference
    twice = change(struck, 2.0, shares)
    assert twice[60] - twice[62] == pytest.approx(2 * (cost(2) - cost(0)), rel=1e-3)


def test_foreign_keys_that_came_of_late_are_drawn_back_the_more() -> None:
    shares = pitch_class_bias.shares(encode(scale(C_MAJOR)))
    at_home = {each: 30 * share for each, share in enumerate(shares)}
    apart = []
    for strays in (0.0, 3.0, 12.0):
        keys = change(at_home | {6: strays}, 1.0, shares)
        apart.append(keys[60] - keys[66])
        assert keys[66] == pytest.approx(keys[61], abs=1e-5)  # all foreign keys alike
    assert apart[0] < apart[1] - 0.5 < apart[2] - 1.0


SEEDS = {
    "one note": (4,),
    "two classes": (2, 9),
    "pentatonic": (0, 2, 4, 7, 9),
    "C major": C_MAJOR,
    "all but one": tuple(range(11)),
    "chromatic": tuple(range(12)),
}


@pytest.mark.parametrize("own", SEEDS.values(), ids=SEEDS)
@pytest.mark.parametrize("spread", [0.5, 3.0, 20.0])
def test_whatever_was_struck_no_foreign_key_gains_and_none_overtakes(own: tuple[int, ...], spread: float) -> None:
    random = np.random.default_rng(len(own))
    shares = pitch_class_bias.shares(encode(scale(own, 30)))
    foreign_K = np.array([each % 12 not in own for each in range(128)])
    pulls = np.linspace(0, 2, 9, dtype=np.float32)
    for _ in range(20):
        logits_1V = random.normal(0, spread, (1, v.SIZE)).astype(np.float32)
        struck_C = random.gamma(0.3, 20, pitch_class_bias.CLASSES) * random.integers(0, 2, pitch_class_bias.CLASSES)
        onsets_BC, home_BC = (np.tile(row, (len(pulls), 1)).astype(np.float32) for row in (struck_C, shares))
        moved_BV = pitch_class_bias.apply(
            np, np.tile(logits_1V, (len(pulls), 1)), PitchClassState(onsets_BC, home_BC, pulls)
        )
        assert np.array_equal(moved_BV[0], logits_1V[0]) and np.isfinite(moved_BV).all()
        assert (np.diff(moved_BV[:, :128][:, foreign_K], axis=0) <= 1e-4).all()
        before, after = logits_1V[0, :128], moved_BV[-1, :128]
        below = before[foreign_K][:, None] < before[~foreign_K]
        assert (after[foreign_K][:, None] < after[~foreign_K])[below].all()


def test_strikes_together_stay_as_likely_and_nothing_else_changes() -> None:
    changed = change({1: 30.0, 6: 12.0}, 2.0, pitch_class_bias.shares(encode(scale(C_MAJOR))))
    before, after = LOGITS[0, : v.NOTE_OFF], LOGITS[0, : v.NOTE_OFF] + changed[: v.NOTE_OFF]
    assert np.log(np.exp(after).sum()) == pytest.approx(np.log(np.exp(before).sum()), rel=1e-5)
    assert not changed[v.NOTE_OFF :].any() and np.abs(changed[: v.NOTE_OFF]).max() > 1


def test_a_prompt_without_notes_has_no_home() -> None:
    nothing = np.array([v.START], np.int32)
    assert (
        pitch_class_bias.shares(nothing) == pytest.approx(pitch_class_bias.UNIFORM)
        and pitch_class_bias.strength(nothing, 2.0) == 0
    )
    assert pitch_class_bias.shares(encode(scale((4,), 3))) == tuple(float(each == 4) for each in range(12))
    short, long = (pitch_class_bias.strength(encode(scale(C_MAJOR, notes)), 1.0) for notes in (5, 500))
    assert 0.1 < short < 0.3 < 0.9 < long < 1.0


def test_strikes_are_counted_by_class_and_fade() -> None:
    state = state_after([[v.START, v.VELOCITY + 9, 60, 72, 67, v.TIME_SHIFT, v.NOTE_OFF + 60, 60]])
    assert state.pitch_classes.onsets_BC[0, [0, 7, 1]] == pytest.approx([3.0, 1.0, 0.0], abs=0.01)
    for _ in range(8):
        state = advance(np, state, np.array([v.TIME_SHIFT + 99], np.int32))
    assert state.pitch_classes.onsets_BC[0, 7] == pytest.approx(np.exp(-8.01 / pitch_class_bias.MEMORY_S), rel=1e-4)
    assert state.pitch_classes.onsets_BC.dtype == np.float32


def test_a_model_that_strays_comes_home() -> None:
    """Random logits know no key; how far from their seed's they are in half a minute falls with the strength."""

    def distance(strength: float) -> float:
        prompt: Ids = encode(scale(C_MAJOR))
        sampling = SamplingConfig(1, 0, 1, stay_in_key=strength)
        *_, chunk = generate(FakeDecoder(random_logits(spread=1.0)), prompt, sampling=sampling, seconds=30)
        return pitch_class_distance(scale(C_MAJOR), continuation_notes(prompt, chunk.variations[0].ids))

    astray, home_again, closer = distance(0.0), distance(1.0), distance(2.0)
    assert closer < home_again < 0.75 * astray


@pytest.mark.parametrize("preset", SAMPLING_PRESETS.values(), ids=SAMPLING_PRESETS)
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_after_the_sliders_too_foreign_keys_have_less_the_more_strength(preset: SamplingConfig, spread: float) -> None:
    """Temperature, top-k and top-p look at all keys: classes that come nearer to each other must not let others in."""
    random = np.random.default_rng(2)
    pulls = np.array([0, 0.3, 0.8, 1.6], np.float32)
    fell = 0
    for size in [*range(1, 12)] * 3:
        own = random.choice(12, size, replace=False)
        shares_C, struck_C = np.zeros(12), random.gamma(0.5, 10, 12)
        shares_C[own] = random.dirichlet(np.ones(size)) + 0.02
        both = (struck_C, shares_C / shares_C.sum())
        onsets_BC, home_BC = (np.tile(row, (len(pulls), 1)).astype(np.float32) for row in both)
        logits_BV = np.tile(random.normal(0, spread, (1, v.SIZE)), (len(pulls), 1)).astype(np.float32)
        homeward_BV = pitch_class_bias.apply(np, logits_BV, PitchClassState(onsets_BC, home_BC, pulls))
        weights_BK = np.exp(filter_per_kind(np, homeward_BV, preset.temperature, preset.top_k, preset.top_p)[:, :128])
        shares_B = 1 - weights_BK[:, keys_of(*own)].sum(axis=1) / weights_BK.sum(axis=1)
        assert (np.diff(shares_B) < 1e-4).all(), shares_B
        fell += shares_B[-1] < 0.5 * shares_B[0]
    assert fell > 15


@pytest.mark.parametrize("own", [SEEDS["pentatonic"], SEEDS["C major"], SEEDS["all but one"]])
@pytest.mark.parametrize("sampling", [SamplingConfig(1, 0, 1), SamplingConfig(), SamplingConfig(scope="tokens")])
def test_more_strength_means_fewer_foreign_notes(own: tuple[int, ...], sampling: SamplingConfig) -> None:
    """Of a model that knows no key, under the sliders of a preset too."""
    seed = scale(own, 40)

    def foreign(strength: float) -> float:
        settings = dataclasses.replace(sampling, stay_in_key=strength)
        decoder = FakeDecoder(random_logits(spread=1.0), window=512)
        *_, chunk = generate(decoder, encode(seed), sampling=settings, seconds=8, variations=4)
        return float(
            np.mean([foreign_share(continuation_notes(encode(seed), row.ids), seed) for row in chunk.variations])
        )

    shares = [foreign(strength) for strength in (0.0, 0.5, 1.0, 2.0)]
    assert shares == sorted(shares, reverse=True) and shares[3] < 0.6 * shares[0], shares


def test_the_seed_is_what_the_model_sees_of_it() -> None:
    """What stood before the part that a window holds is foreign; the same in every variation."""
    prompt = np.concatenate([encode(scale((1, 6), 40)), encode(scale((0, 7), 60))])
    decoder = FakeDecoder(random_logits())
    next(generate(decoder, prompt, sampling=SamplingConfig(), seconds=1, variations=2))
    assert prompt.size > decoder.window
    assert [np.flatnonzero(row).tolist() for row in decoder.states[0].pitch_classes.shares_BC] == [[0, 7], [0, 7]]
    short = FakeDecoder(random_logits(), window=1024)
    next(generate(short, prompt, sampling=SamplingConfig(), seconds=1))
    assert np.flatnonzero(short.states[0].pitch_classes.shares_BC[0]).tolist() == [0, 1, 6, 7]


def test_numpy_and_keras_agree() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(4, v.SIZE)).astype(np.float32)
    shares = random.dirichlet(np.ones(pitch_class_bias.CLASSES), 4).astype(np.float32) + np.float32(0.01)
    shares[1, 3], shares[2, :9], shares[3, 1:] = 0, 0, 0  # foreign classes: one, most, all but one
    struck, pull = random.uniform(0, 9, (4, pitch_class_bias.CLASSES)).astype(np.float32), random.uniform(0, 2, 4)
    host = PitchClassState(struck, shares, pull.astype(np.float32))
    engine = PitchClassState(*map(keras.ops.array, host))
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(pitch_class_bias.apply(keras.ops, keras.ops.array(logits), engine)),
        pitch_class_bias.apply(np, logits, host),
        atol=1e-5,
    )
    ids = np.array([60, v.TIME_SHIFT + 30, v.NOTE_OFF + 60, v.VELOCITY + 3], np.int32)
    after = pitch_class_bias.advance(keras.ops, engine, keras.ops.array(ids))
    for ours, theirs in zip(pitch_class_bias.advance(np, host, ids), after, strict=True):
        np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), rtol=1e-6)
