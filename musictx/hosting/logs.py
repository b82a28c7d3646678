"""The log: one line each at the wanted level, and never more of it than the disk should hold."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from musictx.hosting.settings import HostSettings

HOUR_S = 3600.0


class BoundedStream:
    """A stream that takes so many characters an hour; what is more is counted, and said in the next hour.

    A visitor can make a server write: a damaged request is a traceback, and thousands a minute fill a disk.

    Args:
        stream: where it goes.
        most: characters an hour.
        clock: in seconds.
    """

    def __init__(self, stream: TextIO, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._most, self._clock = stream, most, clock
        self._lock = threading.Lock()
        self._begun, self._written, self._left_out = clock(), 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of any stream; the number of characters that were given."""
        with self._lock:
            if self._clock() - self._begun >= HOUR_S:
                if self._left_out:
                    self._stream.write(f"[{self._left_out:,} characters of the log were left out in the last hour]\n")
                self._begun, self._written, self._left_out = self._clock(), 0, 0
            if self._written + len(text) > self._most:
                if not self._left_out:
                    self._stream.write("[the log is full for this hour: what follows is left out and counted]\n")
                self._left_out += len(text)
            else:
                self._written += len(text)
                self._stream.write(text)
        return len(text)


class _Lines(logging.Formatter):
    """What is JSON stays a line of JSON, for the programs that read it."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        return message if message.startswith("{") else super().format(record)


@contextmanager
def kept_log(settings: HostSettings) -> Iterator[None]:
    """While it lasts, standard output and error are bounded, and what musictx logs has the level that is wanted."""
    most = settings.log_mb_an_hour * 2**20
    before, ours = (sys.stdout, sys.stderr), logging.getLogger("musictx")
    sys.stdout, sys.stderr = (cast(TextIO, BoundedStream(stream, most)) for stream in before)
    handler, level = logging.StreamHandler(sys.stderr), ours.level
    handler.setFormatter(_Lines("%(levelname)s %(name)s: %(message)s"))
    ours.addHandler(handler)
    ours.setLevel(settings.log_level.upper())
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        ours.removeHandler(handler)
        ours.setLevel(level)
