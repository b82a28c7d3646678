"""One call of an endpoint: its work in a thread, its folder, its end, and what its errors may tell.

The work is done in a thread, so that a call that is cancelled, or whose program is gone, ends here at once and the
thread at its next step.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr
from gradio.context import LocalContext

from musictx.errors import MidiError, MusictxError
from musictx.takes import Seed
from musictx.ui import text
from musictx.ui.access.stop_flags import part_of
from musictx.ui.compose.handlers import ComposeHandlers

if TYPE_CHECKING:
    from musictx.studio import Studio

T = TypeVar("T")
# Given a folder for its files, a flag that ends it, and a listener for partial answers: the whole answer.
Work = Callable[[Path, threading.Event, Callable[[T], None]], T]

LISTEN_EVERY_S = 0.5  # between two looks whether the caller is still there, and two partial answers
STOPPED = "The call was cancelled before it was done."
ROOT = r"(?<![\w/.:\\])(?:[A-Za-z]:)?(?=[/\\][^\s'\"/\\]+[/\\])"  # where a path of this machine begins
BELOW = r"[/\\](?:[^\s'\"/\\]+[/\\])*"  # the folders in front of a file's name


class Calls:
    """Runs the calls of all endpoints over the same studio and handlers as the page."""

    def __init__(self, music: ComposeHandlers) -> None:
        self.studio: Studio = music.studio
        self.stop_flags, self.permit = music.stop_flags, music.permit

    async def run(self, work: Work[T], request: gr.Request) -> AsyncIterator[T]:
        """What `work` tells on its way, the newest at each look, and last its answer."""
        # One program may ask for several things at once, which all end when it is gone.
        session = part_of(str(request.session_hash), uuid.uuid4())
        stop, folder = self.stop_flags.current(session), tempfile.mkdtemp(prefix="musictx-")
        told: deque[T] = deque(maxlen=1)
        task = asyncio.ensure_future(asyncio.to_thread(work, Path(folder), stop, told.append))
        try:
            async for partial_answer in _while_wanted(task, stop, told):
                yield partial_answer
            yield task.result()
        finally:
            stop.set()
            task.add_done_callback(partial(self._clear, session, stop, folder))

    @contextlib.contextmanager
    def sentences(self) -> Iterator[None]:
        """What a user can cause becomes gr.Error with its sentence."""
        try:
            yield
        except MusictxError as error:
            raise gr.Error(self._without_paths(str(error)), print_exception=False) from error

    def read(self, file: str | None, name: str = "file") -> Seed:
        """The MIDI file of a call.

        Raises:
            MidiError: if there is none, it is too large, or no usable MIDI file.
        """
        if not file:
            raise MidiError(f"{name} is missing: give a .mid file, for example {name}=handle_file('seed.mid').")
        size, most = Path(file).stat().st_size, self.studio.limits.file_bytes
        if size > most:
            raise MidiError(f"{name} has {size / 2**20:.1f} MB; a seed may have {most / 2**20:.0f} MB.")
        return self.studio.read_seed(file, text.uploaded_name(file))

    def _clear(self, session: str, stop: threading.Event, folder: str, ended: asyncio.Task[Any]) -> None:
        """Frees the place of a call whose thread has ended, and what it wrote."""
        if not ended.cancelled():
            ended.exception()  # asked for, so that nobody logs it: who called has heard of it or is gone
        self.stop_flags.end(session, stop)
        shutil.rmtree(folder, ignore_errors=True)

    def _without_paths(self, sentence: str) -> str:
        """What a caller may read: where things lie on this machine is nobody's business, their names are."""
        folders = asdict(self.studio.folders).values() if hasattr(self.studio, "folders") else ()
        for place in sorted(map(str, [*folders, tempfile.gettempdir(), Path.home()]), key=len, reverse=True):
            sentence = re.sub(re.escape(place) + BELOW, "", sentence).replace(place, Path(place).name)
        return re.sub(ROOT + BELOW, "", sentence)


async def _while_wanted(task: asyncio.Task[T], stop: threading.Event, told: deque[T]) -> AsyncIterator[T]:
    """Waits for what a thread does; `stop` is set if the program that called hangs up."""
    while not (await asyncio.wait([task], timeout=LISTEN_EVERY_S))[0]:
        if not _is_wanted():
            stop.set()
        elif told:
            yield told.pop()


def _is_wanted() -> bool:
    """Whether the program that called still listens, as far as Gradio's queue knows."""
    blocks, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    jobs = [job for group in blocks._queue.active_jobs if group for job in group] if blocks else []
    return all(job.alive for job in jobs if job._id == event)
