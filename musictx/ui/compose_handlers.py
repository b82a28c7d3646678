"""What happens between Generate and the downloads."""

from __future__ import annotations

import logging
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import CheckpointError, MusictxError, SettingsError, TrainingError
from musictx.takes import ComposeSettings, Progress, Take, sharing_sentence
from musictx.ui import text
from musictx.ui.controls import GENERATE, new_random_seed
from musictx.ui.downloads import all_files, first_files
from musictx.ui.forms import SETTINGS, read_settings, read_sound, write_settings
from musictx.ui.own_checkpoints import RUN
from musictx.ui.stage_view import Picture, grow, new_serial, safe_name
from musictx.ui.visit import owner_in
from musictx.ui.visitors import Visitors
from musictx.ui.warmth import Warmth

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.workshop.workshop import Workshop

LEAST_GAP_S = 0.15  # between two pictures of a growing roll; more often is not smoother
TAKE_SOUND = "rendering the sound…"
UNKNOWN = "Something went wrong inside musictx. Your seed and settings are kept; the terminal shows the details."
NO_NOTE = "No note was written. Press Generate again for another try, or raise the temperature a little."
STOPPED_EARLY = "Stopped before the first note. Press Generate to start again."
ENDED = {"stopped": "Stopped", "too dense": "Cut short: too many notes at once"}
TURNED_AWAY = (
    "Generating did not start: too many visitors are waiting, or a number is outside its range. "
    "Check the settings, or try again in a minute."
)


