"""The page as on a ZeroGPU Space, in a process of its own: `python -m tests.zero_gpu.serve --port N …`, as app.py.

SPACES_ZERO_DEVICE_API_URL names the stand-in for the device service.
"""

from __future__ import annotations

from app import leave, main
from musictx.hosting.files import own_files
from musictx.zero_gpu.speeds import Speeds
from tests.zero_gpu.without_torch import import_spaces


def with_a_fast_gpu() -> None:
    """Lets the stand-in of a GPU be taken for faster than the CPU, which it is not."""
    Speeds.prefer_gpu = lambda self, request: True  # type: ignore[method-assign]


if __name__ == "__main__":
    with_a_fast_gpu()

    with own_files():  # before Gradio
        import_spaces()
        leave(main())
