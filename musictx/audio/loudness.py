"""Brings rendered samples to one level, and holds their peaks without distorting them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

SILENCE_LEVEL = 1e-6  # -120 dB: below it there is nothing to normalise; one note at velocity 1 has -101 dB
PEAK_LEVEL = 0.89  # -1 dB: room for what MP3 and OGG add when decoded
LIMIT_LEVEL = 0.98  # where gain above 1 meets the limiter
LIMIT_BLOCK_FRAMES = 256  # the limiter sets its gain once in this many frames, 6 ms
LIMIT_RADIUS_BLOCKS = 8  # it moves over 50 ms before and after a peak: too slow to be heard as distortion
CHUNK_FRAMES = 256 * LIMIT_BLOCK_FRAMES  # worked on at once, so that an hour needs no second copy


def peak_of(samples: Samples) -> float:
    """The largest absolute value; 0.0 for no samples."""
    return float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))  # np.abs would copy them all


def normalise(samples: Samples, gain: float) -> None:
    """In place: the peak to PEAK_LEVEL times `gain`, limited to LIMIT_LEVEL; silence becomes exact zeros."""
    peak = peak_of(samples)
    if peak < SILENCE_LEVEL:
        samples[:] = 0  # reverbs hum at -160 dB
        return
    samples *= np.float32(PEAK_LEVEL / peak * gain)
    if PEAK_LEVEL * gain > LIMIT_LEVEL:
        _limit(samples)


def _limit(samples: Samples) -> None:
    """Turns loud passages down smoothly, in place, so that no peak passes LIMIT_LEVEL.

    The gain of a block is the mean, over its neighbours, of the least gain that any
    block within one radius (and one block more, for the line between blocks) needs.
    A mean of values each small enough is small enough.
    """
    starts = np.arange(0, len(samples), LIMIT_BLOCK_FRAMES)
    peaks = np.array([peak_of(samples[start : start + LIMIT_BLOCK_FRAMES]) for start in starts])
    needed = np.minimum(1.0, LIMIT_LEVEL / np.maximum(peaks, SILENCE_LEVEL))
    reach = LIMIT_RADIUS_BLOCKS + 1
    padded = np.pad(needed, reach + LIMIT_RADIUS_BLOCKS, mode="edge")
    least = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    gains = np.lib.stride_tricks.sliding_window_view(least, 2 * LIMIT_RADIUS_BLOCKS + 1).mean(axis=1)
    centres = starts + LIMIT_BLOCK_FRAMES / 2
    for start in range(0, len(samples), CHUNK_FRAMES):
        chunk = samples[start : start + CHUNK_FRAMES]
        chunk *= np.interp(np.arange(start, start + len(chunk)), centres, gains).astype(np.float32)[:, None]
