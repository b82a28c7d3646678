"""The compiled functions of the Keras engine, one for each shape: they read a block of a prompt, score one, or draw.

Everything that moves (positions, sliders, random numbers, counts of tokens) is a runtime tensor with a value for each
row, so a function compiles once for each number of rows (1, 2, 4, ... 64) and cache size (512, 1024, the window) and
never again. TensorFlow and JAX compile the loop over tokens too; on PyTorch one step is repeated, see `repeated`.

Shape letters: R rows, N tokens of a call at most, T tokens of a block, V vocabulary.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from keras import backend, ops, tree

from musictx.config import SCOPES, SamplingConfig
from musictx.generation.engines.compiled import Network, compiled, network_of
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import SamplerState, state_after
from musictx.midi import vocabulary
from musictx.model.cache import KeyValueCache, empty_cache
from musictx.model.transformer import MusicTransformer

Tensor = Any

CACHE_SIZES = (512, 1024)  # and the window; attention costs by the size, compilation by their number
ROWS = (1, 2, 4, 8, 16, 32, 64)


class Controls(NamedTuple):
    """The sliders as tensors (R,), see `SamplingConfig`; the focus and temperatures float32, top_k int32."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor
    focus: Tensor

    @classmethod
    def of(cls, sampling: SamplingConfig, rows: int) -> Controls:
        """From the configuration, for so many rows."""
        return cls(
            ops.convert_to_tensor(np.full(rows, sampling.temperature, np.float32)),
            ops.convert_to_tensor(np.full(rows, int(sampling.top_k), np.int32)),
            ops.convert_to_tensor(np.full(rows, sampling.top_p, np.float32)),
            ops.convert_to_tensor(np.full(rows, sampling.focus, np.float32)),
        )


class Rows(NamedTuple):
    """All that R rows are on the device: their cache, with a length for each, their sampler state and their sliders."""

    cache: KeyValueCache
    state: SamplerState
    controls: Controls


class Drawing(NamedTuple):
    """What changes from token to token; number: of steps done in this call, ids_RN: what was drawn."""

    cache: KeyValueCache
    state: SamplerState
    number: Tensor
    ids_RN: Tensor


class Asked(NamedTuple):
    """What stays as it is during a call: float32 (R, N) random numbers, int32 (R,) tokens to draw, the sliders."""

    uniforms_RN: Tensor
    counts_R: Tensor
    controls: Controls


