"""The Keras engine: prefill and decoding loop compiled for TensorFlow or JAX; on PyTorch
the step of the loop is replayed as a CUDA graph, see `repeated`, or runs as it is on a CPU.

    prompt -> blocks through the network -> key/value cache of one row
    cache -> slots of a pool -> calls of up to CHUNK times (network, grammar, filters, draw), for all who ask

A stream's rows stand in a pool of their own, or in one with those of other visitors (`Batching`); either way a pool is
stepped by whoever asks, see `shared_step`. What compiles, and for which shapes, is in `programs`.

Shape letters: B variations, P prompt, N new tokens, T tokens read.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from keras import ops, tree

from musictx.config import SamplingConfig
from musictx.generation.engines.base import Nats, Uniforms, token_nats
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.engines.programs import ROWS, Controls, Programs, Rows
from musictx.generation.engines.row_pool import RowMember, RowPool
from musictx.generation.engines.shared_step import SharedStep
from musictx.generation.sampling.state import SamplerState, state_after
from musictx.midi import vocabulary
from musictx.model.cache import KeyValueCache, empty_cache, joined_caches
from musictx.model.transformer import MusicTransformer
from musictx.types import Ids

# Tokens a call: few enough that music grows several times a second on a CPU, enough to make
# the copy of the cache at the call's edge (about 1 ms per 512 positions) small beside the work.
CHUNK = 16


@dataclass(frozen=True)
class Batching:
    """How rows share the machine.

    rows: of several visitors in one step at most; with 1 a visitor's rows are stepped by themselves, in turns.
    block: tokens of a prompt read at once, which others wait for.
    warm_rows: up to so many rows `warm_up` compiles for.
    """

    rows: int = 1
    block: int = 128  # on a CPU long enough for matrix products at full speed, short enough to waste little
    warm_rows: int = 1


@dataclass(frozen=True)
class _Group:
    """A pool and who steps it."""

    pool: RowPool
    shared: SharedStep[RowMember]


class KerasDecoder:
    """A `Decoder` over a `MusicTransformer`; see the module's docstring.

    Args:
        model: used in place; weights changed later (by training) are seen by streams at once.
        chunk: tokens a call.
        lock: who may use the machine next, where other engines share it.
        batching: whether visitors share steps; if not given they take turns.
    """

    def __init__(
        self,
        model: MusicTransformer,
        chunk: int = CHUNK,
        lock: FairLock | None = None,
        batching: Batching | None = None,
    ) -> None:
        self.model = model
        self.lock = lock or FairLock()
        self.batching = batching or Batching()
        self.window: int = model.config.window
        self.chunk = chunk
        self.programs = Programs(model, chunk, self.batching.block, self.lock)
        self._newcomers = FairLock()  # among those who read a prompt: a step waits for one block, not one of each
        self._groups: dict[str, list[_Group]] = {}  # by scope
        self._grouping = threading.Lock()

    @property
    def traces(self) -> int:
        """How often a function was traced for compilation, for tests and curiosity."""
        return self.programs.traces

    def start(self, prompts_BP: Ids, state: SamplerState, sampling: SamplingConfig) -> KerasStream:
        """See `Decoder.start`. The last prompt token is read by the first draw."""
        batch, length = prompts_BP.shape
        assert 1 <= length <= self.window, (length, self.window)
        size = self.programs.size_for(min(length + self.chunk, self.window))
        alike = bool((prompts_BP == prompts_BP[:1]).all())
        caches = [self._prefill(row_P[:-1], size, sampling.focus) for row_P in prompts_BP[: 1 if alike else batch]]
        newcomer = Rows(
            joined_caches(caches) if len(caches) > 1 else caches[0],
            tree.map_structure(ops.convert_to_tensor, state.with_last(prompts_BP[:, -1])),
            Controls.of(sampling, batch),
        )
        while True:
            group = self._group(sampling.scope, batch)
            shape = group.pool.shape(batch, size)
            self.programs.prepare(sampling.scope, *shape)
            with self.lock:
                if group.pool.fits(batch) and group.pool.shape(batch, size) == shape:
                    member = group.pool.join(newcomer, length)
                    return KerasStream(self, group.pool, group.shared, member, sampling.scope)

    def _group(self, scope: str, batch: int) -> _Group:
        """A pool with room for so many rows: one of the visitors', or a new one."""
        with self._grouping:
            groups = self._groups.setdefault(scope, [])
            if self.batching.rows > 1:
                for group in groups:
                    if group.pool.fits(batch):
                        return group
            pool = RowPool(self.programs, scope, self.batching.rows)
            group = _Group(pool, SharedStep(pool, self.lock, self.batching.rows))
            if self.batching.rows > 1:
                groups[:] = [each for each in groups if not each.pool.failed] + [group]
            return group

    def warm_up(self, variations: int = 1, tokens: int | None = None) -> None:
        """See `Decoder.warm_up`: compiles for each cache size up to the one for `tokens`."""
        prompts_BP = np.full((variations, 2), vocabulary.START, np.int32)
        last = self.programs.size_for(min(tokens or self.window, self.window))
        sampling = SamplingConfig()
        for size in self.programs.sizes[: self.programs.sizes.index(last) + 1]:
            self._prefill(prompts_BP[0, :-1], size, sampling.focus)
            for rows in ROWS:
                if rows <= self.batching.warm_rows or rows == self.programs.rows_for(variations):
                    self.programs.prepare(sampling.scope, rows, size)
        with contextlib.closing(self.start(prompts_BP, state_after(prompts_BP), sampling)) as stream:
            stream.advance(np.zeros((variations, 1), np.float32))

    def score(self, ids_T: Ids, focus: float) -> Nats:
        """See `Decoder.score`."""
        assert 2 <= ids_T.size <= self.window + 1, (ids_T.size, self.window)
        inputs_T, targets_T = ids_T[:-1], ids_T[1:]
        size, scale = self.programs.size_for(inputs_T.size), ops.convert_to_tensor(focus, "float32")
        cache = empty_cache(self.model.config, 1, size, self.model.compute_dtype)
        nats_T = np.zeros(inputs_T.size, np.float32)
        for start, block_T in self._blocks(inputs_T, size):
            cache = cache._replace(length=ops.convert_to_tensor(start, "int32"))
            with self._block_turn():
                logits_TV, cache = self.programs.score_block(size)(cache, ops.convert_to_tensor(block_T[None]), scale)
                logits_TV = ops.convert_to_numpy(logits_TV)  # a GPU has finished only now
            part_T = targets_T[start : start + self.programs.block]
            nats_T[start : start + part_T.size] = token_nats(logits_TV[: part_T.size], part_T)
        return nats_T

    def _prefill(self, ids_T: Ids, size: int, focus: float) -> KeyValueCache:
        """The cache of one row after `ids_T`, with room for `size` tokens."""
        cache, scale = (
            empty_cache(self.model.config, 1, size, self.model.compute_dtype),
            ops.convert_to_tensor(focus, "float32"),
        )
        for start, block_T in self._blocks(ids_T, size):
            cache = cache._replace(length=ops.convert_to_tensor(start, "int32"))
            with self._block_turn():
                cache = self.programs.read_block(size)(cache, ops.convert_to_tensor(block_T[None]), scale)
                ops.convert_to_numpy(cache.length)  # done now: a GPU would let many blocks queue before the next step
        return cache._replace(length=ops.convert_to_tensor(np.array([ids_T.size], np.int32)))

    @contextlib.contextmanager
    def _block_turn(self) -> Iterator[None]:
        """A turn for one block; where visitors are stepped together, those who read take it one after another."""
        with self._newcomers if self.batching.rows > 1 else contextlib.nullcontext(), self.lock:
            yield

    def _blocks(self, ids_T: Ids, size: int) -> Iterator[tuple[int, Ids]]:
        """`ids_T` in blocks of one length, each with the place of its first; the last is filled up with zeros.

        A block that would stick out of a cache of `size` moves back: what it reads again it writes
        again. What it holds beyond the end is overwritten before anyone looks.
        """
        block = self.programs.block
        for start in range(0, ids_T.size, block):
            start = min(start, size - block)
            part_T = ids_T[start : start + block]
            yield start, np.pad(part_T, (0, block - part_T.size)).astype(np.int32)


