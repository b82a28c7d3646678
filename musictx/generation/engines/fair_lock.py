"""A fair lock on one machine: whoever has waited longest comes next."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """A lock that is passed on in the order of asking.

    Python's own lock may be taken again at once by the thread that just let it go, so that one stream
    would run on while others wait. Here a stream that asks again stands behind all who wait already: each of
    several streams advances by one chunk in turn.

        with lock:
            ...
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()  # the first is whose turn it is

    @property
    def asked(self) -> int:
        """How many hold the turn or wait for it."""
        with self._guard:
            return len(self._waiting)

    def __enter__(self) -> None:
        ticket = threading.Event()
        with self._guard:
            self._waiting.append(ticket)
            if self._waiting[0] is ticket:
                ticket.set()
        try:
            ticket.wait()
        except BaseException:  # interrupted: the turn must not stay with who does not take it
            self._give_up(ticket)
            raise

    def __exit__(self, *_: object) -> None:
        with self._guard:
            holder = self._waiting[0]
        self._give_up(holder)

    def _give_up(self, ticket: threading.Event) -> None:
        with self._guard:
            self._waiting.remove(ticket)
            if self._waiting:
                self._waiting[0].set()
