"""Weights on disk: float16 shards in safetensors files, no pickle anywhere."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from musictx.model.card import CARD_FILE, CheckpointCard
from musictx.model.transformer import MusicTransformer
from musictx.model.weights import Arrays, check_weights, read_weights

SHARD_BYTES = 15 * 2**20  # under the 16 MB that small file transfers and code hosts take without fuss


def save_checkpoint(model: MusicTransformer, card: CheckpointCard, folder: Path) -> CheckpointCard:
    """Writes `model` and its card to `folder`, whole or not at all.

    Args:
        model: its weights are stored as float16.
        card: `model` and `shards` are filled in from the model.
        folder: an older checkpoint there is replaced; its README.md and pictures are kept.

    Returns:
        The card as written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    shards = list(_sharded({name: value.astype(np.float16) for name, value in weight_arrays(model).items()}))
    names = tuple(f"weights-{number}-of-{len(shards)}.safetensors" for number in range(1, len(shards) + 1))
    card = dataclasses.replace(card, model=model.config, shards=names)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        for name, shard in zip(names, shards, strict=True):
            save_file(shard, str(Path(temporary) / name))
        (Path(temporary) / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        old = {path.name for path in folder.glob("weights-*.safetensors")}
        # The card last: until it is there the old card names the old shards or the load is refused.
        for name in (*names, CARD_FILE):
            shutil.copy(Path(temporary) / name, folder / f".{name}.part")
            os.replace(folder / f".{name}.part", folder / name)
        for name in old - set(names):
            (folder / name).unlink()
    return card


def load_checkpoint(folder: Path, vocabulary: str, dtype: Any = None) -> tuple[MusicTransformer, CheckpointCard]:
    """Builds the network that `folder` describes, with its weights.

    Args:
        folder: of the checkpoint.
        vocabulary: fingerprint of this program's tokens; another one is refused.
        dtype: Keras dtype policy of the network; float32 if not given.

    Raises:
        CheckpointError: if a file is missing or damaged, or weights do not fit the configuration.
    """
    arrays, card = read_weights(folder, vocabulary)
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
