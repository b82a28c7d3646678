"""The C library's allocator, told to keep what a training step frees: the next step wants it again.

glibc gives large buffers back to the system as soon as they are freed, and takes fresh pages for the next ones, which
the system has to clear first. On two cores of a Zen 3 that took 14 % of the time of a step.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h
NEVER = 2**31 - 1  # bytes; the largest int
ADDED_BYTES = 256 * 2**20  # taken from the system at once


def keep_freed_memory() -> bool:
    """Lets this process keep its freed memory until it ends; False where the C library is another than glibc.

    Reference: mallopt(3).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # Windows, macOS, musl
        return False
    settings = ((M_MMAP_THRESHOLD, NEVER), (M_TRIM_THRESHOLD, NEVER), (M_TOP_PAD, ADDED_BYTES))
    return all(mallopt(name, value) for name, value in settings)
