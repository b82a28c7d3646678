"""The table of positions that is added to the embeddings (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def sinusoidal_positions(window: int, width: int) -> npt.NDArray[np.float32]:
    """The fixed position table of Vaswani et al. 2017, float32 (window, width): sines, then cosines."""
    rates = np.exp(-math.log(10_000.0) * np.arange(width // 2) / (width // 2))
    angles = np.arange(window)[:, None] * rates[None, :]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")
