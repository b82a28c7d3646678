"""Many messages of a track taken apart at once.

Nearly all of a track is channel messages of two data bytes. Each of these has exactly three bytes below 128, the last
of its delta time and its two data bytes, and bytes from 128 on stand only before the first (the rest of the delta time)
and the second (a status byte) of them. So a run of such messages is found by counting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_TWO_DATA_BYTES = np.zeros(256, bool)
_TWO_DATA_BYTES[[*range(0x80, 0xC0), *range(0xE0, 0xF0)]] = True
_TWO_DATA_BYTES.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Run:
    """Messages that follow each other, (N,): delta time in ticks int64, status and data bytes uint8.

    size: how many bytes they have together.
    """

    size: int
    delta: npt.NDArray[np.int64]
    status: Bytes
    first: Bytes
    second: Bytes


def read_run(window: Bytes, running: int) -> Run:
    """The whole messages of two data bytes at the head of `window`, (bytes,), where a delta time begins.

    running: the status in force, 0 for none.
    """
    places = np.flatnonzero(window < 0x80)
    low = places[: places.size // 3 * 3].reshape(-1, 3)
    begin = np.zeros(len(low), low.dtype)
    begin[1:] = low[:-1, 2] + 1
    more = low[:, 0] - begin  # bytes of the delta time before its last
    told = low[:, 1] - low[:, 0]  # 1 in running status, 2 with a status byte
    status = window[low[:, 1] - 1]  # the status byte, if there is one
    fits = (more <= 3) & (low[:, 2] - low[:, 1] == 1) & ((told == 1) | ((told == 2) & _TWO_DATA_BYTES[status]))
    if not _TWO_DATA_BYTES[running]:
        fits[:1] &= told[:1] == 2
    count = len(low) if fits.all() else int(np.argmin(fits))
    low = low[:count]
    latest = np.maximum.accumulate(np.where(told[:count] == 2, np.arange(count), -1))
    status = np.where(latest >= 0, status[:count][latest], np.uint8(running))
    size = int(low[-1, 2]) + 1 if count else 0
    return Run(size, _delta(window, low[:, 0], more[:count]), status, window[low[:, 1]], window[low[:, 2]])


def _delta(window: Bytes, last: npt.NDArray[np.intp], more: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Delta times of which the `last` byte and the number of bytes before it are known."""
    delta = window[last].astype(np.int64)
    for place in (1, 2, 3):
        longer = np.flatnonzero(more >= place)
        if not longer.size:
            break
        delta[longer] += (window[last[longer] - place].astype(np.int64) & 0x7F) << 7 * place
    return delta
