"""The GPU of a ZeroGPU Space: whether there is one, and what is drawn on it.

ZeroGPU (https://huggingface.co/docs/hub/spaces-zerogpu): the package `spaces` forks this process for a call of a
decorated function, lends a GPU to the fork, and sends back what it yields. It must be imported before anything that
touches CUDA, and a page without a decorated function is ended at start.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, MutableMapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from musictx.config import SamplingConfig
from musictx.generation.engines.choose import VARIABLE
from musictx.generation.tokens import Drawn, TokenRequest, TokenSource
from musictx.midi import vocabulary
from musictx.zero_gpu.job import GpuJob
from musictx.zero_gpu.speeds import Speeds, expected_tokens
from musictx.zero_gpu.tokens import GpuCall, ZeroGpuTokens

START_S = 8.0  # a fork, CUDA's start and the weights' way to the GPU
SLOWEST_TOKENS_S = 60.0  # of all variations together; what is not used is not charged
LONGEST_S = 110.0  # a visitor without an account may ask for about two minutes
MEASURED_CALLS = 3  # of the CPU: the first is slower than the rest


def has_zero_gpu(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ZeroGPU lends this page its GPU."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def prepare_zero_gpu(environment: MutableMapping[str, str] = os.environ) -> None:
    """To be called before Gradio and Keras are imported: ZeroGPU serves PyTorch alone.

    Raises:
        ImportError: if `spaces` is not installed.
    """
    environment["KERAS_BACKEND"] = "torch"
    environment.setdefault(VARIABLE, "onnx")  # of this process; that it can see a GPU would mislead "auto"
    import spaces  # noqa: F401  # it changes PyTorch and Gradio as it is imported


class ZeroGpu:
    """Makes sources of tokens that use the GPU, see `model_cache.Elsewhere`.

    Args:
        checkpoints: the folder of those that everybody may use, also a LoRA's bases.
        patience_s: for the first tokens of the GPU, then the CPU plays.
    """

    def __init__(self, checkpoints: Path, patience_s: float) -> None:
        self.speeds, self._patience_s = Speeds(), patience_s
        self._call = gpu_call(GpuJob(checkpoints))

    def __call__(self, folder: Path, here: TokenSource) -> TokenSource:
        """Tokens of the checkpoint in `folder`, from the GPU or from `here`; the CPU is measured at the first one."""
        # Before any fork, which then has it: the import takes seconds. Nothing of PyTorch is computed on this side,
        # whose threads a fork would miss.
        import musictx.generation.engines.keras  # noqa: F401

        if not self.speeds.cpu_rate:
            request = TokenRequest(np.array([vocabulary.START], np.int32), SamplingConfig(), 1.0)
            for drawn in islice(here(request), MEASURED_CALLS):
                self.speeds.cpu(drawn)
        return ZeroGpuTokens(self._call, folder, here, self.speeds, self._patience_s)


def lend(work: Callable[..., Any], seconds: Callable[..., float]) -> Callable[..., Any]:
    """`work` as a function that runs on a lent GPU, for at most as long as `seconds` says of its arguments."""
    import spaces

    return spaces.GPU(duration=lambda *given: round(min(LONGEST_S, seconds(*given))))(work)


def gpu_call(job: GpuJob) -> GpuCall:
    """The function that does `job` on the GPU, registered with ZeroGPU."""

    # A function, since `spaces` wants one, of small arguments, since they are pickled.
    def draw_on_gpu(folder: str, request: TokenRequest) -> Generator[Drawn, None, None]:
        yield from job(folder, request)

    return lend(draw_on_gpu, lambda _, request: call_seconds(request))


def call_seconds(request: TokenRequest) -> float:
    """Seconds of GPU to ask for: they must fit what a visitor has left, so they follow the length asked for."""
    return min(LONGEST_S, START_S + expected_tokens(request) / SLOWEST_TOKENS_S)
