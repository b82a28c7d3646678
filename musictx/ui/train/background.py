"""Long calls of the workshop, watched while they go on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Background(Generic[Result]):
    """One call in a thread of its own.

    Args:
        work: called with a function that takes reports; the last one stands in `latest`.
    """

    def __init__(self, work: Callable[[Callable[..., None]], Result]) -> None:
        self.latest: tuple[Any, ...] = ()
        threads = ThreadPoolExecutor(1, "musictx-page")
        self._future = threads.submit(work, self._report)
        threads.shutdown(wait=False)

    def done_within(self, seconds: float) -> bool:
        """Waits at most so long; whether the call is over."""
        try:
            self._future.exception(seconds)
        except TimeoutError:
            return self._future.done()
        return True

    def result(self) -> Result:
        """What the call returned; raises what it raised."""
        return self._future.result()

    def _report(self, *figures: Any) -> None:
        self.latest = figures
