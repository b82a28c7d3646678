"""The time that a page is served, and its end: within three seconds, whatever is at work."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

import gradio as gr

from musictx.hosting.connections import close_idle
from musictx.hosting.settings import HostSettings

LAST_CHUNKS_S = 0.7  # that music at work gets to stop at its next step
LAST_WORDS_S = 0.7  # and the server to say it
LOOK_S = 0.1


def serve_until_ended(page: gr.Blocks, settings: HostSettings) -> None:
    """Waits for Ctrl-C or SIGTERM while `page`, which is launched, is served; then ends it."""
    server: Any = page.server
    # Of new connections; Gradio leaves both to chance.
    server.config.limit_concurrency = settings.connections or None
    known: dict[Any, float] = {}
    try:
        while page.is_running and server.thread.is_alive():
            time.sleep(LOOK_S)
            close_idle(server.server_state.connections, known, time.monotonic())
    except KeyboardInterrupt:
        pass
    finally:
        end(page)


def end(page: gr.Blocks) -> None:
    """Tells what is at work to stop, waits a moment for it, and closes the server."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # it ends already, and leaves nothing behind
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # streams that are cut off now are no news
    page._queue.close()
    _leave_all(page)
    until = time.monotonic() + LAST_CHUNKS_S
    while page._queue.get_active_worker_count() and time.monotonic() < until:
        time.sleep(LOOK_S)
    server: Any = page.server
    page.is_running = False
    page.app.stop_event.set()
    server.should_exit = server.force_exit = True
    server.thread.join(timeout=LAST_WORDS_S)


def _leave_all(page: gr.Blocks) -> None:
    """As if every visitor who waits for something had closed the page."""
    queue = page._queue
    events = [event for job in queue.active_jobs for event in job or ()]
    for session in {event.session_hash for event in events}:
        request = gr.Request(session_hash=session)
        for function in list(page.fns.values()):
            if any(target[1] == "unload" for target in function.targets):
                function.fn(request)
