"""The level that samples end at, and a limiter that is not heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.audio.loudness import CHUNK_FRAMES, LIMIT_LEVEL, PEAK_LEVEL, Samples, normalise

RATE_HZ = 44100


def swelling(length_s: float, hertz: float = 440.0) -> Samples:
    """A tone that grows from a tenth to its full level, shape (frames, 2)."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    tone = np.sin(2 * np.pi * hertz * time_s) * np.linspace(0.02, 0.2, len(time_s))
    return np.stack([tone, tone], axis=1).astype(np.float32)


@pytest.mark.parametrize("gain", [0.0, 0.3, 1.0, 1.1])
def test_the_peak_is_the_promised_one(gain: float) -> None:
    samples = swelling(1.0)
    normalise(samples, gain)
    assert np.abs(samples).max() == pytest.approx(PEAK_LEVEL * gain, abs=1e-5)


def test_hum_becomes_silence() -> None:
    samples = np.full((1000, 2), 1e-8, np.float32)
    normalise(samples, 4.0)
    assert not samples.any()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3 * CHUNK_FRAMES // 2), st.floats(1.0, 4.0), st.integers(0, 2**32 - 1))
def test_no_peak_passes_the_limit(frames: int, gain: float, random_seed: int) -> None:
    rng = np.random.default_rng(random_seed)
    samples = rng.normal(0, 0.01, (frames, 2)).astype(np.float32)
    samples[rng.integers(0, frames, 20)] *= 50  # single clicks, anywhere
    normalise(samples, gain)
    assert np.abs(samples).max() <= LIMIT_LEVEL + 1e-6


def test_the_limiter_keeps_a_tone_pure() -> None:
    """A clipped sine at this gain has -13 dB of overtones; this one has none to speak of."""
    samples = swelling(2.0, hertz=1000.0)
    normalise(samples, 4.0)
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples)))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    overtones = spectrum[hertz > 1500].sum() / spectrum.sum()
    assert 10 * np.log10(overtones) < -60


def test_the_limiter_leaves_quiet_passages_alone() -> None:
    samples = swelling(2.0)
    plain = samples.copy()
    normalise(samples, 2.0)
    quiet = slice(0, RATE_HZ // 2)
    assert np.allclose(samples[quiet], plain[quiet] * (PEAK_LEVEL / np.abs(plain).max() * 2), atol=1e-6)
