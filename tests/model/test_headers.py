"""What a checkpoint's files claim is compared with its card, and a card's fields are what they should be."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest

from musictx.config import MODEL_PRESETS
from musictx.errors import CheckpointError
from musictx.midi import vocabulary
from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.headers import check_headers
from musictx.model.shapes import parameter_count, weight_shapes

TINY = MODEL_PRESETS["tiny"]
NAME = "weights-1-of-1.safetensors"


def header_of(shapes: dict[str, Any], dtype: str = "F16") -> dict[str, Any]:
    """The header of a file that holds such arrays, one behind the other."""
    rows: dict[str, Any] = {}
    place = 0
    for name, shape in shapes.items():
        size = math.prod(shape) * {"F16": 2, "F32": 4, "F64": 8}[dtype]
        rows[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    return rows


def file_of(rows: dict[str, Any], size: int | None = None) -> bytes:
    words = json.dumps(rows).encode()
    held = max((row["data_offsets"][1] for row in rows.values()), default=0) if size is None else size
    return struct.pack("<Q", len(words)) + words + bytes(held)


def lay_out(folder: Path, content: bytes | None = None, **changes: Any) -> Path:
    """A checkpoint of zeros with such a file and such entries in its card."""
    folder.mkdir(exist_ok=True)
    card = CheckpointCard("x", "Tiny", "CC0", TINY, vocabulary.fingerprint(), shards=(NAME,))
    values = {**json.loads(card.to_json()), **changes}
    (folder / CARD_FILE).write_text(json.dumps(values))
    (folder / NAME).write_bytes(content if content is not None else file_of(header_of(weight_shapes(TINY))))
    return folder


@pytest.mark.parametrize("config", [*MODEL_PRESETS.values(), dataclasses.replace(TINY, pre_norm=False, blocks=3)])
def test_shapes_are_those_of_the_network(config: Any) -> None:
    from musictx.model.transformer import MusicTransformer

    model = MusicTransformer(config)
    built = {weight.path.split("/", 1)[1]: tuple(weight.shape) for weight in model.weights}
    assert weight_shapes(config) == built
    assert sum(math.prod(shape) for shape in built.values()) == parameter_count(config)


@pytest.mark.parametrize("dtype", ["F16", "F32"])
def test_a_file_that_holds_what_it_should_passes(tmp_path: Path, dtype: str) -> None:
    folder = lay_out(tmp_path / "x", file_of(header_of(weight_shapes(TINY), dtype)))
    assert check_headers(folder).title == "Tiny"


def without(shapes: Any, name: str = "head/bias") -> Any:
    return {key: shape for key, shape in shapes.items() if key != name}


SHAPES = weight_shapes(TINY)
ROWS = header_of(SHAPES)
LIES = {
    "missing": file_of(header_of(without(SHAPES))),
    "left over": file_of(header_of({**SHAPES, "more": (4, 4)})),
    "misshapen": file_of(header_of({**SHAPES, "head/bias": (390,)})),
    "three dimensions": file_of(header_of({**SHAPES, "head/bias": (391, 1, 1)})),
    "another dtype": file_of(header_of(SHAPES, "F64")),
    "data that is not there": file_of(ROWS, size=64),
    "data that nobody names": file_of(ROWS, size=10**6),
    "overlapping": file_of({**ROWS, "head/bias": {**ROWS["head/bias"], "data_offsets": [0, 782]}}),
    "negative": file_of({**ROWS, "head/bias": {**ROWS["head/bias"], "shape": [-391]}}, 10),
    "huge": file_of({**ROWS, "head/bias": {"dtype": "F16", "shape": [2**40, 2**40], "data_offsets": [0, 2**81]}}, 10),
    "true": file_of({**ROWS, "head/bias": {**ROWS["head/bias"], "shape": [True]}}, 10),
    "no table": struct.pack("<Q", 2) + b"[]",
    "a row that is none": struct.pack("<Q", 8) + b'{"a":1} ',
    "nested deeply": struct.pack("<Q", 200_000) + b"[" * 200_000,
    "a header as long as the world": struct.pack("<Q", 2**63) + b"{}",
    "empty": b"",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_is_refused(tmp_path: Path, lie: str) -> None:
    with pytest.raises(CheckpointError):
        check_headers(lay_out(tmp_path / "x", LIES[lie]))


def test_a_configuration_that_the_file_does_not_fill_is_refused(tmp_path: Path) -> None:
    giant = {**TINY.to_dict(), "width": 2048, "blocks": 48, "ffn_width": 8192}
    with pytest.raises(CheckpointError, match="do not fit its configuration"):
        check_headers(lay_out(tmp_path / "x", model=giant))


def test_a_lora_of_another_network_than_its_base_is_refused(tmp_path: Path) -> None:
    base = lay_out(tmp_path / "base")
    from musictx.model.weights import weights_hash

    adapter = {"base": "base", "weights": weights_hash(base), "rank": 2}
    rows = {"block_0/attention/query/lora_kernel_a": (32, 2), "block_0/attention/query/lora_kernel_b": (2, 32)}
    good = file_of(header_of(rows, "F32"))
    assert check_headers(lay_out(tmp_path / "mine", good, adapter=adapter)).adapter == adapter
    with pytest.raises(CheckpointError, match="another network"):
        check_headers(lay_out(tmp_path / "mine", good, adapter=adapter, model={**TINY.to_dict(), "blocks": 40}))
    for wrong in ({"block_0/attention/query/lora_kernel_a": (32, 2)}, {"block_9/x/lora_kernel_a": (32, 2)}, {}):
        with pytest.raises(CheckpointError):
            check_headers(lay_out(tmp_path / "mine", file_of(header_of(wrong, "F32")), adapter=adapter))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 7},
        {"title": None},
        {"title": "x" * 10**5},
        {"licence": ["MIT"]},
        {"description": {}},
        {"recipe": []},
        {"figures": 3},
        {"adapter": "base"},
        {"adapter": {"base": 1}},
        {"data": [1]},
        {"data": "text"},
        {"shards": [NAME] * 20_000},
        {"shards": [f"weights-{number}.safetensors" for number in range(5000)]},
        {"shards": [1]},
        {"vocabulary": 391},
        {"format": 2},
    ],
)
def test_a_card_whose_fields_are_something_else_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        read_card(lay_out(tmp_path / "x", **changes))


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN", "1e999", '"0.8"', "[" * 100_000])
def test_a_card_with_numbers_that_are_none_is_refused(tmp_path: Path, text: str) -> None:
    folder = lay_out(tmp_path / "x")
    card = (folder / CARD_FILE).read_text()
    (folder / CARD_FILE).write_text(card.replace('"attention_temperature": 0.8', f'"attention_temperature": {text}'))
    with pytest.raises(CheckpointError):
        read_card(folder)
