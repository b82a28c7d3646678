"""The package `spaces` on a machine without CUDA: all of it is real but what it changes in PyTorch."""

from __future__ import annotations

import sys


def import_spaces() -> None:
    """Imports it as if PyTorch were not there: with a build that has no CUDA it would fail."""
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import spaces  # noqa: F401
    finally:
        del sys.modules["torch"]
