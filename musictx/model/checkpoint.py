"""Weights on disk: float16 shards in safetensors files, no pickle anywhere.

A network with LoRA is stored as its small matrices alone, in float32, and merged into its base on load.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.lora import has_lora, split_adapter
from musictx.model.transformer import MusicTransformer
from musictx.model.weights import Arrays, check_weights, read_weights

SHARD_BYTES = 15 * 2**20  # under the 16 MB that small file transfers and code hosts take without fuss


def save_checkpoint(model: MusicTransformer, card: CheckpointCard, folder: Path) -> CheckpointCard:
    """Writes `model` and its card to `folder`, whole or not at all, even if the process is killed.

    Args:
        model: its weights are stored as float16; of one with LoRA the matrices alone, as float32.
        card: `model` and `shards` are filled in from the model; with LoRA `adapter` must be there.
        folder: an older checkpoint there is replaced; its README.md and pictures are kept.

    Returns:
        The card as written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    if has_lora(model):
        assert card.adapter, "the card of a LoRA names its base"
        shards = list(_sharded(split_adapter(weight_arrays(model))[1]))
    else:
        shards = list(_sharded({name: value.astype(np.float16) for name, value in weight_arrays(model).items()}))
    names = _names_for(folder, len(shards))
    card = dataclasses.replace(card, model=model.config, shards=names)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        for name, shard in zip(names, shards, strict=True):
            save_file(shard, str(Path(temporary) / name))
        (Path(temporary) / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        old = {path.name for path in folder.glob("weights-*.safetensors")}
        # The card last: until it is there the old card names the old shards, which still are.
        for name in (*names, CARD_FILE):
            os.replace(Path(temporary) / name, folder / name)
        for name in old - set(names):
            (folder / name).unlink()
    return card


def _names_for(folder: Path, count: int) -> tuple[str, ...]:
    """Names of new shards, none of which the checkpoint in `folder` uses."""
    for letter in ("", "b-"):
        names = tuple(f"weights-{letter}{number}-of-{count}.safetensors" for number in range(1, count + 1))
        if not any((folder / name).exists() for name in names):
            return names
    names = tuple(f"weights-b-{number}-of-{count}.safetensors" for number in range(1, count + 1))
    kept = set(read_card(folder).shards) if (folder / CARD_FILE).exists() else set()
    # Both sets lie there after a kill between two files: the one the card does not name is free.
    return names if not kept & set(names) else tuple(name.replace("-b-", "-") for name in names)


def load_checkpoint(
    folder: Path, vocabulary: str, dtype: Any = None, bases: Sequence[Path] = ()
) -> tuple[MusicTransformer, CheckpointCard]:
    """Builds the network that `folder` describes, with its weights; a LoRA is merged into its base.

    Args:
        folder: of the checkpoint.
        vocabulary: fingerprint of this program's tokens; another one is refused.
        dtype: Keras dtype policy of the network; float32 if not given.
        bases: folders of checkpoints in which a LoRA's base is looked for, after those beside `folder` and
            before those that come with the program.

    Raises:
        CheckpointError: if a file is missing or damaged, weights do not fit the configuration, or a LoRA's base is
            missing or another than it was trained beside.
    """
    arrays, card = read_weights(folder, vocabulary, bases)
    model = MusicTransformer(card.model, dtype=dtype)
    assign_weights(model, arrays, str(folder))
    return model, card


def weight_arrays(model: MusicTransformer) -> Arrays:
    """The model's weights by path ("block_0/attention/query/kernel"), as float32 arrays."""
    return {_path(weight): np.asarray(_to_numpy(weight), np.float32) for weight in model.weights}


def assign_weights(model: MusicTransformer, arrays: Arrays, origin: str) -> None:
    """Puts `arrays` into the model.

    Raises:
        CheckpointError: naming the first weight that is missing, left over, misshapen or not finite.
    """
    expected = {_path(weight): weight for weight in model.weights}
    check_weights(arrays, {name: tuple(weight.shape) for name, weight in expected.items()}, origin)
    for name, weight in expected.items():
        weight.assign(arrays[name].astype(np.float32))


def _path(weight: Any) -> str:
    return str(weight.path).split("/", 1)[1]


def _to_numpy(weight: Any) -> npt.NDArray[Any]:
    from keras import ops

    return ops.convert_to_numpy(weight)  # type: ignore[no-any-return]


def _sharded(arrays: Arrays) -> Iterator[Arrays]:
    """Splits arrays, in order, into groups of at most SHARD_BYTES."""
    shard: Arrays = {}
    size = 0
    for name, array in arrays.items():
        if shard and size + array.nbytes > SHARD_BYTES:
            yield shard
            shard, size = {}, 0
        shard[name] = np.ascontiguousarray(array)
        size += array.nbytes
    yield shard
