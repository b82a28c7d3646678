"""Checkpoints: a round trip, and a clear refusal of everything that does not fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from musictx.config import MODEL_PRESETS
from musictx.errors import CheckpointError
from musictx.model import checkpoint
from musictx.model.card import CheckpointCard, list_cards, read_card
from musictx.model.checkpoint import load_checkpoint, save_checkpoint, weight_arrays
from musictx.model.transformer import MusicTransformer

TINY = MODEL_PRESETS["tiny"]
CARD = CheckpointCard(name="small", title="Small", licence="CC0", model=TINY, vocabulary="abc", figures={"nll": 5.5})


@pytest.fixture(scope="module")
def model() -> MusicTransformer:
    return MusicTransformer(TINY)


@pytest.fixture
def folder(model: MusicTransformer, tmp_path: Path) -> Path:
    save_checkpoint(model, CARD, tmp_path / "small")
    return tmp_path / "small"


def test_round_trip_is_exact_to_float16(model: MusicTransformer, folder: Path) -> None:
    loaded, card = load_checkpoint(folder, "abc")
    assert card.figures == {"nll": 5.5}
    assert card.model == TINY
    for name, array in weight_arrays(model).items():
        np.testing.assert_array_equal(weight_arrays(loaded)[name], array.astype(np.float16).astype(np.float32))


def test_shards_stay_under_their_size(model: MusicTransformer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 30_000)
    card = save_checkpoint(model, CARD, tmp_path / "split")
    assert len(card.shards) > 2
    assert all((tmp_path / "split" / shard).stat().st_size < 35_000 for shard in card.shards)
    loaded, _ = load_checkpoint(tmp_path / "split", "abc")
    assert loaded.count_params() == model.count_params()


def test_saving_again_leaves_no_old_shards_and_keeps_the_readme(
    model: MusicTransformer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "README.md").write_text("kept")
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 30_000)
    card = save_checkpoint(model, CARD, folder)
    assert {path.name for path in folder.iterdir()} == {"README.md", "config.json", *card.shards}


def test_another_vocabulary_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"another vocabulary \(abc; this program has xyz\)"):
        load_checkpoint(folder, "xyz")


def test_a_missing_folder_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"No checkpoint at .*config\.json is missing"):
        load_checkpoint(tmp_path / "nowhere", "abc")


@pytest.mark.parametrize("damage", ["cut", "missing", "not safetensors"])
def test_damaged_shards_are_refused(folder: Path, damage: str) -> None:
    shard = next(folder.glob("*.safetensors"))
    if damage == "missing":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:1000] if damage == "cut" else b"\x80\x04pickle")
    with pytest.raises(CheckpointError, match="Fetch"):
        load_checkpoint(folder, "abc")


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["model"]["ffn_width"] = 96
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=r"'block_0/expand/kernel'.*shape \(32, 64\).*\(32, 96\)"):
        load_checkpoint(folder, "abc")


def test_weights_of_another_depth_are_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["model"]["blocks"] = 3
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="do not fit"):
        load_checkpoint(folder, "abc")


def test_values_that_are_not_finite_are_refused(folder: Path) -> None:
    shard = next(folder.glob("*.safetensors"))
    arrays = {name: array.copy() for name, array in load_file(str(shard)).items()}
    arrays["head/bias"][0] = np.nan
    save_file(arrays, str(shard))
    with pytest.raises(CheckpointError, match="'head/bias'.*not finite"):
        load_checkpoint(folder, "abc")


def test_a_shard_outside_the_folder_is_not_read(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["shards"] = ["../elsewhere.safetensors"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="outside its folder"):
        load_checkpoint(folder, "abc")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 1}', '{"format": 1, "model": {"width": "wide"}}', '{"format": 9}']
)
def test_a_damaged_card_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json is (damaged|of format)"):
        read_card(folder)


def test_cards_are_listed_by_name_without_the_damaged(folder: Path) -> None:
    for name in ("alpha", "broken"):
        shutil.copytree(folder, folder.parent / name)
    (folder.parent / "broken" / "config.json").write_text("{")
    assert [card.name for card in list_cards(folder.parent)] == ["alpha", "small"]
