"""Who waits for music: a stop flag for each run, in the order in which they were asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# So many pieces are made at once, chunk by chunk in turn, each then a fifth as fast as one alone. More would bring
# everybody below the speed of music on a small machine; whoever comes later waits and is told so.
AT_ONCE = 5
# A press of the button that nothing follows is no visitor: the page asks once a second while it waits.
FORGOTTEN_S = 30.0
MOST_WAITING = 32  # the queue behind has room for fewer; of more presses those go whose page was heard of longest ago


@dataclass
class _Run:
    """A run from the press to its end; seen_s: when its page was heard of last, inf once it goes on."""

    seen_s: float
    flag: threading.Event = field(default_factory=threading.Event)


class StopFlags:
    """Stop flags by session, so that one visitor's Stop stops only that visitor's music.

    A run is here from the press of the button, before its turn in the queue, to its end. One that never began is
    forgotten when its page asks no more.

    Args:
        at_once: how many runs go on side by side; later ones wait.
        clock: in seconds.
    """

    def __init__(self, at_once: int = AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once, self._clock = at_once, clock
        self._lock = threading.Lock()
        self._runs: dict[str, _Run] = {}  # in order of arrival

    def begin(self, session: str) -> threading.Event:
        """A fresh flag for a new run; an earlier run of the same session is told to stop."""
        run = _Run(self._clock())
        with self._lock:
            earlier = self._runs.pop(session, None)
            if earlier:
                earlier.flag.set()
            self._runs[session] = run
            self._forget()
        return run.flag

    def current(self, session: str) -> threading.Event:
        """The flag of the run that begins now or goes on; a fresh one if there is none."""
        with self._lock:
            run = self._runs.setdefault(session, _Run(self._clock()))
            run.seen_s = float("inf")
        return run.flag

    def go_on(self, session: str, flag: threading.Event) -> None:
        """The run that `flag` belongs to has its turn: it is not forgotten any more."""
        with self._lock:
            if session not in self._runs:
                self._runs[session] = _Run(float("inf"), flag)
            elif self._runs[session].flag is flag:
                self._runs[session].seen_s = float("inf")

    def end(self, session: str, flag: threading.Event) -> None:
        """The run that `flag` belongs to is over."""
        with self._lock:
            run = self._runs.get(session)
            if run and run.flag is flag:
                del self._runs[session]

    def stop(self, session: str) -> None:
        """Asks the session's run, if there is one, to end at its next step."""
        with self._lock:
            run = self._runs.get(session)
        if run:
            run.flag.set()

    def leave(self, session: str) -> None:
        """The session is over: its runs stop, those that `part_of` it names as well, and nobody waits behind them."""
        with self._lock:
            theirs = [name for name in self._runs if name == session or name.startswith(f"{session} ")]
            for name in theirs:
                self._runs.pop(name).flag.set()

    def leave_all(self) -> None:
        """The page ends: every run stops."""
        with self._lock:
            for run in self._runs.values():
                run.flag.set()

    def ahead(self, session: str) -> int:
        """Runs that must end before the session's own begins; 0 if it goes on already, or there is none."""
        with self._lock:
            run = self._runs.get(session)
            if run:
                run.seen_s = max(run.seen_s, self._clock())
            self._forget()
            sessions = list(self._runs)
        place = sessions.index(session) if session in sessions else 0
        return max(0, place - self.at_once + 1)

    def _forget(self) -> None:
        """Under the lock: runs that never began and whose page has not been heard of for long."""
        since = self._clock() - FORGOTTEN_S
        waiting = sorted((run.seen_s, name) for name, run in self._runs.items() if run.seen_s < float("inf"))
        crowd = len(waiting) - MOST_WAITING
        for place, (seen_s, name) in enumerate(waiting):
            if seen_s < since or place < crowd:
                del self._runs[name]


def part_of(session: str, number: object) -> str:
    """The name of one of several runs of a session at a time, which all end with it."""
    return f"{session} {number}"
