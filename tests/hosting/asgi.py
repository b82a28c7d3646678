"""A request to an ASGI application in this process, without a server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.loops import run


@dataclass
class Answer:
    """status, headers by lower-case name (the last of each), body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Echo:
    """An application that reads the whole body and tells its length; seen: the paths that reached it."""

    def __init__(self, *headers: tuple[str, str], status: int = 200) -> None:
        self.headers, self.status, self.seen = headers, status, list[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope["path"])
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        headers = [(name.encode(), value.encode()) for name, value in self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": str(size).encode()})


def ask(
    app: Any,
    method: str = "GET",
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: Iterable[bytes] = (),
    client: str = "192.0.2.7",
    **scope: Any,
) -> Answer:
    """One request; `body` comes in as many pieces."""
    sent: list[Any] = []
    pieces = iter(body)

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        if piece is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    encoded = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    whole = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": encoded,
        "client": (client, 1),
        "scheme": "http",
        **scope,
    }
    run(app(whole, receive, send))
    start = next(message for message in sent if message["type"] == "http.response.start")
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Answer(start["status"], found, content)
