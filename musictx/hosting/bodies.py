"""What a request may bring: so many bytes, and no slower than so; in front of everything, the login included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from musictx.hosting.messages import App, Message, Receive, Scope, Send, drain, header, path_of, refuse

START_S = 20.0  # for the first bytes: a browser that is about to send a large form
LOGIN_BYTES = 2**14


class _Refused(Exception):
    """The rest of the body is not read; carries status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class BodyLimit:
    """Middleware: refuses bodies that are too large (413) or come too slowly (408).

    Args:
        app: what is behind it.
        most_bytes: of a request that is no upload.
        upload_bytes: of one that is, all its files together.
        slowest_bytes_s: that a body must come with.
        clock: in seconds.
    """

    def __init__(
        self,
        app: App,
        most_bytes: int,
        upload_bytes: int,
        slowest_bytes_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.most_bytes, self.upload_bytes = app, most_bytes, upload_bytes
        self.slowest_bytes_s, self.clock = slowest_bytes_s, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._most(path_of(scope))
        declared = header(scope, "content-length")
        if declared and (not declared.isdigit() or int(declared) > most):
            await drain(receive)
            await refuse(send, 413, too_large(most))
            return
        refused: list[_Refused] = []
        begun = self.clock()
        taken = 0
        # Without a body all that is asked for is whether the client is gone, which must not be waited for by a task.
        whole = not declared and not header(scope, "transfer-encoding")

        async def bounded() -> Message:
            nonlocal taken, whole
            if refused:
                raise refused[0]
            if whole:  # what is asked for after the body is whether the client is gone: that may take long
                return await receive()
            left_s = START_S + taken / self.slowest_bytes_s - (self.clock() - begun)
            try:
                if left_s <= 0:
                    raise TimeoutError
                message = await asyncio.wait_for(receive(), left_s)
            except (TimeoutError, asyncio.TimeoutError):
                refused.append(_Refused(408, "The request came too slowly and was given up. Try it again."))
                raise refused[0] from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if taken > most:
                    refused.append(_Refused(413, too_large(most)))
                    raise refused[0]
            return message

        started = False

        async def unless_refused(message: Message) -> None:
            nonlocal started
            if refused and not started:
                return  # whatever the app makes of the broken body, the visitor hears why
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, bounded, unless_refused)
        except Exception:
            if not refused:
                raise
        if refused and not started:
            if refused[0].status == 413:
                await drain(receive)
            await refuse(send, refused[0].status, refused[0].sentence)

    def _most(self, path: str) -> int:
        if path.rstrip("/").endswith("/upload"):
            return self.upload_bytes
        return LOGIN_BYTES if path.rstrip("/") == "/login" else self.most_bytes


def too_large(most: int) -> str:
    """The sentence."""
    size = f"{most / 2**20:.0f} MB" if most >= 2**20 else f"{most / 1024:.0f} kB"
    return f"The request is larger than the {size} that are taken here. Send less at a time."
