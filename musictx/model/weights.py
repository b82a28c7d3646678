"""The numbers of a network as numpy arrays, read from disk without Keras."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from musictx.errors import CheckpointError
from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.lora import merged

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints"  # those that come with the program

Arrays = dict[str, npt.NDArray[Any]]


def read_weights(folder: Path, vocabulary: str, bases: Sequence[Path] = ()) -> tuple[Arrays, CheckpointCard]:
    """The arrays of a checkpoint by name, and its card; a LoRA is merged into its base.

    Args:
        folder: of the checkpoint.
        vocabulary: fingerprint of this program's tokens; another one is refused.
        bases: folders of checkpoints in which a LoRA's base is looked for, after those beside `folder` and
            before those that come with the program.

    Raises:
        CheckpointError: if a file is missing or damaged, the tokens are others, or a LoRA's base is missing or
            another than it was trained beside.
    """
    card = read_card(folder)
    if card.vocabulary != vocabulary:
        raise CheckpointError(
            f"{folder} was trained on another vocabulary ({card.vocabulary}; this program has {vocabulary}): "
            "its tokens would play as nonsense. Use a checkpoint made by this version."
        )
    arrays = _read_shards(folder, card)
    if card.adapter:
        base = find_base(folder, card, bases)
        arrays = merged(_read_shards(base, read_card(base)), arrays, str(folder))
    return arrays, card


def find_base(folder: Path, card: CheckpointCard, bases: Sequence[Path] = ()) -> Path:
    """The folder of the checkpoint that a LoRA belongs to; see `read_weights`.

    Raises:
        CheckpointError: if it is not there, or its weights are others.
    """
    name, wanted = str(card.adapter.get("base", "")), str(card.adapter.get("weights", ""))
    if not name or Path(name).name != name:
        raise CheckpointError(f"{folder / CARD_FILE} names a base outside the checkpoints: {name!r}. It was not read.")
    found = [place / name for place in (folder.parent, *bases, SHIPPED) if (place / name / CARD_FILE).is_file()]
    if not found:
        raise CheckpointError(
            f"{folder} is a LoRA beside the checkpoint {name!r}, which is not here. Put that checkpoint into {SHIPPED}."
        )
    for base in found:
        if weights_hash(base) == wanted:
            return base
    raise CheckpointError(
        f"{folder} is a LoRA beside other weights of {name!r} than those here ({weights_hash(found[0])[:12]}; it needs "
        f"{wanted[:12]}). Put the checkpoint that it was trained from into {SHIPPED}, or train it again."
    )


def weights_hash(folder: Path) -> str:
    """SHA-256 of a checkpoint's weight files, in hexadecimal: says that a base is the very one."""
    digest = hashlib.sha256()
    for name in read_card(folder).shards:
        try:
            digest.update((folder / _inside(folder, name)).read_bytes())
        except OSError as error:
            raise CheckpointError(f"{folder / name} cannot be read ({error.strerror}). Fetch it again.") from error
    return digest.hexdigest()


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


def _read_shards(folder: Path, card: CheckpointCard) -> Arrays:
    """All arrays of a checkpoint by path, as stored."""
    arrays: Arrays = {}
    for name in card.shards:
        arrays.update(_read_shard(folder / _inside(folder, name)))
    return arrays


def _inside(folder: Path, name: str) -> str:
    if Path(name).name != name:
        raise CheckpointError(f"{folder / CARD_FILE} names a shard outside its folder: {name!r}. It was not read.")
    return name


def _read_shard(path: Path) -> Arrays:
    try:
        return dict(load_file(str(path)))
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: the checkpoint is incomplete. Fetch it again.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). Fetch the checkpoint again.") from error
