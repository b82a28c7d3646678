"""The Keras engine: prefill and decoding loop compiled for TensorFlow or JAX; on PyTorch
the step of the loop is replayed as a CUDA graph, see `repeated`, or runs as it is on a CPU.

    prompt -> blocks of PREFILL_BLOCK tokens through the network -> key/value cache
    cache -> one compiled call: `chunk` times (network, grammar, filters, draw)

Everything that moves (position, sliders, random numbers, the count of tokens) is a
runtime tensor, so a function compiles once for each batch size (1, 2, 4) and cache size
(512, 1024, the window) and never again. `warm_up` does that before the first visitor.

Shape letters: B variations (R rows after rounding up), P prompt, N new tokens, T tokens read, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from keras import backend, ops, tree

from musictx.config import SCOPES, SamplingConfig
from musictx.generation.engines.base import Nats, Uniforms, token_nats
from musictx.generation.engines.compiled import Network, compiled, network_of
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import SamplerState, state_after
from musictx.midi import vocabulary
from musictx.model.cache import KeyValueCache, empty_cache, grown_cache, repeated_cache
from musictx.model.transformer import MusicTransformer
from musictx.types import Ids

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


class _Drawing(NamedTuple):
    """What changes from token to token; number: of tokens drawn in this call, ids_RN: those."""

    cache: KeyValueCache
    state: SamplerState
    number: Tensor
    ids_RN: Tensor


class KerasDecoder:
    """A `Decoder` over a `MusicTransformer`; see the module's docstring.

    Args:
        model: used in place; weights changed later (by training) are seen by streams at once.
        chunk: tokens a call.
        lock: who may use the machine next, where other engines share it.

    Attributes:
        traces: how often a function was traced for compilation, for tests and curiosity.
    """

    def __init__(self, model: MusicTransformer, chunk: int = CHUNK, lock: FairLock | None = None) -> None:
        self.model = model
        self.lock = lock or FairLock()
        self.window: int = model.config.window
        self.chunk = chunk
        self.traces = 0
        self._block = min(PREFILL_BLOCK, self.window)
        self._cache_sizes = (*(size for size in CACHE_SIZES if size < self.window), self.window)
        self._programs: dict[tuple[str, int, int], Callable[..., Any]] = {}

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> KerasStream:
        """See `Decoder.start`. The last prompt token is read by the first draw."""
        batch, length = prompts_BP.shape
        assert 1 <= length <= self.window, (length, self.window)
        controls = Controls.of(sampling)
        rows = next(size for size in BATCH_SIZES if size >= batch)
        padding = np.minimum(np.arange(rows), batch - 1)  # surplus rows repeat the last and are not read
        size = self.size_for(min(length + self.chunk, self.window))
        if (prompts_BP == prompts_BP[:1]).all():
            cache = repeated_cache(self._prefill(prompts_BP[0, :-1], size, controls.focus), rows)
        else:
            cache = _side_by_side([self._prefill(row_P[:-1], size, controls.focus) for row_P in prompts_BP[padding]])
        state = state.rows(padding).with_last(prompts_BP[padding, -1])
        return KerasStream(
            self, batch, cache, tree.map_structure(ops.convert_to_tensor, state), controls, sampling.scope, length
        )

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """See `Decoder.warm_up`: compiles for each cache size up to the one for `tokens`."""
        prompts_BP = np.full((variations, 2), vocabulary.START, np.int32)
        last = self.size_for(min(tokens or self.window, self.window))
        for size in self._cache_sizes[: self._cache_sizes.index(last) + 1]:
            stream = self.start(prompts_BP, state_after(prompts_BP), SamplingConfig())
            cache = self._prefill(prompts_BP[0, :-1], size, stream.controls.focus)
            stream.cache = repeated_cache(cache, len(stream.state.last_B))
            stream.advance(np.zeros((variations, 1), np.float32))

    def size_for(self, length: int) -> int:
        """The smallest cache size for `length` tokens."""
        return next(size for size in self._cache_sizes if size >= length)

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """See `Decoder.score`."""
        assert 2 <= ids_T.size <= self.window + 1, (ids_T.size, self.window)
        inputs_T, targets_T = ids_T[:-1], ids_T[1:]
        size, scale = self.size_for(inputs_T.size), ops.convert_to_tensor(focus, "float32")
        cache = empty_cache(self.model.config, 1, size, self.model.compute_dtype)
        read_block = self._program("score", 1, size)
        nats_T = np.zeros(inputs_T.size, np.float32)
        for start, block_T in self._blocks(inputs_T, size):
            cache = cache._replace(length=ops.convert_to_tensor(start, "int32"))
            with self.lock:
                logits_TV, cache = read_block(cache, ops.convert_to_tensor(block_T[None]), scale)
                logits_TV = ops.convert_to_numpy(logits_TV)  # a GPU has finished only now
            part_T = targets_T[start : start + self._block]
            nats_T[start : start + part_T.size] = token_nats(logits_TV[: part_T.size], part_T)
        return nats_T

    def _prefill(self, ids_T: Ids, size: int, focus: Tensor) -> KeyValueCache:
        """The cache of batch 1 after `ids_T`, with room for `size` tokens."""
        cache = empty_cache(self.model.config, 1, size, self.model.compute_dtype)
        read_block = self._program("prefill", 1, size)
        for start, block_T in self._blocks(ids_T, size):
            cache = cache._replace(length=ops.convert_to_tensor(start, "int32"))
            with self.lock:
                cache = read_block(cache, ops.convert_to_tensor(block_T[None]), focus)
        return cache._replace(length=ops.convert_to_tensor(ids_T.size, "int32"))

    def _blocks(self, ids_T: Ids, size: int) -> Iterator[tuple[int, Ids]]:
        """`ids_T` in blocks of one length, each with the place of its first; the last is filled up with zeros.

        A block that would stick out of a cache of `size` moves back: what it reads again it writes
        again. What it holds beyond the end is overwritten before anyone looks.
        """
        for start in range(0, ids_T.size, self._block):
            start = min(start, size - self._block)
            part_T = ids_T[start : start + self._block]
            yield start, np.pad(part_T, (0, self._block - part_T.size)).astype(np.int32)

    def _program(self, kind: str, rows: int, size: int) -> Callable[..., Any]:
        """The compiled "prefill", "score" or "draw keys" for one shape; TensorFlow warns of what serves many."""
        key = (kind, rows, size)
        if key not in self._programs:
            programs: dict[str, Callable[..., Any]] = {
                "prefill": self._prefill_program,
                "score": self._score_program,
                **{f"draw {scope}": partial(self._draw_program, scope) for scope in SCOPES},
            }
            repeats = backend.backend() == "torch" and kind.startswith("draw ")
            self._programs[key] = (
                self._repeated_draw(kind.removeprefix("draw "))
                if repeats
                else compiled(self.model, programs[kind], consumed=1)
            )
        return self._programs[key]

    def _repeated_draw(self, scope: str) -> Callable[..., Any]:
        """For PyTorch, which compiles no loop: what `_draw_program` does, as one step that is repeated."""
        from musictx.generation.engines.repeated import Repeated

        self.traces += 1
        network = network_of(self.model)
        repeated = Repeated(lambda carried: self._step(scope, network, carried))

        def draw_chunk(
            cache: KeyValueCache, state: SamplerState, uniforms_RN: Tensor, count: Tensor, controls: Controls
        ) -> tuple[KeyValueCache, SamplerState, Tensor]:
            start = _Drawing(cache, state, ops.zeros((), "int32"), ops.zeros(uniforms_RN.shape, "int32"))
            drawing, *_ = repeated((start, uniforms_RN, controls), int(count))
            return drawing.cache, drawing.state, drawing.ids_RN

        return draw_chunk

    def _prefill_program(self, network: Network, cache: KeyValueCache, ids_1T: Tensor, focus: Tensor) -> KeyValueCache:
        """Compiled: reads a block; its logits are not asked for, so they are not computed."""
        self.traces += 1
        read = network(ids_1T, cache, focus).cache
        assert read is not None
        return read

    def _score_program(
        self, network: Network, cache: KeyValueCache, ids_1T: Tensor, focus: Tensor
    ) -> tuple[Tensor, KeyValueCache]:
        """Compiled: reads a block; logits float32 (T, V) and the cache after it."""
        self.traces += 1
        read = network(ids_1T, cache, focus)
        assert read.cache is not None
        return ops.cast(read.logits[0], "float32"), read.cache

    def _draw_program(
        self,
        scope: str,
        network: Network,
        cache: KeyValueCache,
        state: SamplerState,
        uniforms_RN: Tensor,
        count: Tensor,
        controls: Controls,
    ) -> tuple[KeyValueCache, SamplerState, Tensor]:
        """Compiled: the first `count` of N draws; ids int32 (R, N), arbitrary behind `count`."""
        self.traces += 1
        start = _Drawing(cache, state, ops.zeros((), "int32"), ops.zeros(uniforms_RN.shape, "int32"))

        def step(_: Tensor, drawing: _Drawing) -> _Drawing:
            return self._step(scope, network, (drawing, uniforms_RN, controls))[0]

        drawing = ops.fori_loop(0, count, step, start)
        return drawing.cache, drawing.state, drawing.ids_RN

    def _step(
        self, scope: str, network: Network, carried: tuple[_Drawing, Tensor, Controls]
    ) -> tuple[_Drawing, Tensor, Controls]:
        """Draws the next token of each row."""
        drawing, uniforms_RN, controls = carried
        number = drawing.number
        places_1N = ops.expand_dims(ops.arange(self.chunk, dtype="int32"), 0)
        logits_RTV, cache = network(drawing.state.last_B[:, None], drawing.cache, controls.focus)
        uniforms_R = ops.take(uniforms_RN, number, axis=1)
        state = draw(ops, logits_RTV[:, 0], uniforms_R, drawing.state, controls, scope)
        ids_RN = ops.where(places_1N == number, state.last_B[:, None], drawing.ids_RN)
        assert cache is not None
        return _Drawing(cache, state, number + 1, ids_RN), uniforms_RN, controls


@dataclass
class KerasStream:
    """A `Stream` of the Keras engine: all that belongs to one visitor."""

    decoder: KerasDecoder
    batch: int
    cache: KeyValueCache
    state: SamplerState
    controls: Controls
    scope: str
    position: int  # tokens so far; the last of them is not in the cache yet

    @property
    def size(self) -> int:
        """Positions that the cache has room for."""
        return int(self.cache.keys[0].shape[-2])

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """See `Stream.advance`; more than a chunk is done in several calls."""
        chunk = self.decoder.chunk
        parts = [self._advance(uniforms_BN[:, at : at + chunk]) for at in range(0, uniforms_BN.shape[1], chunk)]
        return np.concatenate(parts, axis=1)

    def _advance(self, uniforms_BN: Uniforms) -> Ids:
        batch, count = uniforms_BN.shape
        assert batch == self.batch and self.position + count <= self.decoder.window
        rows = len(self.state.last_B)
        if self.position + count > self.size:
            self.cache = grown_cache(self.cache, self.decoder.size_for(self.position + count))
        uniforms_RN = np.zeros((rows, self.decoder.chunk), np.float32)
        uniforms_RN[:batch, :count] = uniforms_BN
        draw_chunk = self.decoder._program(f"draw {self.scope}", rows, self.size)
        uniforms, many = ops.convert_to_tensor(uniforms_RN), ops.convert_to_tensor(count, "int32")
        with self.decoder.lock:
            self.cache, self.state, ids_RN = draw_chunk(self.cache, self.state, uniforms, many, self.controls)
            drawn_RN = ops.convert_to_numpy(ids_RN)  # a GPU has finished only now
        self.position += count
        return drawn_RN[:batch, :count]


def _side_by_side(caches: list[KeyValueCache]) -> KeyValueCache:
    """Caches of batch 1 and one length as one cache."""

    def joined(parts: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        return tuple(ops.concatenate(blocks, axis=0) for blocks in zip(*parts, strict=True))

    return KeyValueCache(
        joined([cache.keys for cache in caches]), joined([cache.values for cache in caches]), caches[0].length
    )
