"""What one visitor has on one tab, the only copy of it: late answers find that they are late and change nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from musictx.ui.player.picture import Picture


@dataclass(frozen=True)
class Press:
    """One press of Generate.

    settings: what was asked for then; what is moved afterwards belongs to the next press.
    stop: set when the run shall end.
    before: what was on show, to come back to if the run brings nothing.
    """

    settings: Any
    stop: threading.Event
    before: Picture


class Desk:
    """The present picture of a visitor, and the run that works on it.

    A gr.State holds one for each session. Whatever the visitor does calls `show`, which gives the picture a new
    serial; whatever answers later names the serial that it worked for, and `change` refuses it when another picture
    is on show by then. The browser refuses by the same serial, so both always hold the same picture.
    """

    def __init__(self, picture: Picture) -> None:
        self._lock = threading.Lock()
        self._picture = picture
        self._press: Press | None = None
        self._claimed = False
        self.is_untouched = True  # nothing was chosen, brought or asked for here yet

    def __deepcopy__(self, memo: dict[int, Any]) -> Desk:
        """Gradio copies the first value for each session; pictures are never written to and are shared."""
        return Desk(self.picture)

    @property
    def picture(self) -> Picture:
        """What is on show."""
        with self._lock:
            return self._picture

    def show(self, picture: Picture) -> Picture:
        """Puts another picture on show, with a serial of its own; a run that worked on the one before is told to stop.

        What it had made until then is in the new picture's `left`.
        """
        with self._lock:
            return self._put(picture, None)

    def follow(self, picture: Picture) -> Picture:
        """The same for what was chosen on another tab: this one stays as untouched as it was."""
        with self._lock:
            untouched = self.is_untouched
            shown = self._put(picture, None)
            self.is_untouched = untouched
            return shown

    def begin(self, picture: Picture, settings: Any, stop: threading.Event) -> Picture:
        """The same for the picture of a new run, which `claim` hands out once."""
        with self._lock:
            before = self._press.before if self._press else self._picture.but(piece=self._picture.piece_id)
            return self._put(picture, Press(settings, stop, before))

    def claim(self) -> tuple[Picture, Press] | None:
        """The run that waits, for the one who makes its music; None if it was claimed, or something else is on show."""
        with self._lock:
            if self._press is None or self._claimed:
                return None
            self._claimed = True
            return self._picture, self._press

    def change(self, serial: float, edit: Callable[[Picture], Picture]) -> Picture | None:
        """What `edit` makes of the picture with that serial; None if another one is on show.

        Once a picture is no longer "working", its run is over.
        """
        with self._lock:
            if self._picture.serial != serial:
                return None
            self._picture = edit(self._picture)
            if self._picture.phase != "working":
                self._press = None
            return self._picture

    def give_back(self, serial: float, edit: Callable[[Picture], Picture]) -> Picture | None:
        """The run of that serial brought nothing: what was on show before it, edited; None if it is late."""
        with self._lock:
            if self._picture.serial != serial or self._press is None:
                return None
            before = edit(self._press.before)
            self._press = None
            return self._put(before, None)

    def _put(self, picture: Picture, press: Press | None) -> Picture:
        """Under the lock."""
        if self._press is not None:
            self._press.stop.set()
        left = self._picture.but(left=None) if self._picture.would_be_lost else None
        serial = max(time.time(), self._picture.serial + 0.001)  # never twice the same, whatever the clock does
        self._picture = picture.but(serial=serial, left=left)
        self._press, self._claimed, self.is_untouched = press, False, False
        return self._picture
