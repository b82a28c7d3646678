"""A step that is done again and again on the same tensors, for PyTorch: on a GPU it is recorded once and replayed.

One token is some hundred small operations, and on a GPU each takes longer to be asked for than to be done. A CUDA graph
(https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs) asks for all of them at once. It reads and writes the
memory that it was recorded with, so whatever changes from step to step is copied into tensors of its own first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from keras import tree
from torch.utils._python_dispatch import TorchDispatchMode

Body = Callable[[], None]
WARM_UPS = 3  # before recording, so that libraries have chosen their kernels and have their memory
FROM_HOST = torch.ops.aten._to_copy.default


class HeldConstants(TorchDispatchMode):
    """While it is entered, what is copied from the host to the device is copied at the first pass and held for the
    later ones, which have to do the same: tables and numbers that Keras hands over anew each time. A recording may not
    copy from the host.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held: list[torch.Tensor] = []
        self._next = 0
        self._passes = 0

    def __enter__(self) -> HeldConstants:
        self._next = 0
        self._passes += 1
        super().__enter__()
        return self

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Every operation while it is entered."""
        if func is not FROM_HOST or args[0].device.type != "cpu":
            return func(*args, **(kwargs or {}))
        if self._passes == 1:
            self._held.append(func(*args, **(kwargs or {})))
        self._next += 1
        return self._held[self._next - 1]


def recorded(body: Body) -> Body:
    """`body` as a CUDA graph where PyTorch has a GPU, else itself; on the way it is done a few times.

    It may not look at the value of a tensor, and has to do the same each time. Where it cannot be recorded, it stays
    what it is, and slower.
    """
    if not torch.cuda.is_available():
        return body
    try:
        return _graph(body)
    except RuntimeError as error:
        logging.getLogger(__name__).warning("The step cannot be recorded as a CUDA graph and runs as it is: %s", error)
        return body


def _graph(body: Body) -> Body:
    constants, aside = HeldConstants(), torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            with constants:
                body()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph), constants:
        body()

    def replay(_held: HeldConstants = constants) -> None:  # the graph reads them
        graph.replay()

    return replay


class Repeated:
    """Calls `step` on a structure of tensors and its result again, a number of times.

    Args:
        step: from a structure of tensors to one of the same shapes and types; what it returns as it came stays.
        record: makes the body, which works on tensors of its own, quick to repeat.
    """

    def __init__(self, step: Callable[[Any], Any], record: Callable[[Body], Body] = recorded) -> None:
        self._step, self._record = step, record
        self._own: list[torch.Tensor] = []
        self._replay: Body | None = None

    @torch.no_grad()
    def __call__(self, start: Any, times: int) -> Any:
        """The structure after so many steps; `start` is left as it is. The shapes are those of the first call."""
        given = tree.flatten(start)
        if self._replay is None:
            self._own = [tensor.clone() for tensor in given]
            self._replay = self._record(lambda: self._body(start))
        for own, tensor in zip(self._own, given, strict=True):
            own.copy_(tensor)  # also what the recording has done to them
        for _ in range(times):
            self._replay()
        return tree.pack_sequence_as(start, [own.clone() for own in self._own])

    def _body(self, like: Any) -> None:
        results = tree.flatten(self._step(tree.pack_sequence_as(like, self._own)))
        for own, result in zip(self._own, results, strict=True):
            if result is not own:
                own.copy_(result)
