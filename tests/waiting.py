"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool]) -> None:
    """Waits, as long as it takes; the suite's own limit ends a wait for what never comes."""
    while not condition():
        time.sleep(0.02)
