"""The few parts of ASGI that the guards share: who asks, what a refusal looks like."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Of what is refused so much is read and thrown away before the answer: a client that is still sending when the
# connection closes hears nothing but that.
LINGER_S, LINGER_BYTES = 5.0, 32 * 2**20


def header(scope: Scope, name: str) -> str:
    """A request's header, "" without one; the last if it came twice."""
    wanted, found = name.lower().encode(), ""
    for key, value in scope.get("headers", ()):
        if key.lower() == wanted:
            found = value.decode("latin-1")
    return found


def path_of(scope: Scope) -> str:
    """The path as the page knows it: without the prefix that a proxy left in it."""
    path, root = str(scope.get("path", "")), str(scope.get("root_path", ""))
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def address_of(scope: Scope, proxies: int) -> str:
    """Whose request it is, as far as that can be believed.

    Args:
        scope: of the request.
        proxies: how many reverse proxies stand in front: each writes whom it heard at the end of X-Forwarded-For, so
            only so many entries from the end are true; a visitor may have written the others.
    """
    peer = str((scope.get("client") or ("",))[0])
    if not proxies:
        return peer
    heard = [part.strip() for part in header(scope, "x-forwarded-for").split(",") if part.strip()]
    return heard[-proxies] if len(heard) >= proxies else peer


async def drain(receive: Receive) -> None:
    """Throws away what still comes of a request that is refused, for a while."""

    async def read() -> None:
        left = LINGER_BYTES
        while left > 0:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                return
            left -= len(message.get("body", b""))

    with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        await asyncio.wait_for(read(), LINGER_S)


async def refuse(send: Send, status: int, sentence: str, *more: tuple[str, str]) -> None:
    """Answers with a sentence, as Gradio's client shows it, and ends the connection: its body may be unread."""
    body = json.dumps({"detail": sentence, "error": sentence}, ensure_ascii=False).encode()
    headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", str(len(body))),
        ("connection", "close"),
        ("cache-control", "no-store"),
        *more,
    ]
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
