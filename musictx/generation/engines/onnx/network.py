"""The exported network with the weights of a checkpoint, ready to run in ONNX Runtime.

    prefill: ids -> cache | bind: cache -> step graph over it | step: one token a row -> logits
    read: ids -> logits at each of them

Knows neither Keras nor music. Shape letters: B variations, H heads, R = B·H, S positions with room in the cache,
K head size, N blocks, V vocabulary, T tokens of a prompt.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from musictx.errors import EngineError
from musictx.generation.engines.onnx.graphs import TABLE, Graphs, block_of, cache_names, read_graphs
from musictx.generation.engines.onnx.quantize import CODES, SCALES, quantized
from musictx.generation.engines.thread_tuner import ThreadTuner
from musictx.model.positions import sinusoidal_positions
from musictx.model.weights import Arrays, check_weights
from musictx.types import Ids

Cache = list[npt.NDArray[np.float32]]  # 2N arrays (R, S, K): the keys of each block, then the values
Logits = npt.NDArray[np.float32]

Turn = contextlib.AbstractContextManager[None]

ALONE: Turn = contextlib.nullcontext()  # nobody else wants the machine
ROOM = 128  # a cache grows by so many positions: seldom enough to copy, little enough to read in vain
# A single step is bound by memory, which a few cores exhaust; each more is one more to wait for.
MOST_STEP_THREADS, MOST_PREFILL_THREADS = 4, 8


class Network:
    """Both graphs, opened.

    Args:
        graphs: of the network's shape, or the folder in which they lie.
        arrays: the checkpoint's weights by name, of any float type.
        int8: whether steps read 8-bit matrices; the prompt is read with float32 ones always.
        threads: the numbers of threads among which a step chooses, see `thread_tuner`; that of the cores, at most 4,
            and 1 if not given.

    Raises:
        CheckpointError: if the weights do not fit the graphs.
        EngineError: if the graphs cannot be opened.
    """

    def __init__(self, graphs: Graphs | Path, arrays: Arrays, int8: bool = False, threads: Sequence[int] = ()) -> None:
        found = read_graphs(graphs) if isinstance(graphs, Path) else graphs
        if found is None:
            raise EngineError(f"The graphs in {graphs} are missing or damaged. Delete the folder: it is built anew.")
        check_weights(arrays, found.shapes, "this checkpoint")
        self.config = found.config
        self._names = cache_names(self.config)
        cores = available_cores()
        # Kept as long as the sessions: what a session does not repack it reads from these very arrays.
        self._arrays: Arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
        self._arrays[TABLE] = sinusoidal_positions(self.config.window, self.config.width)
        kind = "step-int8" if int8 else "step"
        counts = dict.fromkeys(threads or (min(cores, MOST_STEP_THREADS), 1))
        self._steps = [self._open(found, kind, count, repack=True) for count in counts]
        self._tuner = ThreadTuner(len(self._steps))
        self._prefill = self._open(found, "prefill", min(cores, MOST_PREFILL_THREADS), repack=False)
        self._graphs, self._opening = found, threading.Lock()
        self._score: Any = None  # opened when first asked for, which is seldom

    def prefill(self, ids_T: Ids, focus: float, room: int = ROOM, lock: Turn = ALONE) -> Cache:
        """The cache of one row after `ids_T`, which may be empty, with room for at least `room` tokens more.

        Each block is read within `lock`, so that a long prompt holds nobody up. The cache grows block by block, since
        attention goes over all of its room: a whole prompt's for every block would cost twice the work.
        """
        block = block_of(self.config)
        cache = self.empty(1, 0)
        for start, part_T in self._blocks(ids_T):
            grow(cache, start + block)
            binding = Binding([self._prefill], self._names, cache, focus, (1, block), ThreadTuner(1))
            # What a short last block writes behind the prompt is overwritten before anyone looks.
            binding.ids[0, : part_T.size] = part_T
            with lock:
                binding.run(start)
        grow(cache, ids_T.size + room)
        return cache

    def read(self, ids_T: Ids, focus: float, lock: Turn = ALONE) -> Iterator[tuple[int, Logits]]:
        """Logits (T', V) after each of `ids_T`, as (place of the first, logits) block by block, each within `lock`.

        The array is written anew by the next block, which may begin with tokens that were read already.
        """
        with self._opening:
            if self._score is None:
                self._score = self._open(
                    self._graphs, "score", min(available_cores(), MOST_PREFILL_THREADS), repack=False
                )
        block = block_of(self.config)
        logits_BTV = np.zeros((1, block, self.config.vocabulary_size), np.float32)
        cache = self.empty(1, 0)
        for start, part_T in self._blocks(ids_T):
            grow(cache, start + block)
            binding = Binding([self._score], self._names, cache, focus, (1, block), ThreadTuner(1), logits_BTV)
            binding.ids[0, : part_T.size] = part_T
            with lock:
                binding.run(start)
            yield start, logits_BTV[0, : part_T.size]

    def _blocks(self, ids_T: Ids) -> Iterator[tuple[int, Ids]]:
        """`ids_T` in blocks, each with the place of its first; one that the window would end within begins earlier."""
        block = block_of(self.config)
        for start in range(0, ids_T.size, block):
            start = min(start, self.config.window - block)
            yield start, ids_T[start : start + block]

    def empty(self, rows: int, positions: int) -> Cache:
        """A cache of zeros for `rows` sequences."""
        shape = (rows * self.config.heads, positions, self.config.head_size)
        return [np.zeros(shape, np.float32) for _ in self._names]

    def bind(self, cache: Cache, focus: float) -> Binding:
        """The step graph over `cache`, which it will write to."""
        rows = cache[0].shape[0] // self.config.heads
        logits = np.zeros((rows, 1, self.config.vocabulary_size), np.float32)
        return Binding(self._steps, self._names, cache, focus, (rows, 1), self._tuner, logits)

    def _open(self, graphs: Graphs, kind: str, threads: int, repack: bool) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        if not repack:
            options.add_session_config_entry("session.disable_prepacking", "1")
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        graph = graphs.graphs[kind]
        for name in graph.outside:
            if name.endswith(CODES) and name not in self._arrays:
                matrix = name.removesuffix(CODES)
                self._arrays[name], self._arrays[matrix + SCALES] = quantized(self._arrays[matrix])
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(self._arrays[name]) for name in graph.outside]
        options.add_external_initializers(list(graph.outside), values)
        try:
            return onnxruntime.InferenceSession(graph.data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has many exceptions and no common ancestor of its own
            raise EngineError(f"ONNX Runtime {onnxruntime.__version__} cannot open a graph: {error}") from error


class Binding:
    """A graph tied to the buffers of one stream: nothing is copied or allocated from step to step.

    sessions: the same graph, opened for several numbers of threads; `thread_tuner` picks one for each step. They
        compute the same to the bit.
    """

    def __init__(
        self,
        sessions: Sequence[Any],
        names: Sequence[str],
        cache: Cache,
        focus: float,
        shape: tuple[int, int],
        tuner: ThreadTuner,
        logits: Logits | None = None,
    ) -> None:
        self.ids = np.zeros(shape, np.int32)
        self._position = np.zeros((), np.int32)
        self._logits, self._tuner = logits, tuner
        inputs = {"ids": self.ids, "position": self._position, "focus": np.array(focus, np.float32)}
        inputs |= dict(zip(names, cache, strict=True))
        # Values refer to the arrays' own memory, so both live as long as this object.
        self._values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in inputs.items()}
        outputs = {f"{name}_after": self._values[name] for name in names}
        if logits is not None:
            outputs["logits"] = self._values["logits"] = onnxruntime.OrtValue.ortvalue_from_numpy(logits)
        self._ways = [(session, session.io_binding()) for session in sessions]
        for _, io in self._ways:
            for name in inputs:
                io.bind_ortvalue_input(name, self._values[name])
            for name, value in outputs.items():
                io.bind_ortvalue_output(name, value)

    def run(self, position: int) -> None:
        """Reads `ids` at `position`."""
        self._position[...] = position
        way = self._tuner.pick()
        session, io = self._ways[way]
        began = time.perf_counter()
        session.run_with_iobinding(io)
        self._tuner.took(way, time.perf_counter() - began)

    def step(self, ids_B: Ids, position: int) -> Logits:
        """Logits (B, V) after one more token a row; the array is written anew by the next step."""
        assert self._logits is not None
        self.ids[:, 0] = ids_B
        self.run(position)
        return self._logits[:, 0]


def room_in(cache: Cache) -> int:
    """How many positions the cache has room for."""
    return int(cache[0].shape[1])


def grow(cache: Cache, positions: int) -> None:
    """Makes room for at least `positions`, array by array: never are there two caches at once."""
    if room_in(cache) >= positions:
        return
    for number, part in enumerate(cache):
        larger = np.zeros((part.shape[0], _rounded(positions), part.shape[2]), np.float32)
        larger[:, : part.shape[1]] = part
        cache[number] = larger


def repeated(cache: Cache, times: int) -> Cache:
    """A cache of one row for `times` rows."""
    return [np.tile(part, (times, 1, 1)) for part in cache] if times > 1 else cache


def side_by_side(caches: Sequence[Cache]) -> Cache:
    """Caches of one length and room as one, row after row."""
    return [np.concatenate(parts) for parts in zip(*caches, strict=True)]


def _rounded(positions: int) -> int:
    return -(-positions // ROOM) * ROOM


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
