"""A browser learns at once which of Gradio's scripts it will need, instead of one layer after the other.

Gradio's page loads a script that loads scripts that load the components' scripts. On a line with a long way to the
server each layer waits for the one before; named in a header of the document, all of them are on their way together.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

import gradio
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from musictx.hosting.messages import path_of

FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend"
LONGEST_HEADER = 6000  # characters; servers and proxies take 8 kB


def scripts_for(components: Collection[str], frontend: Path = FRONTEND) -> list[str]:
    """The scripts that a page with these components (Gradio's names, as "slider") loads, the first needed first.

    They are read from Gradio's own build, whose file names change with every version: from the lists by which its
    loader fetches what belongs together. Where these look different one day, the list is shorter, and the page loads
    as Gradio would load it.
    """
    assets = frontend / "assets"
    try:
        entry = re.findall(r"assets/(index-[\w-]+\.js)", (frontend / "index.html").read_text(encoding="utf-8"))[:1]
        first = [name for each in entry for name in _listed(_read(assets / each)) if name.endswith(".js")]
        texts = {name: _read(assets / name) for name in first}
    except (OSError, UnicodeDecodeError):
        return []
    later = [name for text in texts.values() for name in re.findall(r"import\(`\./(Blocks-[\w-]+\.js)`\)", text)]
    loader = next((text for text in texts.values() if "__vite__mapDeps" in text and "slider:{" in text), "")
    for component in sorted(components):
        later += _component(loader, component)
    return [name for name in dict.fromkeys([*first, *later]) if name.endswith(".js") and (assets / name).exists()]


def _component(loader: str, name: str) -> list[str]:
    """The scripts of one component by the loader's own map, the last entry of that name: others are for old names."""
    found = re.findall(
        rf"[{{,]{re.escape(name)}:{{[^}}]*?component:\(\)=>\w+\(\(\)=>import\(`\./([\w-]+\.js)`\),"
        r"__vite__mapDeps\(\[([\d,]*)\]\)",
        loader,
    )
    if not found:
        return []
    own, places = found[-1]
    listed = _listed(loader)
    return [own, *(listed[int(place)] for place in places.split(",") if place and int(place) < len(listed))]


def _listed(text: str) -> list[str]:
    """The file names by whose places a script names what it needs."""
    found = re.search(r"m\.f=\[([^\]]*)\]", text)
    return [name.removeprefix("./") for name in re.findall(r'"([^"]*)"', found[1])] if found else []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class Preloads:
    """Middleware: the document names `scripts` in its header."""

    def __init__(self, app: ASGIApp, scripts: Iterable[str]) -> None:
        self.app = app
        links = ""
        for name in scripts:
            link = f"<assets/{name}>; rel=modulepreload"
            if len(links) + len(link) > LONGEST_HEADER:
                break
            links += f", {link}" if links else link
        self.links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def with_links(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message).append("Link", self.links)
            await send(message)

        is_document = scope["type"] == "http" and path_of(scope) == "/" and self.links
        await self.app(scope, receive, with_links if is_document else send)
