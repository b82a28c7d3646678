"""What a host sees from outside: /healthz, and /metrics for Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psutil
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from musictx.hosting.messages import App, Receive, Scope, Send, path_of, refuse
from musictx.hosting.settings import HostSettings

FIRST_NOTE_S = (0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
TOKENS_A_SECOND = (10, 25, 50, 100, 200, 400, 800, 1600)
REFUSED = (403, 404, 408, 413, 421, 429, 503, 507)


class Watch:
    """The figures of one page, in a registry of their own.

    Gauges are asked for when somebody looks: `gauge` names what answers.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("musictx_requests", "Requests by status", ["status"], registry=self.registry)
        self._refusals = Counter("musictx_refusals", "Requests refused, by status", ["status"], registry=self.registry)
        self._failures = Counter("musictx_failures", "Requests that failed (5xx) here", registry=self.registry)
        self._first_note = Histogram(
            "musictx_first_note_seconds",
            "From a press of the button, in the queue no more, to the first note",
            buckets=FIRST_NOTE_S,
            registry=self.registry,
        )
        self._rate = Histogram(
            "musictx_tokens_per_second", "Of each piece", buckets=TOKENS_A_SECOND, registry=self.registry
        )
        self._pieces = Counter("musictx_pieces", "Pieces made", registry=self.registry)
        process = psutil.Process()
        self.gauge("musictx_memory_bytes", "Resident memory of the page", lambda: process.memory_info().rss)
        self._ready: Callable[[], str] = lambda: "ready"

    def gauge(self, name: str, meaning: str, ask: Callable[[], float]) -> None:
        """Adds a figure that is asked for when somebody looks."""
        Gauge(name, meaning, registry=self.registry).set_function(ask)

    def readiness(self, ask: Callable[[], str]) -> None:
        """Names what says "ready", "preparing" or "failed" of the model."""
        self._ready = ask

    def count(self, status: int) -> None:
        """A request ended."""
        self._requests.labels(str(status)).inc()
        if status in REFUSED:
            self._refusals.labels(str(status)).inc()
        elif status >= 500:
            self._failures.inc()

    def piece(self, first_note_s: float | None, tokens_per_second: float) -> None:
        """A piece was made."""
        self._pieces.inc()
        self._rate.observe(tokens_per_second)
        if first_note_s is not None:
            self._first_note.observe(first_note_s)

    def answers(self, app: App, settings: HostSettings) -> App:
        """`app` with /healthz and, where the settings want it, /metrics before it."""

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            path = path_of(scope) if scope["type"] == "http" else ""
            if path == "/healthz":
                state = self._ready()
                body = json.dumps({"status": "failed" if state == "failed" else "ok", "model": state}).encode()
                await _say(send, 503 if state == "failed" else 200, "application/json", body)
            elif path == "/metrics":
                # Of the connection itself: a proxy's visitors come from this machine too, but bring a header.
                peer = str((scope.get("client") or ("",))[0])
                forwarded = any(name.lower() == b"x-forwarded-for" for name, _ in scope.get("headers", ()))
                if not settings.metrics or forwarded or peer not in ("127.0.0.1", "::1"):
                    await refuse(send, 404, "There is nothing at this address.")
                else:
                    await _say(send, 200, CONTENT_TYPE_LATEST, generate_latest(self.registry))
            else:
                await app(scope, receive, send)

        return answering


async def _say(send: Send, status: int, kind: str, body: bytes) -> None:
    headers: list[Any] = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
