"""N-grams of notes: every few steps in a row, and which of them tell pieces apart.

Shape letters: N steps of a piece, F n-grams, G steps of an n-gram.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def ngrams(steps_N: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Every `size` steps in a row, (F, G); none where there are fewer."""
    if steps_N.size < size:
        return np.zeros((0, size), np.int64)
    return np.lib.stride_tricks.sliding_window_view(steps_N, size)


def varied(grams_FG: npt.NDArray[Any], least: int) -> npt.NDArray[np.bool_]:
    """Which n-grams have at least so many different steps, (F,): repeated notes and trills tell nothing."""
    return np.asarray(1 + (np.diff(np.sort(grams_FG, axis=1), axis=1) != 0).sum(axis=1) >= least)
