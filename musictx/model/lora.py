"""LoRA: small matrices trained beside frozen weights, stored alone and merged on load.

A Dense kernel W (I, O) becomes W + A B with A (I, R) and B (R, O), rank R far below both sides; B starts
at 0, so that a run starts from exactly the base. Embeddings, norms, biases, relative embeddings and the
head stay as they are.

Reference: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musictx.config import LORA_LAYERS
from musictx.errors import CheckpointError

if TYPE_CHECKING:  # the matrices can be merged without Keras
    from musictx.model.transformer import MusicTransformer

FEED_FORWARD_LAYERS = ("expand", "contract")
A, B = "/lora_kernel_a", "/lora_kernel_b"  # how the two matrices end their paths

Arrays = dict[str, npt.NDArray[Any]]


def enable_lora(model: MusicTransformer, rank: int, layers: Collection[str] = LORA_LAYERS) -> None:
    """Freezes `model` and puts matrices of `rank` beside the kernels of `layers` in every block.

    `model.trainable_variables` is then these matrices and nothing else.
    """
    assert layers and set(layers) <= set(LORA_LAYERS), layers
    for weight in model.weights:
        weight.trainable = False
    for block in model.blocks:
        for name in layers:
            holder = block if name in FEED_FORWARD_LAYERS else block.attention
            getattr(holder, name).enable_lora(rank)


def has_lora(model: MusicTransformer) -> bool:
    """Whether `enable_lora` was called on it."""
    return any(weight.path.endswith(A) for weight in model.trainable_variables)


def split_adapter(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """Weights by path, as (those of the base, the LoRA matrices)."""
    adapter = {name: array for name, array in arrays.items() if name.endswith((A, B))}
    return {name: array for name, array in arrays.items() if name not in adapter}, adapter


def merged(base: Arrays, adapter: Arrays, origin: str) -> Arrays:
    """The base's arrays with A B added to each kernel that has them, float32.

    Args:
        base: weights by path. adapter: matrices by path, as `split_adapter` gives them.
        origin: of the adapter, for messages.

    Raises:
        CheckpointError: if a matrix has no partner, no kernel, or another shape than its kernel, or is not finite.
    """
    arrays = dict(base)
    names = {name.removesuffix(A).removesuffix(B) for name in adapter}
    for name in sorted(names):
        kernel, a, b = base.get(f"{name}/kernel"), adapter.get(name + A), adapter.get(name + B)
        if kernel is None or a is None or b is None:
            raise CheckpointError(f"The LoRA in {origin} does not fit its base: {name!r} is incomplete or unknown.")
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0] or (a.shape[0], b.shape[1]) != kernel.shape:
            raise CheckpointError(
                f"The LoRA in {origin} does not fit its base: {name!r} has matrices of {a.shape} and {b.shape} beside "
                f"a kernel of {kernel.shape}."
            )
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            raise CheckpointError(f"The LoRA {name!r} in {origin} holds values that are not finite. It is damaged.")
        arrays[f"{name}/kernel"] = kernel.astype(np.float32) + a.astype(np.float32) @ b.astype(np.float32)
    return arrays
