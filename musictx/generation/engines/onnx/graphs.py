"""The exported graphs on disk: where they lie, whether they are whole, and how missing ones are made.

    <shape>/index.json       names and shapes of the weights, and for each graph its digest and what it is to be given
    <shape>/<kind>.onnx      the graphs, without weights

A folder is named for the shape of the network: those of the presets come with the program, others are built into the
user's cache. Knows neither Keras nor ONNX.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musictx.config import ModelConfig
from musictx.errors import EngineError
from musictx.files import child_environment

SHIPPED = Path(__file__).resolve().parent / "exported"
INDEX = "index.json"
FORMAT = 1  # to be raised whenever what is exported changes, so that graphs in caches are made anew
KINDS = ("step", "step-int8", "prefill", "score")
TABLE = "positions"  # the table of positions: not a weight, but given from outside like one
PREFILL_BLOCK = 128  # long enough for matrix products at full speed, short enough to waste little
EXPORT_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Graph:
    """One graph: its bytes, and the names of the tensors to be given to it."""

    data: bytes
    outside: tuple[str, ...]


@dataclass(frozen=True)
class Graphs:
    """All graphs of one shape. shapes: of the weights of a checkpoint, by name."""

    config: ModelConfig
    graphs: dict[str, Graph]
    shapes: dict[str, tuple[int, ...]]


def block_of(config: ModelConfig) -> int:
    """How many tokens "prefill" and "score" read at once."""
    return min(PREFILL_BLOCK, config.window)


def cache_names(config: ModelConfig) -> list[str]:
    """The graph's inputs for the cache, in order: keys of each block, then values; outputs end in "_after"."""
    return [f"{kind}_{number}" for kind in ("keys", "values") for number in range(config.blocks)]


def folder_of(config: ModelConfig, root: Path) -> Path:
    """Where in `root` the graphs of a shape lie; all of a configuration that changes the network is in the name."""
    norm = "pre" if config.pre_norm else "post"
    return root / (
        f"d{config.width}-n{config.blocks}-f{config.ffn_width}-k{config.head_size}-l{config.window}"
        f"-v{config.vocabulary_size}-{config.activation}-{norm}-t{config.attention_temperature:g}-{FORMAT}"
    )


def find_graphs(config: ModelConfig, checkpoint: Path, cache: Path) -> Graphs:
    """The graphs for a network: those that come with the program, or lie in `cache`, else built there now.

    Args:
        config: the network's shape.
        checkpoint: folder of a checkpoint of that shape, against whose logits new graphs are checked.
        cache: the user's folder for what was built.

    Raises:
        EngineError: if they are missing and cannot be built.
    """
    own = folder_of(config, cache / "graphs")
    for folder in (folder_of(config, SHIPPED), own):
        graphs = read_graphs(folder)
        if graphs is not None:
            return graphs
    try:
        _build(checkpoint, own)
    except EngineError:
        if read_graphs(own) is None:  # else another process has built them meanwhile, and this one's came too late
            raise
    graphs = read_graphs(own)
    if graphs is None:
        raise EngineError(f"The graphs just written to {own} cannot be read back. Is the disk full?")
    return graphs


def read_graphs(folder: Path) -> Graphs | None:
    """What lies in `folder`; None where something is missing or damaged."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        graphs = {}
        for kind in KINDS:
            entry = index["graphs"][kind]
            data = (folder / f"{kind}.onnx").read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                return None
            graphs[kind] = Graph(data, tuple(entry["outside"]))
        shapes = {name: tuple(shape) for name, shape in index["weights"].items()}
        return Graphs(ModelConfig.from_dict(index["model"]), graphs, shapes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_index(folder: Path, config: ModelConfig, graphs: dict[str, Graph], shapes: dict[str, Any]) -> None:
    """Writes graphs and index into `folder`."""
    entries = {}
    for kind, graph in graphs.items():
        (folder / f"{kind}.onnx").write_bytes(graph.data)
        entries[kind] = {"sha256": hashlib.sha256(graph.data).hexdigest(), "outside": list(graph.outside)}
    index = {"model": {**config.to_dict(), "dropout": 0.0}, "graphs": entries, "weights": shapes}
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def _build(checkpoint: Path, folder: Path) -> None:
    """Exports in a process of its own: this one stays free of Keras and of the memory that takes."""
    command = [sys.executable, "-m", "musictx.generation.engines.onnx.export", str(checkpoint), str(folder)]
    environment = child_environment(TF_CPP_MIN_LOG_LEVEL="3")
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=EXPORT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"The graphs for ONNX Runtime could not be built ({error}). Use the Keras engine.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise EngineError(f"The graphs for ONNX Runtime could not be built ({last}). Use the Keras engine.")
