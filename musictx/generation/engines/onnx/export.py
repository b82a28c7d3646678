"""The Keras network written down as ONNX graphs, without weights.

    MusicTransformer.call on symbolic tensors -> the Keras operations it consists of -> one ONNX node for each

There is one network: what is traced is the very code that trains. Weights stay outside: each is an initialiser with
the name it has in a checkpoint, whose values are given when the graph is opened. So a graph is small, and the same
for every checkpoint of its shape; those of the presets and of the checkpoints that come with the program lie in
`exported/`, others are made when first needed.

    python -m musictx.generation.engines.onnx.export                   writes the graphs of the program into exported/
    python -m musictx.generation.engines.onnx.export CHECKPOINT OUT    writes and checks those of one checkpoint
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import KerasTensor, ops
from onnx import ModelProto, helper

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.generation.engines.onnx.converter import MICROSOFT, Converter
from musictx.generation.engines.onnx.graphs import (
    KINDS,
    SHIPPED,
    TABLE,
    Graph,
    block_of,
    cache_names,
    folder_of,
    write_index,
)
from musictx.generation.engines.onnx.network import Network
from musictx.generation.engines.onnx.operations import OPERATIONS
from musictx.midi import vocabulary
from musictx.model.cache import KeyValueCache
from musictx.model.card import list_cards
from musictx.model.checkpoint import load_checkpoint, weight_arrays
from musictx.model.transformer import MusicTransformer
from musictx.model.weights import SHIPPED as CHECKPOINTS

OPSET, IR_VERSION = 20, 10  # Gelu came with 20; newer ones would shut out older runtimes
TOLERANCE = 1e-4  # between the logits of the two engines; they differ by some 1e-5
CHECKED_STEPS = 8


def export(config: ModelConfig, kind: str) -> tuple[ModelProto, tuple[str, ...]]:
    """One graph and the names of the tensors to be given to it.

    "step" reads one token of each of B rows and gives logits (B, 1, V); "step-int8" does so from 8-bit matrices;
    "prefill" reads a block of one row for its keys and values alone; "score" does so and gives logits (1, T, V).

    Inputs: ids int32 (B, T), position int32 (), focus float32 (), and for each block keys and values (B·H, S, K), S
    free. Outputs: the keys and values with the new ones written at `position`: in place where
    one buffer is bound to input and output.
    """
    model = MusicTransformer(config)
    weights = _made_symbolic(model)
    rows, tokens = (1, block_of(config)) if kind in ("prefill", "score") else (None, 1)
    ids, position, focus = KerasTensor((rows, tokens), "int32"), KerasTensor((), "int32"), KerasTensor((), "float32")
    shape = (None if rows is None else rows * config.heads, None, config.head_size)
    caches = [KerasTensor(shape, "float32") for _ in range(2 * config.blocks)]
    cache = KeyValueCache(tuple(caches[: config.blocks]), tuple(caches[config.blocks :]), position)
    output = model.call(ids, cache=cache, focus=focus, training=False)
    assert output.cache is not None

    names = cache_names(config)
    outputs = dict(zip((f"{name}_after" for name in names), (*output.cache.keys, *output.cache.values), strict=True))
    if kind != "prefill":
        outputs["logits"] = output.logits
    inputs = {"ids": ids, "position": position, "focus": focus, **dict(zip(names, caches, strict=True))}
    quantized = [name for name in weights if kind == "step-int8" and name.endswith("/kernel") and "head" not in name]
    converter = Converter(inputs, weights, {TABLE: model.positions}, quantized, OPERATIONS)
    graph = converter.graph(kind, outputs)
    domains = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    proto = helper.make_model(graph, opset_imports=domains, ir_version=IR_VERSION, producer_name="musictx")
    return proto, tuple(converter.outside)


def _made_symbolic(model: MusicTransformer) -> dict[str, KerasTensor]:
    """Puts a symbolic tensor in the place of every weight, by its name, and makes every layer a plain function.

    Of a layer that is called Keras notes one node; of a function, the operations in it. The model is of no
    other use afterwards.
    """
    weights = {}
    for layer in model._flatten_layers():
        for attribute, value in list(vars(layer).items()):
            if isinstance(value, keras.Variable):
                name = value.path.split("/", 1)[1]
                weights[name] = KerasTensor(value.shape, "float32")
                object.__setattr__(layer, attribute, weights[name])
        if layer is not model:
            layer.__class__ = type(type(layer).__name__, (type(layer),), {"__call__": type(layer).call})
    return weights


def write_graphs(model: MusicTransformer, folder: Path) -> Path:
    """Exports every kind of graph for the model's shape, checks them, and puts them into `folder`, all or none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        graphs = {}
        for kind in KINDS:
            proto, outside = export(model.config, kind)
            graphs[kind] = Graph(proto.SerializeToString(deterministic=True), outside)
        write_index(new, model.config, graphs, {name: array.shape for name, array in weight_arrays(model).items()})
        difference = largest_difference(model, new)
        assert difference <= TOLERANCE, f"the exported graphs differ from the network by {difference:.2g}"
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(new, folder)
    return folder


def largest_difference(model: MusicTransformer, folder: Path) -> float:
    """How far the logits of the graphs in `folder` are from those of the model, in prefill, steps and score."""
    length = min(model.config.window, block_of(model.config) + block_of(model.config) // 2)
    ids_T = np.random.default_rng(0).integers(0, model.config.vocabulary_size, length).astype(np.int32)
    expected_TV = ops.convert_to_numpy(model(ids_T[None], training=False).logits)[0]
    network = Network(folder, weight_arrays(model))
    read = length - CHECKED_STEPS
    binding = network.bind(network.prefill(ids_T[:read], 1.0, room=CHECKED_STEPS), 1.0)
    differences = [
        np.abs(binding.step(np.array([token], np.int32), place)[0] - expected_TV[place]).max()
        for place, token in enumerate(ids_T[read:], read)
    ]
    differences += [
        np.abs(logits_TV - expected_TV[start : start + len(logits_TV)]).max()
        for start, logits_TV in network.read(ids_T, 1.0)
    ]
    return float(max(differences))


def shipped_networks() -> dict[str, ModelConfig]:
    """The networks whose graphs come with the program, by the name of the folder: the presets' and its checkpoints'."""
    configs = (*MODEL_PRESETS.values(), *(card.model for card in list_cards(CHECKPOINTS)))
    return {folder_of(config, SHIPPED).name: config for config in configs}


def main(words: Sequence[str]) -> int:
    """See the module's docstring; the exit status."""
    if words:
        checkpoint, out = words
        model, _ = load_checkpoint(Path(checkpoint), vocabulary.fingerprint())
        write_graphs(model, Path(out))
        return 0
    for config in shipped_networks().values():
        keras.utils.set_random_seed(0)
        print(write_graphs(MusicTransformer(config), folder_of(config, SHIPPED)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
