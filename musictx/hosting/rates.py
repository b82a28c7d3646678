"""How many requests one address may make: a bucket for each, filled evenly."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from musictx.hosting.messages import App, Receive, Scope, Send, address_of, path_of, refuse

BURST_S = 60.0  # a visitor who opens the page asks for a hundred files at once
ADDRESSES = 10_000


class Rates:
    """Middleware: more than so many requests a second, over a minute, are told to wait (429).

    Args:
        app: what is behind it.
        a_second: of one address; 0 lets everything through.
        proxies: see `address_of`.
        clock: in seconds.
    """

    def __init__(self, app: App, a_second: float, proxies: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.a_second, self.proxies, self._clock = app, a_second, proxies, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, when that was

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        counted = self.a_second > 0 and scope["type"] == "http" and path_of(scope) != "/healthz"
        if counted and not self.take(address_of(scope, self.proxies)):
            await refuse(send, 429, "Too many requests from this address. Wait a minute.", ("retry-after", "10"))
            return
        await self.app(scope, receive, send)

    def take(self, address: str) -> bool:
        """Whether that address may make one more now."""
        now, most = self._clock(), self.a_second * BURST_S
        left, then = self._buckets.pop(address, (most, now))
        left = min(most, left + (now - then) * self.a_second)
        self._buckets[address] = (max(0.0, left - 1), now)
        while len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return left >= 1
