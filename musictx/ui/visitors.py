"""Who is on the page: a stop flag for each visitor, and how many are being served."""

from __future__ import annotations

import threading


class Visitors:
    """Stop flags by session, so that one visitor's Stop stops only that visitor's music."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flags: dict[str, threading.Event] = {}

    def begin(self, session: str) -> threading.Event:
        """A fresh flag for a new run; an earlier run of the same visitor is told to stop."""
        flag = threading.Event()
        with self._lock:
            earlier = self._flags.get(session)
            if earlier:
                earlier.set()
            self._flags[session] = flag
        return flag

    def end(self, session: str, flag: threading.Event) -> None:
        """The run that `flag` belongs to is over."""
        with self._lock:
            if self._flags.get(session) is flag:
                del self._flags[session]

    def stop(self, session: str) -> None:
        """Asks the visitor's run, if there is one, to end at its next step."""
        with self._lock:
            flag = self._flags.get(session)
        if flag:
            flag.set()

    def busy(self) -> int:
        """Runs going on."""
        with self._lock:
            return len(self._flags)
