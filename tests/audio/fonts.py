"""A SoundFont of pure tones, so that what is heard can be computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from musictx.audio.sf2 import StereoSample, Zone, write_sf2
from musictx.audio.soundfont import SoundFont, read_soundfont

RATE_HZ = 48000
LOWEST, HIGHEST = 55, 74  # keys that sound; all others are silent


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch in equal temperament, A4 = 440 Hz."""
    return float(440 * 2 ** ((pitch - 69) / 12))


def tone(pitch: int, length_s: float, level: float = 0.5) -> npt.NDArray[np.int16]:
    """A decaying sine on the left, half as loud on the right, int16 (frames, 2)."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    left = level * np.exp(-0.7 * time_s) * np.sin(2 * np.pi * hertz(pitch) * time_s)
    return np.rint(np.stack([left, left / 2], axis=1) * 32767).astype(np.int16)


def write_tones(path: Path, title: str = "Tones", release_s: float = 0.5, author: str = "Nobody") -> SoundFont:
    """Writes a font of two sines, keys 55-64 and 65-74, four seconds long."""
    samples = [StereoSample(f"tone{key}", tone(key, 4.0), key) for key in (60, 69)]
    zones = [Zone(0, (LOWEST, 64), (0, 127), release_s), Zone(1, (65, HIGHEST), (0, 127), release_s)]
    write_sf2(path, samples, zones, RATE_HZ, {"INAM": title, "IENG": author})
    return read_soundfont(path)


def level_db(samples: npt.NDArray[np.float32], from_s: float, to_s: float, rate_hz: int = 44100) -> float:
    """Mean level between two times, in dB of full scale."""
    part = samples[round(from_s * rate_hz) : round(to_s * rate_hz)].astype(np.float64)
    return float(10 * np.log10(np.mean(part**2) + 1e-20))


def pitch_cents(samples: npt.NDArray[np.float32], expected: int, rate_hz: int = 44100) -> float:
    """How far the strongest partial near pitch `expected` lies from it, in cents."""
    size = 2**18
    mono = samples[:, 0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), size))
    low, high = (round(hertz(expected + away) * size / rate_hz) for away in (-0.7, 0.7))
    peak = low + int(np.argmax(spectrum[low : high + 1]))
    before, at, after = np.log(spectrum[peak - 1 : peak + 2])
    exact = (peak + 0.5 * (before - after) / (before - 2 * at + after)) * rate_hz / size
    return float(1200 * np.log2(exact / hertz(expected)))
