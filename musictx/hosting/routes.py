"""Which addresses are open: those that the page's browser side, its API and a host use; all others are not there."""

from __future__ import annotations

import re

from musictx.hosting.messages import App, Receive, Scope, Send, path_of, refuse

NAME = r"[\w.~-]{1,200}"
READ = (
    r"/",
    r"/config",
    r"/(assets|static|svelte)/.+",
    r"/favicon\.ico",
    r"/theme\.css",
    r"/robots\.txt",
    r"/manifest\.json",
    r"/pwa_icon(/\d+)?",
    r"/logout",
    r"/login/(huggingface|callback)",
    r"/samples(/[0-9a-f]{32}\.samples)?",
    r"/healthz",
    r"/metrics",
    r"/gradio_api/(info|openapi\.json|config|theme\.css|app_id|user|login_check|startup-events)",
    rf"/gradio_api/heartbeat/{NAME}",
    r"/gradio_api/queue/(data|status)",
    rf"/gradio_api/call/(v2/)?{NAME}/{NAME}",
    r"/gradio_api/upload_progress",
    r"/gradio_api/file=.+",
    r"/gradio_api/custom_component/.+",
)
WRITE = (
    r"/login",
    rf"/gradio_api/(run|api|call|call/v2)/{NAME}",
    r"/gradio_api/queue/join",
    r"/gradio_api/(cancel|reset)",
    r"/gradio_api/upload",
)
# With MUSICTX_MCP: the Model Context Protocol over HTTP, which ends its sessions by DELETE.
TOOLS = re.compile(r"/gradio_api/mcp(/(sse|messages|schema))?")
TOOL_METHODS = ("GET", "POST", "DELETE", "OPTIONS")
OPEN = {
    "GET": re.compile("|".join(READ)),
    "HEAD": re.compile("|".join(READ)),
    "OPTIONS": re.compile("|".join(READ + WRITE)),
    "POST": re.compile("|".join(WRITE)),
}


class OpenRoutes:
    """Middleware: what the page does not use answers 404, whatever the framework would do there.

    Among them deep links, recordings, monitoring, the history of runs, and the proxy.

    Args:
        app: behind it.
        mcp: whether the tools for language models are open.
    """

    def __init__(self, app: App, mcp: bool = False) -> None:
        self.app, self._mcp = app, mcp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http" and not is_open(scope["method"], path_of(scope), self._mcp):
            await refuse(send, 404, "There is nothing at this address.")
        else:
            await self.app(scope, receive, send)


def is_open(method: str, path: str, mcp: bool = False) -> bool:
    """Whether a request of this method may go to this path."""
    pattern = OPEN.get(method)
    plain = path.rstrip("/") or "/"
    if mcp and method in TOOL_METHODS and TOOLS.fullmatch(plain):
        return True
    return pattern is not None and pattern.fullmatch(plain) is not None
