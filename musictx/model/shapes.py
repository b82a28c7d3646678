"""The weights that a configuration asks for, by name and shape, without building a network.

A test compares them with the network itself.
"""

from __future__ import annotations

import math

from musictx.config import ModelConfig

Shapes = dict[str, tuple[int, ...]]

ATTENTION = ("query", "key", "value", "merge")


def weight_shapes(config: ModelConfig) -> Shapes:
    """Names as `weight_arrays` gives them, with their shapes."""
    width, vocabulary = config.width, config.vocabulary_size
    shapes: Shapes = {"embedding/embeddings": (vocabulary, width)}
    for number in range(config.blocks):
        shapes |= {f"block_{number}/{name}": shape for name, shape in _block(config).items()}
    if config.pre_norm:
        shapes |= _norm("final_norm", width)
    return shapes | _dense("head", width, vocabulary)


def parameter_count(config: ModelConfig) -> int:
    """Number of weights."""
    return sum(math.prod(shape) for shape in weight_shapes(config).values())


def _block(config: ModelConfig) -> Shapes:
    width = config.width
    shapes: Shapes = {"attention/relative": (config.window, config.head_size)}
    for name in ATTENTION:
        shapes |= _dense(f"attention/{name}", width, width)
    shapes |= _dense("expand", width, config.ffn_width) | _dense("contract", config.ffn_width, width)
    return shapes | _norm("attention_norm", width) | _norm("ffn_norm", width)


def _dense(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}/gamma": (width,), f"{name}/beta": (width,)}
