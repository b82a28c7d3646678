"""The Keras engine: prefill and decoding loop compiled for TensorFlow or JAX, eager on PyTorch.

    prompt -> blocks of PREFILL_BLOCK tokens through the network -> key/value cache
    cache -> one compiled call: `chunk` times (network, grammar, filters, draw)

Everything that moves (position, sliders, random numbers, the count of tokens) is a
runtime tensor, so a function compiles once for each batch size (1, 2, 4) and cache size
(512, 1024, the window) and never again. `warm_up` does that before the first visitor.

Shape letters: B variations (R rows after rounding up), P prompt, N new tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops, tree

from musictx.config import SamplingConfig
from musictx.generation.decoder import Ids, Uniforms, draw
from musictx.generation.grammar import GrammarState
from musictx.midi import vocabulary
from musictx.model.cache import KeyValueCache, empty_cache, grown_cache, repeated_cache
from musictx.model.transformer import ModelOutput, MusicTransformer

Tensor = Any

# Tokens a call: few enough that music grows several times a second on a CPU, enough to make
# the copy of the cache at the call's edge (about 1 ms per 512 positions) small beside the work.
CHUNK = 16
PREFILL_BLOCK = 128  # long enough for matrix products at full speed, short enough to waste little
CACHE_SIZES = (512, 1024)  # and the window; attention costs by the size, compilation by their number
BATCH_SIZES = (1, 2, 4)


class Controls(NamedTuple):
    """The sliders as scalar tensors, see `SamplingConfig`."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    focus: Tensor

    @classmethod
    def of(cls, sampling: SamplingConfig) -> Controls:
        """From the configuration."""
        return cls(
            ops.convert_to_tensor(sampling.temperature, "float32"),
            ops.convert_to_tensor(int(sampling.top_k), "int32"),
            ops.convert_to_tensor(sampling.top_p, "float32"),
            ops.convert_to_tensor(sampling.focus, "float32"),
        )


class KerasDecoder:
    """A `Decoder` over a `MusicTransformer`; see the module's docstring.

    Args:
        model: used in place; weights changed later (by training) are seen by streams at once.
        chunk: tokens a call.

    Attributes:
        traces: how often a function was traced for compilation, for tests and curiosity.
    """

    def __init__(self, model: MusicTransformer, chunk: int = CHUNK) -> None:
        self.model = model
        self.window: int = model.config.window
        self.chunk = chunk
        self.traces = 0
        self._block = min(PREFILL_BLOCK, self.window)
        self._cache_sizes = (*(size for size in CACHE_SIZES if size < self.window), self.window)
        self._prefill_block = compiled(model, self._prefill_program)
        self._draw_chunk = compiled(model, self._draw_program)

    def start(self, prompts_BP: Ids, state: GrammarState, sampling: SamplingConfig) -> KerasStream:
        """See `Decoder.start`. The last prompt token is read by the first draw."""
        batch, length = prompts_BP.shape
        assert 1 <= length <= self.window, (length, self.window)
        controls = Controls.of(sampling)
        rows = next(size for size in BATCH_SIZES if size >= batch)
        padding = np.minimum(np.arange(rows), batch - 1)  # surplus rows repeat the last and are not read
        if (prompts_BP == prompts_BP[:1]).all():
            cache = repeated_cache(self._prefill(prompts_BP[0, :-1], controls.focus), rows)
        else:
            cache = _side_by_side([self._prefill(row_P[:-1], controls.focus) for row_P in prompts_BP[padding]])
        state = GrammarState(*(np.asarray(part)[padding] for part in state))._replace(last_B=prompts_BP[padding, -1])
        return KerasStream(self, batch, cache, tree.map_structure(ops.convert_to_tensor, state), controls, length)

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """Compiles all that `variations` and sequences of up to `tokens` (the window) need."""
        sampling = SamplingConfig()
        for size in self._cache_sizes:
            prompts_BP = np.full((variations, max(1, size - self.chunk)), vocabulary.START, np.int32)
            state = GrammarState(
                prompts_BP[:, -1], np.zeros((variations, 128), np.bool_), np.zeros(variations, np.int32)
            )
            self.start(prompts_BP, state, sampling).advance(np.zeros((variations, 1), np.float32))
            if tokens is not None and size >= tokens:
                return

    def size_for(self, length: int) -> int:
        """The smallest cache size for `length` tokens."""
        return next(size for size in self._cache_sizes if size >= length)

    def _prefill(self, ids_T: Ids, focus: Tensor) -> KeyValueCache:
        """The cache of batch 1 after `ids_T`, with room for at least one chunk where the window has it."""
        size = self.size_for(min(ids_T.size + 1 + self.chunk, self.window))
        cache = empty_cache(self.model.config, 1, size, self.model.compute_dtype)
        for start in range(0, ids_T.size, self._block):
            # A block that would stick out of the cache moves back: what it reads again it writes
            # again. What it holds beyond the prompt's end is overwritten before anyone looks.
            start = min(start, size - self._block)
            block_T = np.zeros(self._block, np.int32)
            part_T = ids_T[start : start + self._block]
            block_T[: part_T.size] = part_T
            cache = cache._replace(length=ops.convert_to_tensor(start, "int32"))
            cache = self._prefill_block(ops.convert_to_tensor(block_T[None]), cache, focus)
        return cache._replace(length=ops.convert_to_tensor(ids_T.size, "int32"))

    def _prefill_program(self, network: Network, ids_1T: Tensor, cache: KeyValueCache, focus: Tensor) -> KeyValueCache:
        """Compiled: reads a block; its logits are not asked for, so they are not computed."""
        self.traces += 1
        read = network(ids_1T, cache, focus).cache
        assert read is not None
        return read

    def _draw_program(
        self,
        network: Network,
        cache: KeyValueCache,
        state: GrammarState,
        uniforms_RN: Tensor,
        count: Tensor,
        controls: Controls,
    ) -> tuple[KeyValueCache, GrammarState, Tensor]:
        """Compiled: the first `count` of N draws; ids int32 (R, N), arbitrary behind `count`."""
        self.traces += 1
        places_1N = ops.expand_dims(ops.arange(self.chunk, dtype="int32"), 0)

        def step(number: Tensor, carried: Any) -> Any:
            cache, state, ids_RN = carried
            logits_RTV, cache = network(state.last_B[:, None], cache, controls.focus)
            uniforms_R = ops.take(uniforms_RN, number, axis=1)
            state = draw(ops, logits_RTV[:, 0], uniforms_R, state, controls.temperature, controls.top_k, controls.top_p)
            return cache, state, ops.where(places_1N == number, state.last_B[:, None], ids_RN)

        carried = (cache, state, ops.zeros(uniforms_RN.shape, "int32"))
        return ops.fori_loop(0, count, step, carried)


