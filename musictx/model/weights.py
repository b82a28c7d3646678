"""The numbers of a network as numpy arrays, read without Keras: weights from disk, and the table of positions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from musictx.errors import CheckpointError
from musictx.model.card import CARD_FILE, CheckpointCard, read_card

Arrays = dict[str, npt.NDArray[Any]]


def read_weights(folder: Path, vocabulary: str) -> tuple[Arrays, CheckpointCard]:
    """The float16 arrays of a checkpoint by name, and its card.

    Args:
        folder: of the checkpoint.
        vocabulary: fingerprint of this program's tokens; another one is refused.

    Raises:
        CheckpointError: if a file is missing or damaged, or the tokens are others.
    """
    card = read_card(folder)
    if card.vocabulary != vocabulary:
        raise CheckpointError(
            f"{folder} was trained on another vocabulary ({card.vocabulary}; this program has {vocabulary}): "
            "its tokens would play as nonsense. Use a checkpoint made by this version."
        )
    arrays: Arrays = {}
    for name in card.shards:
        if Path(name).name != name:
            raise CheckpointError(f"{folder / CARD_FILE} names a shard outside its folder: {name!r}. It was not read.")
        arrays.update(_read_shard(folder / name))
    return arrays, card


def check_weights(arrays: Arrays, shapes: dict[str, tuple[int, ...]], origin: str) -> None:
    """Whether `arrays` are the finite weights of these names and shapes.

    Raises:
        CheckpointError: naming the first weight that is missing, left over, misshapen or not finite.
    """
    different = sorted(set(shapes) ^ set(arrays))
    if different:
        raise CheckpointError(
            f"The weights in {origin} do not fit its configuration: {len(different)} differ, the first is "
            f"{different[0]!r}. Fetch the checkpoint again, or correct its config.json."
        )
    for name, shape in shapes.items():
        if tuple(arrays[name].shape) != tuple(shape):
            raise CheckpointError(
                f"Weight {name!r} in {origin} has shape {tuple(arrays[name].shape)}; its configuration asks for "
                f"{tuple(shape)}."
            )
        if not np.isfinite(arrays[name]).all():
            raise CheckpointError(f"Weight {name!r} in {origin} holds values that are not finite. It is damaged.")


def sinusoidal_positions(window: int, width: int) -> npt.NDArray[np.float32]:
    """The fixed position table of Vaswani et al. 2017, float32 (window, width): sines, then cosines."""
    rates = np.exp(-math.log(10_000.0) * np.arange(width // 2) / (width // 2))
    angles = np.arange(window)[:, None] * rates[None, :]
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


def _read_shard(path: Path) -> Arrays:
    try:
        return dict(load_file(str(path)))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: the checkpoint is incomplete. Fetch it again.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). Fetch the checkpoint again.") from error
