"""All guards in their order, around any ASGI application."""

from __future__ import annotations

from dataclasses import dataclass

from musictx.hosting.bodies import BodyLimit
from musictx.hosting.disk import Disk, Quotas
from musictx.hosting.logins import Logins
from musictx.hosting.messages import App
from musictx.hosting.origins import Origins
from musictx.hosting.presence import Listeners, Presence
from musictx.hosting.rates import Rates
from musictx.hosting.requests import Requests
from musictx.hosting.routes import OpenRoutes
from musictx.hosting.settings import HostSettings
from musictx.hosting.watch import Watch

MULTIPART_BYTES = 2**20  # of an upload, beside its files


@dataclass(frozen=True)
class Guards:
    """What the guards share: settings, who listens, the disk, the figures.

    upload_bytes: of one upload, all its files together.
    """

    settings: HostSettings
    presence: Presence
    disk: Disk
    watch: Watch
    upload_bytes: int

    def around(self, app: App) -> App:
        """`app` behind all of them; the first to hear a request comes last here."""
        host = self.settings
        app = Listeners(app, self.presence)
        app = Logins(app, host.proxies, host.iframe)
        app = Quotas(app, self.disk, host.proxies)
        body, slowest = round(host.body_kb * 1024), host.slowest_kb_s * 1024
        app = BodyLimit(app, body, self.upload_bytes + MULTIPART_BYTES, slowest)
        app = self.watch.answers(app, host)
        app = OpenRoutes(app, host.mcp)
        app = Origins(app, host.hosts, host.origins, host.iframe)
        app = Rates(app, host.requests_a_second, host.proxies)
        return Requests(app, host.proxies, self.watch)
