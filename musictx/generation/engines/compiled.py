"""One way to compile a function around the network, whatever the Keras backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from musictx.model.cache import KeyValueCache
from musictx.model.transformer import ModelOutput, MusicTransformer

Tensor = Any

Network = Callable[[Tensor, KeyValueCache | None, Tensor], ModelOutput]


def compiled(model: MusicTransformer, program: Callable[..., Any], consumed: int = 0) -> Callable[..., Any]:
    """`program(network, *tensors)` as a function of the tensors, compiled where the backend can.

    XLA compiles for TensorFlow and JAX; PyTorch and others run the program as it is,
    without gradients.

    Args:
        model: its present weights are used at every call.
        program: its first argument, `network(ids, cache, focus)`, is the model for
            inference as the backend wants it called.
        consumed: so many of the first tensors are not used again by the caller; JAX then
            writes the results into their memory.
    """
    backend = keras.backend.backend()
    if backend == "jax":
        return _compiled_by_jax(model, program, consumed)

    network = network_of(model)

    def run(*tensors: Any) -> Any:
        return program(network, *tensors)

    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(run, jit_compile=True, autograph=False)
    if backend == "torch":
        import torch

        return torch.no_grad()(run)
    return run


def network_of(model: MusicTransformer) -> Network:
    """The model for inference as TensorFlow and PyTorch call it, with its present weights at every call."""

    def network(ids: Tensor, cache: KeyValueCache | None, focus: Tensor) -> ModelOutput:
        return model(ids, cache=cache, focus=focus, training=False)

    return network


def _compiled_by_jax(model: MusicTransformer, program: Callable[..., Any], consumed: int) -> Callable[..., Any]:
    """Weights travel as arguments: a traced function that closed over them would hold copies."""
    import jax

    def pure(weights: list[Tensor], others: list[Tensor], *tensors: Any) -> Any:
        def network(ids: Tensor, cache: KeyValueCache | None, focus: Tensor) -> ModelOutput:
            output, _ = model.stateless_call(weights, others, ids, cache=cache, focus=focus, training=False)
            return output

        return program(network, *tensors)

    jitted = jax.jit(pure, donate_argnums=tuple(range(2, 2 + consumed)))

    def run(*tensors: Any) -> Any:
        weights = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]
        return jitted(weights, others, *tensors)

    return run
