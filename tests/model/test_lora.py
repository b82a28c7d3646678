"""LoRA: few parameters, exactly the base at first, a small file, merged exactly, refused where it does not fit."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops

from musictx.config import LORA_LAYERS, MODEL_PRESETS
from musictx.errors import CheckpointError
from musictx.model.card import CheckpointCard
from musictx.model.checkpoint import load_checkpoint, save_checkpoint
from musictx.model.lora import enable_lora
from musictx.model.transformer import MusicTransformer
from musictx.model.weights import weights_hash

TINY = MODEL_PRESETS["tiny"]
IDS = np.random.default_rng(1).integers(0, 388, (2, 50)).astype(np.int32)


def count(variables: list[Any]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


def logits(model: MusicTransformer) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(model(IDS).logits))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    card = CheckpointCard("base", "Base", "CC0", TINY, "abc")
    save_checkpoint(MusicTransformer(TINY), card, tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def tuned(base: Path) -> tuple[MusicTransformer, Path]:
    """A network with LoRA whose matrices are no longer 0, and its checkpoint."""
    model, _ = load_checkpoint(base, "abc")
    enable_lora(model, 4)
    random = np.random.default_rng(2)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.3, variable.shape))
    card = CheckpointCard(
        "mine", "Mine", "CC0", TINY, "abc", adapter={"base": "base", "weights": weights_hash(base), "rank": 4}
    )
    save_checkpoint(model, card, base.parent / "mine")
    return model, base.parent / "mine"


def test_rank_8_trains_under_a_tenth_of_the_enhanced_network() -> None:
    model = MusicTransformer(MODEL_PRESETS["enhanced"])
    whole = model.count_params()
    enable_lora(model, 8)
    assert 0 < count(model.trainable_variables) < 0.1 * whole


def test_only_the_chosen_layers_get_matrices_and_all_else_is_frozen() -> None:
    model = MusicTransformer(TINY)
    enable_lora(model, 2, ("query", "contract"))
    paths = {variable.path.split("/", 1)[1] for variable in model.trainable_variables}
    assert paths == {
        f"block_{block}/{layer}/lora_kernel_{letter}"
        for block in range(TINY.blocks)
        for layer in ("attention/query", "contract")
        for letter in "ab"
    }


def test_it_starts_from_exactly_the_base(base: Path) -> None:
    model, _ = load_checkpoint(base, "abc")
    before = logits(model)
    enable_lora(model, 8, LORA_LAYERS)
    np.testing.assert_array_equal(logits(model), before)


def test_merging_changes_no_logit(tuned: tuple[MusicTransformer, Path], base: Path) -> None:
    model, folder = tuned
    loaded, card = load_checkpoint(folder, "abc")
    np.testing.assert_allclose(logits(loaded), logits(model), atol=1e-5)
    assert np.abs(logits(loaded) - logits(load_checkpoint(base, "abc")[0])).max() > 0.1  # and it does say something
    assert len(loaded.trainable_variables) == len(MusicTransformer(TINY).trainable_variables)
    assert card.adapter["rank"] == 4


def test_the_file_holds_the_matrices_alone(tuned: tuple[MusicTransformer, Path]) -> None:
    model, folder = tuned
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert size < 4 * count(model.trainable_variables) + 10_000


def test_a_base_elsewhere_is_found_and_a_missing_one_named(
    tuned: tuple[MusicTransformer, Path], base: Path, tmp_path: Path
) -> None:
    shutil.move(base, tmp_path / "shelf" / "base")
    with pytest.raises(CheckpointError, match="beside the checkpoint 'base', which is not here"):
        load_checkpoint(tuned[1], "abc")
    loaded, _ = load_checkpoint(tuned[1], "abc", bases=[tmp_path / "shelf"])
    np.testing.assert_allclose(logits(loaded), logits(tuned[0]), atol=1e-5)


def test_other_weights_of_that_name_are_refused(tuned: tuple[MusicTransformer, Path], base: Path) -> None:
    save_checkpoint(MusicTransformer(TINY), CheckpointCard("base", "Base", "CC0", TINY, "abc"), base)
    with pytest.raises(CheckpointError, match="other weights of 'base'"):
        load_checkpoint(tuned[1], "abc")


def test_a_base_outside_the_checkpoints_is_not_read(tuned: tuple[MusicTransformer, Path]) -> None:
    config = json.loads((tuned[1] / "config.json").read_text())
    config["adapter"]["base"] = "../base"
    (tuned[1] / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="outside the checkpoints"):
        load_checkpoint(tuned[1], "abc")


def test_matrices_of_another_shape_are_refused(tuned: tuple[MusicTransformer, Path], base: Path) -> None:
    wider = dataclasses.replace(TINY, ffn_width=96)
    save_checkpoint(MusicTransformer(wider), CheckpointCard("base", "Base", "CC0", wider, "abc"), base)
    config = json.loads((tuned[1] / "config.json").read_text())
    config["adapter"]["weights"] = weights_hash(base)
    (tuned[1] / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="does not fit its base: 'block_0/contract'"):
        load_checkpoint(tuned[1], "abc")
