"""Serial numbers of what is shown."""

from __future__ import annotations

import time


def new_serial() -> float:
    """Orders what is shown: what an earlier press brings late is not."""
    return time.time()