class ComposeHandlers:
    """Handlers of one page; a visitor's state travels in the Picture, the stop flag in `visitors`."""

    def __init__(self, studio: Studio, visitors: Visitors, warmth: Warmth, workshop: Workshop) -> None:
        self.studio, self.visitors, self.warmth, self.workshop = studio, visitors, warmth, workshop

    def begin(self, picture: Picture, seconds: float, request: gr.Request) -> tuple[Any, ...]:
        """At once after the press, before the queue: (picture, stage, generate, stop, timer)."""
        session = str(request.session_hash)
        self.visitors.begin(session)
        if self.warmth.state == "preparing":
            wait = "Preparing the model…"
        else:
            wait = "Waiting for your turn…" if self.visitors.ahead(session) else "Reading the seed…"
        begun = Picture(
            serial=new_serial(),
            phase="working",
            seed=picture.seed,
            own=picture.own,
            target_s=float(seconds or 1),
            wait=wait,
        )
        starting = gr.update(value="Starting…", interactive=False)
        return begun, begun.value(), starting, gr.update(interactive=True), gr.Timer(active=True)

    def look(self, request: gr.Request) -> tuple[str, Any]:
        """Once a second while something is awaited: (hint, timer)."""
        ahead = self.visitors.ahead(str(request.session_hash))
        preparing = self.warmth.state == "preparing"
        sentence = f"{text.count(ahead, 'visitor')} before you" if ahead else self.warmth.sentence()
        return sentence, gr.Timer(active=preparing or ahead > 0)

    def generate(self, picture: Picture, kept: Any, request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Streams the takes: (picture, stage, generate, stop, random seed); `kept` is the browser's."""
        session = str(request.session_hash)
        flag = self.visitors.current(session)
        try:
            settings = read_settings(*values)
            self.permit(settings.checkpoint, kept, request)
            yield from self._stream(picture, settings, flag.is_set)
        except MusictxError as error:
            yield self.failed(picture, str(error))
        except Exception:
            logging.getLogger(__name__).exception("generation failed")
            yield self.failed(picture, UNKNOWN)
        finally:
            self.visitors.end(session, flag)

    def permit(self, checkpoint: str, kept: Any, request: gr.Request) -> None:
        """Raises CheckpointError for another person's checkpoint: the studio serves everybody and knows no owners."""
        if not checkpoint.startswith(RUN):
            return
        try:
            owner = owner_in(kept, request)
        except TrainingError as error:
            raise CheckpointError(
                f"{checkpoint} is somebody's own checkpoint. Compose with it on the page, or sign in."
            ) from error
        self.workshop.check_use(owner, checkpoint)

    def _stream(self, picture: Picture, settings: ComposeSettings, stop: Any) -> Iterator[tuple[Any, ...]]:
        shown_at = 0.0
        progress = None
        for progress in self.studio.compose(picture.seed, settings, stop):
            if progress.done or time.monotonic() - shown_at < LEAST_GAP_S:
                continue
            shown_at = time.monotonic()
            picture = _growing(picture, progress)
            button = gr.update(value=text.progress(progress.seconds, progress.target_seconds), interactive=False)
            yield gr.skip(), picture.value(), button, gr.skip(), gr.skip()
        if progress is None or not any(len(take.continuation) for take in progress.takes):
            raise SettingsError(STOPPED_EARLY if stop() else NO_NOTE)
        done = _finished(picture, progress).but(sharings=tuple(map(self._sharing, progress.takes)))
        yield done, done.value(), idle(), gr.update(interactive=False), new_random_seed()

    def _sharing(self, take: Take) -> str:
        """What a take shares with the training data, as a sentence; "" where nobody can say."""
        try:
            found = self.studio.sharing(take)
        except MusictxError as error:
            return str(error)
        sentence = "" if found is None else sharing_sentence(found)
        return sentence[:1].upper() + sentence[1:]

    def failed(self, picture: Picture, sentence: str) -> tuple[Any, ...]:
        """No music, and why: (picture, stage, generate, stop, random seed)."""
        failed = picture.but(
            phase="failed",
            takes=(),
            streams=(),
            sharings=(),
            progress=None,
            status="",
            wait="",
            problem=("No music this time", sentence),
        )
        return failed, failed.value(), idle(), gr.update(interactive=False), gr.skip()

    def recover(self, picture: Picture, request: gr.Request) -> tuple[Any, ...]:
        """The press never reached `generate`: (picture, stage, generate, stop)."""
        self.visitors.leave(str(request.session_hash))
        return self.failed(picture, TURNED_AWAY)[:4]

    def stop(self, request: gr.Request) -> Any:
        """Asks this visitor's run to end; what there is stays."""
        self.visitors.stop(str(request.session_hash))
        return gr.update(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for its music."""
        self.visitors.leave(str(request.session_hash))

    def sound(self, picture: Picture, soundfont: str | None, room: float) -> Iterator[Any]:
        """Renders each take, the first one first; then the other formats and the archive: stage."""
        if picture.phase != "done":
            yield gr.skip()
            return
        with tempfile.TemporaryDirectory(prefix="musictx-") as name:
            folder, render = Path(name), read_sound(soundfont, room)
            for index, take in enumerate(picture.takes):
                stem = f"{safe_name(picture.seed.name)}-take-{take.number}"  # what the visitor's download is called
                written = first_files(self.studio, take, folder, stem, render)
                sounding = "" if written.problem else picture.sounding
                picture = picture.but(files={**picture.files, index: written}, sounding=sounding)
                yield picture.value()
            for index, written in list(picture.files.items()):
                picture = picture.but(files={**picture.files, index: all_files(written)})
                yield picture.value()
            picture = picture.but(sounding="", archive=_archive(picture, folder))
            yield picture.value()

    def again(self, picture: Picture, event: gr.EventData) -> tuple[Any, ...]:
        """The settings that made a take are put back: one value for each setting."""
        index = int(getattr(event, "take", 0))
        if not 0 <= index < len(picture.takes):
            return tuple(gr.skip() for _ in range(SETTINGS))
        return write_settings(picture.takes[index].settings)


def idle() -> Any:
    """The button that waits for a press."""
    return gr.update(value=GENERATE, interactive=True)


def _growing(picture: Picture, progress: Progress) -> Picture:
    status = f"{text.progress(progress.seconds, progress.target_seconds)} · {text.rate(progress.tokens_per_second)}"
    return picture.but(
        takes=progress.takes,
        streams=grow(picture.streams, progress.takes, finished=False),
        progress=progress,
        target_s=progress.target_seconds,
        status=status,
    )


def _finished(picture: Picture, progress: Progress) -> Picture:
    ended = ENDED.get(progress.ending, "Finished")
    first = "" if progress.first_note_s is None else f"first note after {max(0.1, progress.first_note_s):.1f} s"
    return picture.but(
        phase="done",
        takes=progress.takes,
        streams=grow(picture.streams, progress.takes, finished=True),
        progress=progress,
        status=" · ".join(part for part in (ended, first) if part),
        sounding=TAKE_SOUND,
    )


def _archive(picture: Picture, folder: Path) -> Path | None:
    """All takes in all formats as one zip; None for a single take, whose files stand beside."""
    if len(picture.takes) < 2:
        return None
    path = folder / f"{safe_name(picture.seed.name)}-takes.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for written in picture.files.values():
            for file in written.paths.values():
                archive.write(file, file.name)
    return path
