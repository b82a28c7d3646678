"""Each request has a number and, at level info, a line: what was asked of which address, and how it ended.

Nothing of its content is in the line: no query, no body, no file's name, no session.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from datetime import datetime, timezone

from starlette.requests import ClientDisconnect

from musictx.hosting.messages import App, Message, Receive, Scope, Send, address_of, header, path_of
from musictx.hosting.watch import Watch

HEADER = "x-request-id"
CLIENT_GONE = 499  # as nginx writes it down
GIVEN = re.compile(r"[\w.-]{1,64}")  # a proxy's own number is kept, so that both logs can be read side by side
NAMES = re.compile(r"^(/gradio_api/(?:queue/(?:join|data|status)|[a-z_.-]+)|/(?:assets|static|svelte)|/[a-z_.]*).*$")


class Requests:
    """Middleware: numbers, times and counts requests.

    Args:
        app: what is behind it.
        proxies: with one in front its number of the request is taken over; see `address_of`.
        watch: where they are counted.
    """

    def __init__(self, app: App, proxies: int, watch: Watch) -> None:
        self.app, self.proxies, self.watch = app, proxies, watch
        self._log = logging.getLogger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = header(scope, HEADER) if self.proxies else ""
        number = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
        begun, status = time.monotonic(), 500

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (HEADER.encode(), number.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.app(scope, receive, numbered)
        except ClientDisconnect:
            status = CLIENT_GONE  # in the middle of its request: no fault of the page's, and nobody to answer
        except Exception:
            self._log.exception("request %s failed", number)
            raise
        finally:
            self.watch.count(status)
            self._log.info("%s", self._line(scope, number, status, time.monotonic() - begun))

    def _line(self, scope: Scope, number: str, status: int, seconds: float) -> str:
        row = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "request": number,
            "from": address_of(scope, self.proxies),
            "method": scope["method"],
            "path": place(path_of(scope)),
            "status": status,
            "ms": round(1000 * seconds),
        }
        return json.dumps(row)


def place(path: str) -> str:
    """The route of a path, without the names in it: files, sessions and events belong to visitors."""
    return NAMES.sub(r"\1", path)[:60]