class Programs:
    """Compiled functions of one model by shape, made when first asked for; safe to ask from several threads.

    Args:
        model: its present weights are used at every call.
        chunk: N, tokens a call.
        block: T, tokens of a prompt read at once.
        turns: who may use the machine next.

    Attributes:
        traces: how often a function was traced for compilation, for tests and curiosity.
    """

    def __init__(self, model: MusicTransformer, chunk: int, block: int, turns: FairLock) -> None:
        self.model, self.chunk = model, chunk
        self.window: int = model.config.window
        self.block = min(block, self.window)
        self.sizes = (*(size for size in CACHE_SIZES if self.block <= size < self.window), self.window)
        self.traces = 0
        self._turns = turns
        self._compiling = threading.Lock()  # of one at a time; what is there already is used meanwhile
        self._making = threading.Lock()  # for the table below
        self._programs: dict[tuple[str, int, int], Callable[..., Any]] = {}
        self._ready: set[tuple[str, int, int]] = set()

    def size_for(self, length: int) -> int:
        """The smallest cache size for `length` tokens."""
        return next(size for size in self.sizes if size >= length)

    def rows_for(self, rows: int) -> int:
        """The smallest number of rows that is compiled for, for so many."""
        return next(each for each in ROWS if each >= rows)

    def read_block(self, size: int) -> Callable[..., KeyValueCache]:
        """(cache of one row, its length a scalar; ids int32 (1, T); focus) to the cache; no logits are computed."""
        return self._program("prefill", 1, size)

    def score_block(self, size: int) -> Callable[..., Any]:
        """As `read_block`, to the logits float32 (T, V) and the cache."""
        return self._program("score", 1, size)

    def draw(self, scope: str, rows: int, size: int) -> Callable[..., tuple[KeyValueCache, SamplerState, Tensor]]:
        """(cache, state, `Asked`, the highest count) to cache, state and ids int32 (R, N), arbitrary behind a count."""
        return self._program(f"draw {scope}", rows, size)

    def ready(self, scope: str, rows: int, size: int) -> bool:
        """Whether `draw` for this shape would not have to compile."""
        return (f"draw {scope}", rows, size) in self._ready

    def prepare(self, scope: str, rows: int, size: int) -> None:
        """Compiles `draw` for a shape while others go on; to be called without holding a turn."""
        if self.ready(scope, rows, size):
            return
        # A CUDA graph is recorded while nothing else uses the device.
        with self._turns if backend.backend() == "torch" else contextlib.nullcontext(), self._compiling:
            if not self.ready(scope, rows, size):
                made = blank_rows(self.model, rows, size)
                nothing = Asked(ops.zeros((rows, self.chunk), "float32"), ops.zeros((rows,), "int32"), made.controls)
                ops.convert_to_numpy(self.draw(scope, rows, size)(made.cache, made.state, nothing, np.int32(0))[2])
                self._ready.add((f"draw {scope}", rows, size))

    def _program(self, kind: str, rows: int, size: int) -> Callable[..., Any]:
        """The function for one shape; TensorFlow warns of what serves many."""
        key = (kind, rows, size)
        with self._making:
            if key not in self._programs:
                self._programs[key] = self._built(kind)
            return self._programs[key]

    def _built(self, kind: str) -> Callable[..., Any]:
        if backend.backend() == "torch" and kind.startswith("draw "):
            return self._repeated_draw(kind.removeprefix("draw "))
        programs: dict[str, Callable[..., Any]] = {
            "prefill": self._prefill_program,
            "score": self._score_program,
            **{f"draw {scope}": partial(self._draw_program, scope) for scope in SCOPES},
        }
        return compiled(self.model, programs[kind], consumed=1)

    def _repeated_draw(self, scope: str) -> Callable[..., Any]:
        """For PyTorch, which compiles no loop: what `_draw_program` does, as one step that is repeated."""
        from musictx.generation.engines.repeated import Repeated

        self.traces += 1
        network = network_of(self.model)
        repeated = Repeated(lambda carried: (self.step(scope, network, *carried), carried[1]))

        def draw_chunk(
            cache: KeyValueCache, state: SamplerState, asked: Asked, most: np.int32
        ) -> tuple[KeyValueCache, SamplerState, Tensor]:
            drawing, _ = repeated((self._start(cache, state), asked), int(most))
            return drawing.cache, drawing.state, drawing.ids_RN

        return draw_chunk

    def _prefill_program(self, network: Network, cache: KeyValueCache, ids_1T: Tensor, focus: Tensor) -> KeyValueCache:
        self.traces += 1
        read = network(ids_1T, cache, focus).cache
        assert read is not None
        return read

    def _score_program(
        self, network: Network, cache: KeyValueCache, ids_1T: Tensor, focus: Tensor
    ) -> tuple[Tensor, KeyValueCache]:
        self.traces += 1
        read = network(ids_1T, cache, focus)
        assert read.cache is not None
        return ops.cast(read.logits[0], "float32"), read.cache

    def _draw_program(
        self, scope: str, network: Network, cache: KeyValueCache, state: SamplerState, asked: Asked, most: Tensor
    ) -> tuple[KeyValueCache, SamplerState, Tensor]:
        self.traces += 1

        def step(_: Tensor, drawing: Drawing) -> Drawing:
            return self.step(scope, network, drawing, asked)

        drawing = ops.fori_loop(0, most, step, self._start(cache, state))
        return drawing.cache, drawing.state, drawing.ids_RN

    def _start(self, cache: KeyValueCache, state: SamplerState) -> Drawing:
        ids_RN = ops.zeros((state.last_B.shape[0], self.chunk), "int32")
        return Drawing(cache, state, ops.zeros((), "int32"), ids_RN)

    def step(self, scope: str, network: Network, drawing: Drawing, asked: Asked) -> Drawing:
        """Draws the next token of each row that has asked for more; the others stay as they are.

        What such a row's step writes into the cache is what its next one will write there again.
        """
        number, before = drawing.number, drawing.state
        logits_RTV, cache = network(before.last_B[:, None], drawing.cache, asked.controls.focus)
        assert cache is not None
        uniforms_R = ops.take(asked.uniforms_RN, number, axis=1)
        after = draw(ops, logits_RTV[:, 0], uniforms_R, before, asked.controls, scope)
        draws_R = number < asked.counts_R

        def moved(new: Tensor, old: Tensor) -> Tensor:
            return old if new is old else ops.where(draws_R[:, None] if len(old.shape) > 1 else draws_R, new, old)

        state = tree.map_structure(moved, after, before)
        cache = cache._replace(length=moved(cache.length, drawing.cache.length))
        places_1N = ops.expand_dims(ops.arange(self.chunk, dtype="int32"), 0)
        ids_RN = ops.where(places_1N == number, state.last_B[:, None], drawing.ids_RN)
        return Drawing(cache, state, number + 1, ids_RN)


def blank_rows(model: MusicTransformer, rows: int, size: int) -> Rows:
    """Rows at the start of pieces from nothing, with room for `size` positions."""
    cache = empty_cache(model.config, rows, size, model.compute_dtype)
    state = state_after(np.full((rows, 1), vocabulary.START, np.int32))
    return Rows(
        cache._replace(length=ops.zeros((rows,), "int32")),
        tree.map_structure(ops.convert_to_tensor, state),
        Controls.of(SamplingConfig(), rows),
    )
