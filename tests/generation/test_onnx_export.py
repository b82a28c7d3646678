"""The graphs that come with the program are those of the network as it is now; others are built when needed."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import KerasTensor, ops

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.errors import EngineError
from musictx.generation.engines.onnx import graphs as onnx_graphs
from musictx.generation.engines.onnx.converter import Converter
from musictx.generation.engines.onnx.export import export, largest_difference, shipped_networks, write_graphs
from musictx.generation.engines.onnx.graphs import KINDS, SHIPPED, find_graphs, folder_of, read_graphs
from musictx.generation.engines.onnx.operations import OPERATIONS
from musictx.generation.engines.onnx.quantize import quantized, restored
from musictx.midi import vocabulary
from musictx.model.card import CheckpointCard
from musictx.model.checkpoint import save_checkpoint
from musictx.model.transformer import MusicTransformer

OTHER = ModelConfig(width=16, blocks=1, ffn_width=24, head_size=8, window=48, activation="relu", pre_norm=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of a shape for which no graphs come with the program."""
    folder = tmp_path_factory.mktemp("checkpoints") / "other"
    keras.utils.set_random_seed(1)
    card = CheckpointCard(folder.name, "Other", "CC0", OTHER, vocabulary.fingerprint())
    save_checkpoint(MusicTransformer(OTHER), card, folder)
    return folder


@pytest.fixture(scope="module")
def built(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the graphs of `checkpoint`, built as a user's first generation would."""
    cache = tmp_path_factory.mktemp("cache")
    find_graphs(OTHER, checkpoint, cache)
    return cache


@pytest.mark.parametrize("config", shipped_networks().values(), ids=shipped_networks())
def test_shipped_graphs_are_those_of_the_network(config: ModelConfig) -> None:
    """If this fails, the network changed: `python -m musictx.generation.engines.onnx.export` writes the graphs anew."""
    shipped = read_graphs(folder_of(config, SHIPPED))
    assert shipped is not None and set(shipped.graphs) == set(KINDS)
    for kind in KINDS:
        proto, outside = export(config, kind)
        assert proto.SerializeToString(deterministic=True) == shipped.graphs[kind].data
        assert outside == shipped.graphs[kind].outside
    assert len(max(shipped.graphs.values(), key=lambda graph: len(graph.data)).data) < 100_000  # no weights in it


def test_a_graph_that_differs_from_the_network_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MusicTransformer(MODEL_PRESETS["tiny"])
    folder = write_graphs(model, tmp_path / "graphs")
    assert largest_difference(model, folder) < 1e-4

    def wrong(converter: Converter, call: Any) -> str:
        return converter.node("Sigmoid", [converter.name(call.args[0])])

    monkeypatch.setitem(OPERATIONS, "Gelu", wrong)
    with pytest.raises(AssertionError, match="differ from the network"):
        write_graphs(model, tmp_path / "wrong")
    assert [path.name for path in tmp_path.iterdir()] == ["graphs"]


def test_an_unknown_operation_is_named() -> None:
    source = KerasTensor((3,), "float32")
    with pytest.raises(AssertionError, match="Arctan"):
        Converter({"x": source}, {}, {}, (), OPERATIONS).graph("g", {"y": ops.arctan(source)})


def test_missing_graphs_are_built_once(checkpoint: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(onnx_graphs.subprocess, "run", refuse)
    again = find_graphs(OTHER, checkpoint, built)
    assert again.config == dataclasses.replace(OTHER, dropout=0.0)
    assert [path.name for path in (built / "graphs").iterdir()] == [folder_of(OTHER, built).name]


@pytest.mark.parametrize("damage", ["step.onnx", "prefill.onnx", "score.onnx", "index.json"])
def test_damaged_graphs_are_built_anew(
    checkpoint: Path, built: Path, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder_of(OTHER, built / "graphs")
    folder = folder_of(OTHER, tmp_path / "graphs")
    shutil.copytree(whole, folder)
    data = bytearray((folder / damage).read_bytes())
    data[len(data) // 2 :] = b"\0" * 8
    (folder / damage).write_bytes(data)
    assert read_graphs(folder) is None
    built_for = []

    def build(checkpoint: Path, folder: Path) -> None:
        built_for.append(checkpoint)
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)

    monkeypatch.setattr(onnx_graphs, "_build", build)
    assert find_graphs(OTHER, checkpoint, tmp_path) == read_graphs(whole)
    assert built_for == [checkpoint]


def test_what_cannot_be_built_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "Traceback\nMemoryError: no room\n")
    monkeypatch.setattr(onnx_graphs.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(EngineError, match=r"MemoryError: no room.*Keras engine"):
        find_graphs(OTHER, tmp_path / "no-such", tmp_path)


@pytest.mark.parametrize("depth", [64, 40])
def test_quantized_matrices_are_restored_within_half_a_step(depth: int) -> None:
    matrix = np.random.default_rng(0).normal(size=(depth, 12)).astype(np.float32)
    matrix[:32, 3] = 0
    codes, scales = quantized(matrix)
    assert codes.shape == (12, 2, 32) and scales.shape == (12, 2)
    steps = np.repeat(scales, 32, axis=1)[:, :depth].T
    assert (np.abs(restored(codes, scales, depth) - matrix) <= steps / 2 + 1e-7).all()
