"""The page as on a ZeroGPU Space, in a process of its own: `python -m tests.zero_gpu.serve --port N …`, as app.py.

SPACES_ZERO_DEVICE_API_URL names the stand-in for the device service. Of the package `spaces` all is real but what it
changes in PyTorch, which takes a build with CUDA: it is imported as where there is no PyTorch.
"""

from __future__ import annotations

import sys

from app import leave, main


def without_torch() -> None:
    """Imports `spaces` as if PyTorch were not there."""
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        import spaces  # noqa: F401
    finally:
        del sys.modules["torch"]


if __name__ == "__main__":
    from musictx.hosting.files import own_files

    with own_files():  # before Gradio
        without_torch()
        leave(main())