@dataclass
class KerasStream:
    """A `Stream` of the Keras engine: all that belongs to one visitor."""

    decoder: KerasDecoder
    batch: int
    cache: KeyValueCache
    state: GrammarState
    controls: Controls
    position: int  # tokens so far; the last of them is not in the cache yet

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """See `Stream.advance`; more than a chunk is done in several calls."""
        chunk = self.decoder.chunk
        parts = [self._advance(uniforms_BN[:, at : at + chunk]) for at in range(0, uniforms_BN.shape[1], chunk)]
        return np.concatenate(parts, axis=1)

    def _advance(self, uniforms_BN: Uniforms) -> Ids:
        batch, count = uniforms_BN.shape
        assert batch == self.batch and self.position + count <= self.decoder.window
        size = self.decoder.size_for(self.position + count)
        if size > self.cache.keys[0].shape[2]:
            self.cache = grown_cache(self.cache, size)
        uniforms_RN = np.zeros((self.state.last_B.shape[0], self.decoder.chunk), np.float32)
        uniforms_RN[:batch, :count] = uniforms_BN
        self.cache, self.state, ids_RN = self.decoder._draw_chunk(
            self.cache,
            self.state,
            ops.convert_to_tensor(uniforms_RN),
            ops.convert_to_tensor(count, "int32"),
            self.controls,
        )
        self.position += count
        return ops.convert_to_numpy(ids_RN)[:batch, :count]


Network = Callable[[Tensor, KeyValueCache | None, Tensor], ModelOutput]


def compiled(model: MusicTransformer, program: Callable[..., Any]) -> Callable[..., Any]:
    """`program(network, *tensors)` as a function of the tensors, compiled where the backend can.

    `network(ids, cache, focus)` is the model, for inference, as the backend wants it called.
    """

    def network(ids: Tensor, cache: KeyValueCache | None, focus: Tensor) -> ModelOutput:
        return model(ids, cache=cache, focus=focus, training=False)

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda *tensors: program(network, *tensors), jit_compile=True, autograph=False)
    if keras.backend.backend() == "jax":
        return _compiled_by_jax(model, program)
    if keras.backend.backend() == "torch":
        import torch

        return torch.no_grad()(lambda *tensors: program(network, *tensors))
    return lambda *tensors: program(network, *tensors)


def _compiled_by_jax(model: MusicTransformer, program: Callable[..., Any]) -> Callable[..., Any]:
    """Weights travel as arguments: a traced function that closed over them would hold copies."""
    import jax

    def pure(weights: list[Tensor], others: list[Tensor], *tensors: Any) -> Any:
        def network(ids: Tensor, cache: KeyValueCache | None, focus: Tensor) -> ModelOutput:
            output, _ = model.stateless_call(weights, others, ids, cache=cache, focus=focus, training=False)
            return output

        return program(network, *tensors)

    jitted = jax.jit(pure)

    def run(*tensors: Any) -> Any:
        weights = [variable.value for variable in model.trainable_variables]
        others = [variable.value for variable in model.non_trainable_variables]
        return jitted(weights, others, *tensors)

    return run


def _side_by_side(caches: list[KeyValueCache]) -> KeyValueCache:
    """Caches of batch 1 and one length as one cache."""

    def joined(parts: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        return tuple(ops.concatenate(blocks, axis=0) for blocks in zip(*parts, strict=True))

    return KeyValueCache(
        joined([cache.keys for cache in caches]), joined([cache.values for cache in caches]), caches[0].length
    )
