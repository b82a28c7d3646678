"""The page as on a ZeroGPU Space, in a process of its own: `python -m tests.zero_gpu.serve --port N …`, as app.py.

SPACES_ZERO_DEVICE_API_URL names the stand-in for the device service. Of the package `spaces` all is real but what it
changes in PyTorch, which takes a build with CUDA: it is imported as where there is no PyTorch.
"""

from __future__ import annotations

import sys

from app import leave, main
from musictx.hosting.files import own_files
from musictx.zero_gpu.speeds import Speeds


def without_torch() -> None:
    """Imports `spaces` as if PyTorch were not there."""
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import spaces  # noqa: F401
    finally:
        del sys.modules["torch"]


def with_a_fast_gpu() -> None:
    """Lets the stand-in of a GPU be taken for faster than the CPU, which it is not."""
    Speeds.prefer_gpu = lambda self, request: True  # type: ignore[method-assign]


if __name__ == "__main__":
    with_a_fast_gpu()

    with own_files():  # before Gradio
        without_torch()
        leave(main())
