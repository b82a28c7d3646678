"""Signing in: cookies that other sites do not get along, delays after failures, tokens that end."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, MutableMapping

from musictx.hosting.messages import App, Message, Receive, Scope, Send, address_of, header, path_of, refuse

FREE_FAILURES = 3  # a person mistypes
LONGEST_DELAY_S = 900.0
FORGOTTEN_S = 3600.0  # after which a failure counts no more
ADDRESSES = 10_000  # that are remembered; the oldest is forgotten first
EVERYBODY = "all addresses together"
MANY_FAILURES = 100  # from everywhere: somebody with many addresses is guessing, and all wait a little


class Failures:
    """Failed logins by address.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[int, float]] = OrderedDict()  # number, time of the last

    def wait_s(self, address: str) -> float:
        """Seconds for which another try is refused."""
        return max(self._wait_s(address, FREE_FAILURES, LONGEST_DELAY_S), self._wait_s(EVERYBODY, MANY_FAILURES, 2.0))

    def add(self, address: str) -> int:
        """One more; how many in a row."""
        for each in (EVERYBODY, address):
            self._known[each] = (self._number(each) + 1, self._clock())
            self._known.move_to_end(each)
        while len(self._known) > ADDRESSES:
            self._known.popitem(last=False)
        return self._number(address)

    def forget(self, address: str) -> None:
        """The right password came from there."""
        self._known.pop(address, None)

    def _number(self, address: str) -> int:
        number, last = self._known.get(address, (0, 0.0))
        return number if self._clock() - last < FORGOTTEN_S else 0

    def _wait_s(self, address: str, free: int, longest_s: float) -> float:
        number = self._number(address)
        if number < free:
            return 0.0
        delay_s = min(longest_s, 2.0 ** min(number - free, 30))
        return max(0.0, self._known[address][1] + delay_s - self._clock())


class Logins:
    """Middleware around the login: counts failures by address and makes cookies strict.

    Args:
        app: what is behind it.
        proxies: see `address_of`.
        iframe: whether the page is shown on other sites, which strict cookies would not reach.
        failures: where they are counted.
    """

    def __init__(self, app: App, proxies: int, iframe: bool, failures: Failures | None = None) -> None:
        self.app, self.proxies, self.iframe = app, proxies, iframe
        self.failures = failures or Failures()
        self._log = logging.getLogger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_login = scope["type"] == "http" and scope["method"] == "POST" and path_of(scope).rstrip("/") == "/login"
        if not is_login:
            await self.app(scope, receive, send if scope["type"] != "http" else self._strict(scope, send))
            return
        address = address_of(scope, self.proxies)
        wait_s = self.failures.wait_s(address)
        if wait_s > 0:
            sentence = f"Too many failed logins from this address. Try again in {wait_s:.0f} seconds."
            self._log.warning("login refused: %s has to wait %.0f s", address, wait_s)
            await refuse(send, 429, sentence, ("retry-after", f"{wait_s:.0f}"))
            return
        strict = self._strict(scope, send)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in (400, 401):
                    # The name that was typed is not written down: it may be the password in the wrong field.
                    self._log.warning("login failed: %s, %d in a row", address, self.failures.add(address))
                elif message["status"] == 200:
                    self.failures.forget(address)
            await strict(message)

        await self.app(scope, receive, counted)

    def _strict(self, scope: Scope, send: Send) -> Send:
        secure = scope.get("scheme") == "https" or header(scope, "x-forwarded-proto") == "https"

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (key, strict_cookie(value, secure, self.iframe) if key.lower() == b"set-cookie" else value)
                    for key, value in message.get("headers", ())
                ]
                message = {**message, "headers": headers}
            await send(message)

        return answer


def strict_cookie(value: bytes, secure: bool, iframe: bool) -> bytes:
    """A Set-Cookie that goes to this site alone, or, where the page stands in a frame elsewhere, only with TLS."""
    parts = [part.strip() for part in value.decode("latin-1").split(";")]
    if parts[0].startswith("session="):  # of OAuth: it must come back with a redirect from elsewhere
        return value
    kept = [part for part in parts if not part.lower().startswith("samesite")]
    if iframe and secure:
        kept.append("SameSite=None")
    else:
        kept.append("SameSite=Strict")
    if secure and not any(part.lower() == "secure" for part in kept):
        kept.append("Secure")
    return "; ".join(kept).encode("latin-1")


class EndingTokens(MutableMapping[Hashable, str]):
    """Who signed in, by token, for a while; a mapping as Gradio keeps one.

    Args:
        hours: after which a token is worth nothing.
        clock: in seconds.
    """

    def __init__(self, hours: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._life_s, self._clock = hours * 3600, clock
        self._known: dict[Hashable, tuple[str, float]] = {}

    def __getitem__(self, token: Hashable) -> str:
        user, begun_s = self._known[token]
        if self._clock() - begun_s > self._life_s:
            self._known.pop(token, None)
            raise KeyError(token)
        return user

    def __setitem__(self, token: Hashable, user: str) -> None:
        for old in [each for each in self._known if each not in self]:
            self._known.pop(old, None)
        self._known[token] = (user, self._clock())

    def __delitem__(self, token: Hashable) -> None:
        del self._known[token]

    def __iter__(self) -> Iterator[Hashable]:
        return iter([each for each in list(self._known) if each in self])

    def __len__(self) -> int:
        return len(self._known)
