"""What the weight files of a checkpoint say they hold, compared with its card before anything of that size is made.

A safetensors file begins with the length of its header, 8 bytes little-endian, and the header as JSON: for each array
its dtype, shape and place in what follows. A file of a few kB may claim arrays of many GB; here it is only asked.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musictx.errors import CheckpointError
from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.lora import A, B
from musictx.model.shapes import Shapes, weight_shapes
from musictx.model.weights import find_base

HEADER_BYTES = 2**20  # the largest network that is taken has a tenth
BYTES = {"F16": 2, "F32": 4}
LARGEST_RANK = 512


def check_headers(folder: Path, bases: Sequence[Path] = ()) -> CheckpointCard:
    """The card of the checkpoint in `folder`, whose weight files hold just what it asks for.

    Args:
        bases: where a LoRA's base may be, see `read_weights`.

    Raises:
        CheckpointError: for a header that cannot be read, or arrays that are missing, left over, named twice, of
            another shape or dtype, or not in the file as long as they say.
    """
    card = read_card(folder)
    found: Shapes = {}
    for name in card.shards:
        for array, shape in _header(folder / name).items():
            if array in found:
                raise CheckpointError(f"Weight {array!r} stands twice in {folder.name}. Fetch the checkpoint again.")
            found[array] = shape
    if card.adapter:
        base = read_card(find_base(folder, card, bases))
        if base.adapter or _network(card) != _network(base):
            raise CheckpointError(f"{folder / CARD_FILE} describes another network than its base {base.name!r} is.")
        _check_adapter(found, weight_shapes(base.model), folder.name)
    else:
        _check_whole(found, weight_shapes(card.model), folder.name)
    return card


def _network(card: CheckpointCard) -> dict[str, Any]:
    return {**card.model.to_dict(), "dropout": 0.0}


def _check_whole(found: Shapes, wanted: Shapes, origin: str) -> None:
    different = sorted(set(found) ^ set(wanted)) or [name for name in wanted if found[name] != wanted[name]]
    if different:
        name = different[0]
        raise CheckpointError(
            f"The weights in {origin} do not fit its configuration: {len(different)} differ, the first is {name!r} "
            f"(there: {found.get(name, 'none')}, asked for: {wanted.get(name, 'none')})."
        )


def _check_adapter(found: Shapes, base: Shapes, origin: str) -> None:
    for name in found:
        layer = name.removesuffix(A).removesuffix(B)
        kernel, a, b = base.get(f"{layer}/kernel"), found.get(layer + A, ()), found.get(layer + B, ())
        fits = kernel is not None and len(a) == len(b) == 2 and (a[0], b[1]) == kernel and a[1] == b[0] <= LARGEST_RANK
        if not fits:
            raise CheckpointError(f"The LoRA in {origin} does not fit its base: {name!r} is incomplete or unknown.")
    if not found:
        raise CheckpointError(f"The LoRA in {origin} holds no matrices. Fetch the checkpoint again.")


def _header(path: Path) -> Shapes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if not 2 <= length <= min(HEADER_BYTES, size - 8):
                raise ValueError(f"its header would have {length:,} bytes")
            rows = json.loads(file.read(length))
        rows.pop("__metadata__", None)
        return _placed(rows, size - 8 - length)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path.name} is missing: the checkpoint is incomplete. Fetch it again.") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, struct.error, RecursionError) as error:
        raise CheckpointError(f"{path.name} is damaged ({error}). Fetch the checkpoint again.") from error


def _placed(rows: dict[str, Any], size: int) -> Shapes:
    """The arrays of a header, which lie one behind the other and fill the file; ValueError if not."""
    shapes: Shapes = {}
    reached = 0
    for name, row in sorted(rows.items(), key=lambda item: item[1]["data_offsets"]):
        (begin, end), shape = row["data_offsets"], tuple(row["shape"])
        whole = all(type(number) is int and number >= 0 for number in (begin, end, *shape))
        if row["dtype"] not in BYTES or not whole or len(shape) > 2:
            raise ValueError(f"{name!r} is no array of weights")
        if begin != reached or end - begin != math.prod(shape) * BYTES[row["dtype"]]:
            raise ValueError(f"{name!r} does not lie where it says")
        shapes[name], reached = shape, end
    if reached != size:
        raise ValueError(f"it holds {size:,} bytes of weights and says {reached:,}")
    return shapes
