"""The samples of a SoundFont's piano, which the browser plays notes from: /samples?soundfont=NAME.

That address leads to one that is made of the pack's content, so a browser keeps a pack for good and learns of another
one at once. The first request for a font waits while its pack is made, in a thread.
"""

from __future__ import annotations

import logging
import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import anyio
from starlette.responses import FileResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from musictx.errors import AudioError
from musictx.hosting.messages import path_of, refuse

PATH = "/samples"
PACK = re.compile(rf"{PATH}/([0-9a-f]{{32}}\.samples)")
FOR_GOOD = "public, max-age=31536000, immutable"


class SampleFiles:
    """Middleware: answers for `PATH` and leaves everything else to the application.

    Args:
        app: the application.
        pack_of: the pack of the SoundFont of that name, the best one's for None; AudioError if there is none.
    """

    def __init__(self, app: ASGIApp, pack_of: Callable[[str | None], Path]) -> None:
        self.app, self.pack_of = app, pack_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        path = path_of(scope) if scope["type"] == "http" else ""
        if path != PATH and not path.startswith(f"{PATH}/"):
            await self.app(scope, receive, send)
            return
        query = urllib.parse.parse_qs(scope.get("query_string", b"").decode("latin-1"))
        try:
            pack = await anyio.to_thread.run_sync(self.pack_of, query.get("soundfont", [None])[0])
        except (AudioError, OSError) as error:
            # Why is for the host: this address is open to those who have not signed in as well.
            logging.getLogger(__name__).warning("No samples could be given: %s", error)
            await refuse(send, 404, "There are no samples of this SoundFont. Choose another one, or render the music.")
            return
        named = PACK.fullmatch(path)
        if path == PATH:
            to = f"samples/{pack.name}?{urllib.parse.urlencode(query, doseq=True)}"
            await RedirectResponse(to, 307, {"cache-control": "no-cache"})(scope, receive, send)
        elif named and named[1] == pack.name:
            answer = FileResponse(pack, media_type="application/octet-stream", headers={"cache-control": FOR_GOOD})
            await answer(scope, receive, send)
        else:
            await refuse(send, 404, "There is nothing at this address.")
