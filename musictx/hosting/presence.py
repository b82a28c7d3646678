"""Who listens for an answer: a request whose client is gone is work for nobody."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import parse_qs

from musictx.hosting.messages import App, Message, Receive, Scope, Send, path_of


class Presence:
    """Listeners by session, or by event where that is all they name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listening: dict[str, int] = {}

    def come(self, key: str) -> None:
        """Somebody listens for that session or event."""
        with self._lock:
            self._listening[key] = self._listening.get(key, 0) + 1

    def go(self, key: str) -> None:
        """One of them is gone."""
        with self._lock:
            left = self._listening.get(key, 0) - 1
            if left > 0:
                self._listening[key] = left
            else:
                self._listening.pop(key, None)

    def listens(self, *keys: str) -> bool:
        """Whether anybody listens for any of them."""
        with self._lock:
            return any(key in self._listening for key in keys)

    @property
    def number(self) -> int:
        """How many are listened for."""
        return len(self._listening)


class Listeners:
    """Middleware: tells `presence` who opens a stream of answers, and when it ends."""

    def __init__(self, app: App, presence: Presence) -> None:
        self.app, self.presence = app, presence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        key = _listened(scope)
        if not key:
            await self.app(scope, receive, send)
            return
        gone = asyncio.Event()
        self.presence.come(key)
        watching = asyncio.create_task(self._watch(receive, gone, key))
        begun = False

        async def heard() -> Message:
            """As `receive`, which only one may ask: the request without a body, then that the client is gone."""
            nonlocal begun
            if not begun:
                begun = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        try:
            await self.app(scope, heard, send)
        finally:
            watching.cancel()
            if not gone.is_set():
                self.presence.go(key)

    async def _watch(self, receive: Receive, gone: asyncio.Event, key: str) -> None:
        """Gradio looks every ten seconds whether a silent client is still there; here it is known at once."""
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()
        self.presence.go(key)


def _listened(scope: Scope) -> str:
    """The session or event whose answers a request listens for, "" if it does not."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return ""
    path = path_of(scope).rstrip("/")
    if path == "/gradio_api/queue/data":
        query = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
        return query.get("session_hash", [""])[0]
    return path.rsplit("/", 1)[1] if path.startswith("/gradio_api/call/") else ""
