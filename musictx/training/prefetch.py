"""Work for the next step, done on another thread while a device is busy with the present one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetch(Generic[T]):
    """Calls `make(step)` one step before its result is wanted.

    Args:
        make: gives what a step needs; run on a thread of its own, one call at a time.
        steps: no step from here on is made ahead.
    """

    def __init__(self, make: Callable[[int], T], steps: int) -> None:
        self._make, self._steps = make, steps
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._made: dict[int, Future[T]] = {}

    def take(self, step: int) -> T:
        """What `make(step)` gives, mostly at once; an error of it is raised here."""
        waiting = self._made.pop(step, None) or self._thread.submit(self._make, step)
        result = waiting.result()
        self._made = {step + 1: self._thread.submit(self._make, step + 1)} if step + 1 < self._steps else {}
        return result
