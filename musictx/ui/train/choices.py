"""Which dataset and which run a visitor has chosen last, so that an answer for an earlier choice changes nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import gradio as gr

MOST_SESSIONS = 10_000  # the one that was heard of least lately is forgotten


class Choices:
    """By session; what the browser keeps lags behind by the way there and back, and by whatever takes long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chosen: OrderedDict[str, dict[str, str]] = OrderedDict()

    def choose(self, request: gr.Request, **chosen: str) -> None:
        """This visitor's dataset or run is another one from now on: `dataset=` or `run=` its id."""
        with self._lock:
            session = str(request.session_hash)
            self._chosen[session] = {**self._chosen.pop(session, {}), **chosen}
            while len(self._chosen) > MOST_SESSIONS:
                self._chosen.popitem(last=False)

    def settle(self, request: gr.Request, kind: str, asked: str, found: str) -> None:
        """What was `asked` for came to be `found`, such as the newest run for one that is gone; not if that is late."""
        with self._lock:
            chosen = self._chosen.get(str(request.session_hash), {})
            if chosen.get(kind, asked) == asked:
                self._chosen[str(request.session_hash)] = {**chosen, kind: found}

    def present(self, kept: Any, request: gr.Request) -> dict[str, Any]:
        """`kept` with what was chosen since it was sent."""
        with self._lock:
            return {**kept, **self._chosen.get(str(request.session_hash), {})}

    def is_late(self, kind: str, kept: Any, request: gr.Request) -> bool:
        """Whether the visitor has chosen another one of that kind ("dataset" or "run") than `kept` says."""
        return str(self.present(kept, request).get(kind) or "") != str(kept.get(kind) or "")

    def leave(self, request: gr.Request) -> None:
        """The page was closed."""
        with self._lock:
            self._chosen.pop(str(request.session_hash), None)
