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
from musictx.generation.engines.keras import Controls, KerasDecoder, _Drawing
from musictx.generation.engines.repeated import HeldConstants
from musictx.generation.sampling.state import limits, state_after
from musictx.model.cache import empty_cache
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


def start(decoder: KerasDecoder, sampling: SamplingConfig) -> Any:
    """What the step begins with, after a prompt."""
    prompts = np.tile(PROMPT[:40], (ROWS, 1))
    state = state_after(prompts, limits(prompts[0], sampling, prompts[0])).with_last(prompts[:, -1])
    drawing = _Drawing(
        empty_cache(decoder.model.config, ROWS, PLACES),
        tree.map_structure(ops.convert_to_tensor, state),
        ops.zeros((), "int32"),
        ops.zeros((ROWS, decoder.chunk), "int32"),
    )
    return drawing, ops.zeros((ROWS, decoder.chunk)), Controls.of(sampling)


def copies(scope: str) -> list[int]:
    """From the host, in each of three passes."""
    decoder = KerasDecoder(MusicTransformer(MODEL_PRESETS["tiny"]))
    network, carried, constants = (
        network_of(decoder.model),
        start(decoder, SamplingConfig(scope=scope)),
        HeldConstants(),
    )
    counted = []
    for _ in range(3):
        with torch.no_grad(), HostCopies() as seen, constants:
            carried = decoder._step(scope, network, carried)
        counted.append(seen.count)
    return counted


if __name__ == "__main__":
    print(
        json.dumps({"device": keras.src.backend.torch.core.get_device(), **{scope: copies(scope) for scope in SCOPES}})
    )
