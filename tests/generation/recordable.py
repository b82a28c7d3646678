"""What the step of the PyTorch engine does beside work on its device, as JSON: run on the device "meta".

KERAS_BACKEND=torch KERAS_TORCH_DEVICE=meta python -m tests.generation.recordable

Tensors of that device have shapes and no values: whatever looks at a value fails there, as it would fail while a CUDA
graph is recorded. So do not copies from the host, which are counted here, in a first pass and in a later one.
"""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import torch
from keras import ops, tree
from torch.utils._python_dispatch import TorchDispatchMode

from musictx.config import MODEL_PRESETS, SCOPES, SamplingConfig
from musictx.generation.engines.compiled import network_of
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.engines.programs import Asked, Controls, Drawing, Programs, blank_rows
from musictx.generation.engines.repeated import HeldConstants
from musictx.generation.sampling.state import limits, state_after
from musictx.model.transformer import MusicTransformer
from tests.generation.backend_check import PROMPT

ROWS, PLACES = 2, 64


class HostCopies(TorchDispatchMode):
    """Counts what is copied from the host to the device."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Every operation."""
        result = func(*args, **(kwargs or {}))
        given = [each.device.type for each in tree.flatten(args) if isinstance(each, torch.Tensor)]
        self.count += isinstance(result, torch.Tensor) and result.device.type != "cpu" and "cpu" in given
        return result


def start(programs: Programs, sampling: SamplingConfig) -> Any:
    """What the step begins with, after a prompt, of rows that are at places of their own."""
    prompts = np.tile(PROMPT[:40], (ROWS, 1))
    state = state_after(prompts, limits(prompts[0], sampling, prompts[0])).with_last(prompts[:, -1])
    cache = blank_rows(programs.model, ROWS, PLACES).cache
    state = tree.map_structure(ops.convert_to_tensor, state)
    drawing = Drawing(cache, state, ops.zeros((), "int32"), ops.zeros((ROWS, programs.chunk), "int32"))
    counts = ops.convert_to_tensor(np.array([3, 1], np.int32))
    return drawing, Asked(ops.zeros((ROWS, programs.chunk)), counts, Controls.of(sampling, ROWS))


def copies(scope: str) -> list[int]:
    """From the host, in each of three passes."""
    programs = Programs(MusicTransformer(MODEL_PRESETS["tiny"]), 16, 32, FairLock())
    network, constants = network_of(programs.model), HeldConstants()
    drawing, asked = start(programs, SamplingConfig(scope=scope))
    counted = []
    for _ in range(3):
        with torch.no_grad(), HostCopies() as seen, constants:
            drawing = programs.step(scope, network, drawing, asked)
        counted.append(seen.count)
    return counted


if __name__ == "__main__":
    print(
        json.dumps({"device": keras.src.backend.torch.core.get_device(), **{scope: copies(scope) for scope in SCOPES}})
    )