class KerasStream:
    """A `Stream` of the Keras engine: the rows of one visitor in a pool. Dropped or closed, it gives them back."""

    def __init__(
        self, decoder: KerasDecoder, pool: RowPool, shared: SharedStep[RowMember], member: RowMember, scope: str
    ) -> None:
        self._decoder, self._pool, self._shared, self._member, self._scope = decoder, pool, shared, member, scope
        # A mark and no call: it may be set in the middle of anything, by whatever thread collects garbage.
        self._closed = weakref.finalize(self, setattr, member, "closed", True)

    @property
    def size(self) -> int:
        """Positions that the cache has room for."""
        return self._pool.size

    def advance(self, uniforms_BN: Uniforms) -> Ids:
        """See `Stream.advance`; more than a chunk is done in several calls."""
        chunk = self._decoder.chunk
        parts = [self._advance(uniforms_BN[:, at : at + chunk]) for at in range(0, uniforms_BN.shape[1], chunk)]
        return np.concatenate(parts, axis=1)

    def close(self) -> None:
        """See `Stream.close`."""
        self._closed()

    def _advance(self, uniforms_BN: Uniforms) -> Ids:
        batch, count = uniforms_BN.shape
        needed = self._member.position + count
        assert not self._member.closed and batch == len(self._member.slots) and needed <= self._decoder.window
        # Before it is this stream's turn: others go on while a function for a larger cache compiles.
        self._decoder.programs.prepare(self._scope, *self._pool.shape(0, needed))
        return self._shared.advance(self._member, uniforms_BN)
