"""Whose pages may call this one: itself, and the origins that the settings name.

A browser sends the Origin with every request that a page makes of another one, and with every one that changes
something. Another origin is refused before anything is done, so that a page on a sibling host, which gets the visitor's
cookies sent along, reads and deletes nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from musictx.hosting.messages import App, Message, Receive, Scope, Send, header, path_of, refuse

CHECKED = ("POST", "PUT", "PATCH", "DELETE")
OURS = b"access-control-"
# Files and scripts of the page carry nothing of a visitor; a link from elsewhere may lead to the page itself.
ANYBODYS = ("/", "/assets/", "/static/", "/svelte/", "/favicon.ico", "/theme.css", "/healthz", "/robots.txt")


class Origins:
    """Middleware: checks Host, Origin and Sec-Fetch-Site, and answers for cross-origin access itself.

    Args:
        app: what is behind it.
        hosts: names that may be asked for; none: any.
        allowed: other origins whose pages may call this one.
        iframe: whether those may show the page in a frame.
    """

    def __init__(self, app: App, hosts: tuple[str, ...], allowed: tuple[str, ...], iframe: bool) -> None:
        self.app, self.iframe = app, iframe
        self.hosts = frozenset(host.lower() for host in hosts)
        self.allowed = frozenset(origin.lower() for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host, origin = header(scope, "host").lower(), header(scope, "origin").lower()
        if self.hosts and _name(host) not in self.hosts and path_of(scope) != "/healthz":
            await refuse(send, 421, "This server does not answer to that host name.")
            return
        own = _is_own(origin, host) if origin else self._is_fetched_here(scope)
        named = origin in self.allowed
        if not own and not named and not self._may_be_read(scope):
            await refuse(send, 403, "Another page asked for this in your name. It was not done.")
            return
        shares = [(b"access-control-allow-origin", origin.encode()), (b"access-control-allow-credentials", b"true")]
        if named and scope["method"] == "OPTIONS":
            methods = [(b"access-control-allow-methods", b"GET, POST, HEAD"), (b"access-control-max-age", b"600")]
            asked = header(scope, "access-control-request-headers").encode("latin-1")
            headers = [*shares, *methods, (b"access-control-allow-headers", asked), (b"vary", b"Origin")]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(key, value) for key, value in message.get("headers", ()) if not key.lower().startswith(OURS)]
                message = {**message, "headers": kept + (shares if named else []) + self._framing()}
            await send(message)

        await self.app(scope, receive, answer)

    def _is_fetched_here(self, scope: Scope) -> bool:
        """Without an Origin: a program, a link, or something that a page embeds; browsers tell which."""
        return header(scope, "sec-fetch-site") in ("", "none", "same-origin")

    def _may_be_read(self, scope: Scope) -> bool:
        """Whether a request from elsewhere does no harm: it changes nothing, and what it asks for is everybody's."""
        path = path_of(scope)
        if scope["method"] in CHECKED:
            return False
        if header(scope, "sec-fetch-mode") == "navigate":  # a link that a person followed
            return path in ("/", "/logout", "/login/callback")
        return any(path == each or (each != "/" and path.startswith(each)) for each in ANYBODYS)

    def _framing(self) -> list[tuple[bytes, bytes]]:
        who = " ".join(["'self'", *sorted(self.allowed)]) if self.iframe else "'self'"
        return [
            (b"content-security-policy", f"frame-ancestors {who}".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
        ]


def _is_own(origin: str, host: str) -> bool:
    """Whether an origin is the very host that was asked; the scheme may be a proxy's."""
    parts = urlsplit(origin)
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc != "" and host in (parts.netloc, parts.netloc + default)


def _name(host: str) -> str:
    """The name without its port."""
    return host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
