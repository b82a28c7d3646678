"""Who waits for music: a stop flag for each run, in the order in which they were asked for."""

from __future__ import annotations

import threading

# So many pieces are made at once, chunk by chunk in turn, each then a fifth as fast as one alone. More would bring
# everybody below the speed of music on a small machine; whoever comes later waits and is told so.
AT_ONCE = 5


class Visitors:
    """Stop flags by session, so that one visitor's Stop stops only that visitor's music.

    A run is here from the press of the button, before its turn in the queue, to its end.

    Args:
        at_once: how many runs go on side by side; later ones wait.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self.at_once = at_once
        self._lock = threading.Lock()
        self._flags: dict[str, threading.Event] = {}  # in order of arrival

    def begin(self, session: str) -> threading.Event:
        """A fresh flag for a new run; an earlier run of the same session is told to stop."""
        flag = threading.Event()
        with self._lock:
            earlier = self._flags.pop(session, None)
            if earlier:
                earlier.set()
            self._flags[session] = flag
        return flag

    def current(self, session: str) -> threading.Event:
        """The flag of the run that waits or goes on; a fresh one if there is none."""
        with self._lock:
            flag = self._flags.get(session)
        return flag or self.begin(session)

    def end(self, session: str, flag: threading.Event) -> None:
        """The run that `flag` belongs to is over."""
        with self._lock:
            if self._flags.get(session) is flag:
                del self._flags[session]

    def stop(self, session: str) -> None:
        """Asks the session's run, if there is one, to end at its next step."""
        with self._lock:
            flag = self._flags.get(session)
        if flag:
            flag.set()

    def leave(self, session: str) -> None:
        """The session is over: its run stops, and nobody waits behind it."""
        with self._lock:
            flag = self._flags.pop(session, None)
        if flag:
            flag.set()

    def ahead(self, session: str) -> int:
        """Runs that must end before the session's own begins; 0 if it goes on already, or there is none."""
        with self._lock:
            sessions = list(self._flags)
        place = sessions.index(session) if session in sessions else 0
        return max(0, place - self.at_once + 1)
