"""The page as it is served: Gradio's application behind the guards of `musictx.hosting`."""

from __future__ import annotations

import contextlib
import importlib.util
import mimetypes
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import gradio as gr
from gradio.routes import App

from musictx.errors import SettingsError
from musictx.hosting.disk import Disk, DiskLimits
from musictx.hosting.guard import Guards
from musictx.hosting.logins import EndingTokens
from musictx.hosting.presence import Presence
from musictx.hosting.settings import HostSettings
from musictx.hosting.watch import Watch
from musictx.ui.server.compression import CompressedDocuments
from musictx.ui.server.fair_queue import FairQueue
from musictx.ui.server.preloads import Preloads, scripts_for
from musictx.ui.server.samples import SampleFiles

SWEEP_EVERY_S = 300.0
# What stands on the page at first sight; the scripts of the rest may come after it.
FIRST_SEEN = (
    "button",
    "column",
    "dropdown",
    "form",
    "html",
    "radio",
    "row",
    "slider",
    "tabitem",
    "tabs",
    "uploadbutton",
)
MB = 2**20


def hosting_options(
    upload_bytes: int,
    pack_of: Callable[[str | None], Path],
    settings: HostSettings | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """What `Blocks.launch` takes so that the page is served behind the guards.

    Args:
        upload_bytes: of one upload.
        pack_of: the samples of a SoundFont, see `samples.SampleFiles`.
        settings: from the environment if not given.
        watch: for the figures; new ones if not given.

    Raises:
        SettingsError: if MUSICTX_MCP is on and its package is not installed.
    """
    settings = settings or HostSettings.from_environment(os.environ)
    return {
        "app_kwargs": {"lifespan": _lifespan(upload_bytes, pack_of, settings, watch or Watch())},
        "root_path": settings.root_path or None,
        "state_session_capacity": settings.sessions,
        "enable_monitoring": False,
        "run_history": False,
        "pwa": False,
        "mcp_server": _has_mcp(settings),
    }


def _has_mcp(settings: HostSettings) -> bool:
    """Whether the endpoints are tools for language models, over the Model Context Protocol."""
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise SettingsError('MUSICTX_MCP is on, but its package is not installed. Run pip install "gradio[mcp]" first.')
    if settings.mcp:
        mimetypes.add_type("audio/midi", ".mid")  # else a file given as its content gets a name without suffix
    return settings.mcp


def _lifespan(
    upload_bytes: int, pack_of: Callable[[str | None], Path], settings: HostSettings, watch: Watch
) -> Callable[[App], AbstractAsyncContextManager[None]]:
    """What goes on around the application from its start to its end."""

    @contextlib.asynccontextmanager
    async def serving(app: App) -> AsyncIterator[None]:
        disk = Disk(Path(app.uploaded_file_dir), disk_limits(settings))
        guards = Guards(settings, Presence(), disk, watch, upload_bytes)
        # Gradio puts its own middleware around whatever it is given: answers to other origins among it. These come
        # before that. The stack stands by now, and no request has come yet.
        served = SampleFiles(app.middleware_stack, pack_of)
        inner = CompressedDocuments(Preloads(served, scripts_for(FIRST_SEEN)))
        app.middleware_stack = guards.around(inner)
        app.tokens = EndingTokens(settings.login_hours)  # Gradio would keep them for ever
        fair = FairQueue(app.get_blocks(), guards.presence, settings)
        _name_figures(app, guards)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fair.tend)
            tasks.start_soon(_sweep, app.get_blocks(), disk)
            yield
            tasks.cancel_scope.cancel()

    return serving


def disk_limits(settings: HostSettings) -> DiskLimits:
    """The limits of the disk as the settings have them."""
    return DiskLimits(
        visitor_bytes=settings.visitor_disk_mb * MB,
        all_bytes=settings.disk_mb * MB,
        free_bytes=settings.free_disk_mb * MB,
        file_s=settings.file_hours * 3600,
    )


def _name_figures(app: App, guards: Guards) -> None:
    watch, queue = guards.watch, app.get_blocks()._queue
    watch.gauge("musictx_waiting", "Requests that wait", lambda: len(queue))
    watch.gauge("musictx_working", "Requests at work", queue.get_active_worker_count)
    watch.gauge("musictx_visitors", "Visitors whose state is kept", lambda: len(app.state_holder.session_data))
    watch.gauge("musictx_listeners", "Visitors who wait for an answer", lambda: guards.presence.number)
    watch.gauge("musictx_disk_bytes", "Uploads and downloads", guards.disk.used)
    watch.gauge("musictx_disk_free_bytes", "Free on their disk", guards.disk.free)


async def _sweep(blocks: gr.Blocks, disk: Disk) -> None:
    """At start and every few minutes: what is old goes, what belongs to the page itself stays."""
    while True:
        await anyio.to_thread.run_sync(disk.sweep, _belonging_to_the_page(blocks))
        await anyio.sleep(SWEEP_EVERY_S)


def _belonging_to_the_page(blocks: gr.Blocks) -> Collection[str]:
    return {str(path) for block in blocks.blocks.values() for path in getattr(block, "keep_in_cache", ())}
