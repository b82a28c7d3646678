"""A stand-in for the device service of ZeroGPU, which the package `spaces` asks for a GPU: on the loopback, by HTTP."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

# What /schedule answers instead of a GPU: status and body.
REFUSALS = {
    "no gpu": (503, ""),
    "expired": (401, ""),
    "quota": (429, json.dumps({"left": 3, "wait": 3600})),
    "too long": (429, json.dumps({"left": 3, "wait": -1})),
}


class DeviceApi:
    """The service while it is entered.

    mode: "lend", "queue" (its turn never comes) or one of REFUSALS. calls: (path, parameters) in order.

    Args:
        refused_at: number of the one schedule, from 1, that is refused since the minutes are used up.
    """

    def __init__(self, refused_at: int = 0) -> None:
        self.mode, self.refused_at = "lend", refused_at
        self.calls: list[tuple[str, dict[str, str]]] = []
        self._ending = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                api.calls.append((parts.path, {name: value[0] for name, value in parse_qs(parts.query).items()}))
                if parts.path == "/schedule":
                    self._schedule()
                else:
                    self._say(200, "")

            def _schedule(self) -> None:
                if api.paths().count("/schedule") == api.refused_at:
                    self._say(*REFUSALS["quota"])
                elif api.mode == "lend":
                    number = len(api.calls)
                    lent = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": f"token-{number}"}
                    self._say(200, json.dumps(lent))
                elif api.mode == "queue":
                    self._wait()
                else:
                    self._say(*REFUSALS[api.mode])

            def _wait(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    while not api._ending.is_set():
                        self.wfile.write(b"event: ping\n\n")
                        time.sleep(0.1)
                except OSError:
                    pass  # nobody waits any more
                self.close_connection = True

            def _say(self, status: int, body: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> DeviceApi:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()

    def paths(self) -> list[str]:
        """The paths that were called."""
        return [path for path, _ in self.calls]
