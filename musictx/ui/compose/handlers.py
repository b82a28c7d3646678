"""What happens between Generate and the downloads."""

from __future__ import annotations

import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import RenderSettings
from musictx.errors import CheckpointError, MusictxError, SettingsError, TrainingError
from musictx.takes import Progress
from musictx.ui import text
from musictx.ui.access.identity import owner_in
from musictx.ui.access.own_checkpoints import RUN
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.browser_state.takes import keep
from musictx.ui.controls import generate_ready, new_random_seed
from musictx.ui.forms import COMPOSE, named, names, read_settings, read_sound, write_settings
from musictx.ui.player.desk import Desk, Press
from musictx.ui.player.downloads import all_files, archive_name, first_files, is_complete, publish, take_stem
from musictx.ui.player.files import TakeFiles
from musictx.ui.player.picture import TAKE_SOUND, Picture, Problem, grow
from musictx.ui.problems import sentence_of
from musictx.ui.seed.handlers import SEED_SOUND
from musictx.ui.sharing import sharing_words
from musictx.ui.warm_up import WarmUp

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.workshop.workshop import Workshop

LEAST_GAP_S = 0.15  # between two pictures of a growing roll; more often is not smoother
KEEP_EVERY_S = 10.0  # what is unfinished goes to the browser's store so often: a reload loses no more
NOT_STARTED = "Generating did not start"
NO_NOTE = "No note was written. Press Generate again for another try, or raise the temperature a little."
STOPPED_EARLY = "Stopped before the first note. Press Generate to start again."
ENDED = {"stopped": "Stopped", "too dense": "Cut short: too many notes at once"}
TURNED_AWAY = "Too many visitors are waiting. Your seed and settings are kept; try again in a minute."


class ComposeHandlers:
    """Handlers of one page; a visitor's state is on the Desk, the stop flag in `stop_flags`."""

    def __init__(self, studio: Studio, stop_flags: StopFlags, warm_up: WarmUp, workshop: Workshop) -> None:
        self.studio, self.stop_flags, self.warm_up, self.workshop = studio, stop_flags, warm_up, workshop

    def begin(self, desk: Desk, request: gr.Request, *values: Any) -> tuple[Any, ...]:
        """At once after the press, before the queue: (stage, generate, stop, timer); `values` of `forms.COMPOSE`."""
        try:
            settings = read_settings(named(COMPOSE, values))
        except MusictxError as error:
            return (self.told(desk, str(error)), gr.skip(), gr.skip(), gr.skip())
        return self.started(desk, str(request.session_hash), settings, settings.seconds)

    def started(self, desk: Desk, session: str, settings: Any, target_s: float, **changes: Any) -> tuple[Any, ...]:
        """The picture of a run that waits for its turn, as `begin`."""
        flag = self.stop_flags.begin(session)
        if self.warm_up.state == "preparing":
            wait = "Preparing the model…"
        else:
            wait = "Waiting for your turn…" if self.stop_flags.ahead(session) else "Reading the seed…"
        seed, own = desk.picture.seed, desk.picture.own
        begun = Picture(seed, phase="working", own=own, target_s=target_s, wait=wait, **changes)
        begun = desk.begin(begun, settings, flag)
        starting = gr.update(value="Starting…", interactive=False)
        stage = {**begun.value(), "kept": keep(begun.left)}
        return stage, starting, gr.update(interactive=True), gr.Timer(active=True)

    def look(self, request: gr.Request) -> tuple[str, Any]:
        """Once a second while something is awaited: (hint, timer)."""
        return self.waits(str(request.session_hash))

    def waits(self, session: str) -> tuple[str, Any]:
        """What a session waits for, as `look`."""
        ahead = self.stop_flags.ahead(session)
        preparing = self.warm_up.state == "preparing"
        sentence = f"{text.count(ahead, 'visitor')} before you" if ahead else self.warm_up.sentence()
        return sentence, gr.Timer(active=preparing or ahead > 0)

    def generate(self, desk: Desk, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Streams the takes of the press that waits: (stage, generate, stop, random seed); `kept` is the browser's."""

        def stream(picture: Picture, press: Press) -> Iterator[tuple[Any, ...]]:
            self.permit(press.settings.checkpoint, kept, request)
            yield from self._stream(desk, picture, press)

        yield from self.run(desk, str(request.session_hash), stream)

    def run(
        self, desk: Desk, session: str, stream: Callable[[Picture, Press], Iterator[tuple[Any, ...]]]
    ) -> Iterator[tuple[Any, ...]]:
        """The press that waits, from its turn to its end, whatever `stream` makes of it; as `generate`."""
        claimed = desk.claim()
        if claimed is None:
            yield after_run(desk)
            return
        picture, press = claimed
        self.stop_flags.go_on(session, press.stop)
        try:
            yield from stream(picture, press)
        except Exception as error:
            yield self.failed(desk, picture, sentence_of(error, "generation failed"))
        finally:
            self.stop_flags.end(session, press.stop)

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

    def _stream(self, desk: Desk, picture: Picture, press: Press) -> Iterator[tuple[Any, ...]]:
        shown_at = kept_at = time.monotonic()
        progress = None
        for progress in self.studio.compose(picture.seed, press.settings, press.stop.is_set):
            now = time.monotonic()
            if progress.done or (picture.streams and now - shown_at < LEAST_GAP_S):
                continue
            growing = desk.change(picture.serial, partial(_growing, progress=progress))
            if growing is None:  # something else is on show: its run was told to stop
                break
            picture, shown_at = growing, now
            value = picture.value()
            if now - kept_at > KEEP_EVERY_S:
                value, kept_at = {**value, "kept": keep(picture)}, now
            button = gr.update(value=text.progress(progress.seconds, progress.target_seconds), interactive=False)
            yield value, button, gr.skip(), gr.skip()
        if progress is None or not any(len(take.continuation) for take in progress.takes):
            raise SettingsError(STOPPED_EARLY if press.stop.is_set() else NO_NOTE)
        sharings = tuple(sharing_words(self.studio, take) for take in progress.takes) if progress.done else ()
        done = desk.change(picture.serial, partial(_finished, progress=progress, sharings=sharings))
        if done is None:
            yield after_run(desk)
            return
        yield {**done.value(), "kept": keep(done)}, *generate_ready(), new_random_seed()

    def told(self, desk: Desk, sentence: str) -> Any:
        """A press that could not begin, and why; everything else stays: stage."""
        problem = Problem(NOT_STARTED, sentence)
        told = desk.change(desk.picture.serial, lambda picture: picture.but(problem=problem))
        return gr.skip() if told is None else told.value()

    def failed(self, desk: Desk, picture: Picture, sentence: str) -> tuple[Any, ...]:
        """The run on `picture` brought no music: what was there before, and why, as `generate`."""
        problem = Problem("No music this time", sentence)
        back = desk.give_back(picture.serial, lambda before: before.but(problem=problem))
        if back is None:
            return after_run(desk)
        return back.value(), *generate_ready(), gr.skip()

    def recover(self, desk: Desk, request: gr.Request) -> tuple[Any, ...]:
        """The press never reached `generate`: (stage, generate, stop)."""
        self.stop_flags.leave(str(request.session_hash))
        return self.turned_away(desk)

    def turned_away(self, desk: Desk) -> tuple[Any, ...]:
        """What is said then."""
        return self.failed(desk, desk.picture, TURNED_AWAY)[:3]

    def stop(self, request: gr.Request) -> Any:
        """Asks this visitor's run to end; what there is stays."""
        self.stop_flags.stop(str(request.session_hash))
        return gr.update(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for its music."""
        self.stop_flags.leave(str(request.session_hash))

    def sound(self, desk: Desk, soundfont: str | None, room: float) -> Iterator[Any]:
        """Renders each take that has no files yet, the first one first; then the other formats, the archive: stage."""
        shown = desk.picture
        if shown.phase != "done" or all(is_complete(shown.files.get(index)) for index in range(len(shown.takes))):
            yield gr.skip()
            return
        with tempfile.TemporaryDirectory(prefix="musictx-") as name:
            for files in self._files(shown, Path(name), read_sound(soundfont, room)):
                present = desk.change(shown.serial, partial(Picture.but, **files))
                if present is None:
                    return
                yield present.value()

    def _files(self, picture: Picture, folder: Path, render: RenderSettings) -> Iterator[dict[str, Any]]:
        """What is new of the picture's files, step by step."""
        files = dict(picture.files)
        for index, take in enumerate(picture.takes):
            if index not in files:
                files[index] = first_files(self.studio, take, folder, take_stem(picture.seed.name, take), render)
            problem = files[index].problem
            yield {"files": dict(files), **({"sounding": ""} if problem else {})}
        for index, written in list(files.items()):
            files[index] = all_files(written, folder)
            yield {"files": dict(files)}
        yield {"files": dict(files), "sounding": "", "archive": _archive(picture, files, folder)}

    def sound_anew(self, desk: Desk, soundfont: str | None, room: float) -> Iterator[Any]:
        """Another piano or room: what is on show is rendered again: stage."""
        bare = desk.change(
            desk.picture.serial,
            lambda picture: picture.but(
                files={}, archive=None, seed_sound=None, sounding=TAKE_SOUND if picture.phase == "done" else SEED_SOUND
            ),
        )
        if bare is None or bare.phase == "working":
            return
        yield bare.value()
        if bare.phase == "done":
            yield from self.sound(desk, soundfont, room)

    def again(self, desk: Desk, event: gr.EventData) -> tuple[Any, ...]:
        """The settings that made a take are put back: one value for each setting."""
        index, takes = int(getattr(event, "take", 0)), desk.picture.takes
        if not 0 <= index < len(takes):
            return tuple(gr.skip() for _ in COMPOSE)
        written = write_settings(takes[index].settings)
        return tuple(written[name] for name in names(COMPOSE))


def after_run(desk: Desk) -> tuple[Any, ...]:
    """A run that is over and late: nothing changes, but the buttons of a visitor whom nothing else is made for.

    (stage, generate, stop, random seed). Its own last message may have come after that of what took its place.
    """
    if desk.picture.phase == "working":
        return gr.skip(), gr.skip(), gr.skip(), gr.skip()
    return gr.skip(), *generate_ready(), gr.skip()


def _growing(picture: Picture, progress: Progress) -> Picture:
    so_far = text.progress(progress.seconds, progress.target_seconds)
    status = text.joined(so_far, text.rate(progress.tokens_per_second), text.device(progress))
    return picture.but(
        takes=progress.takes,
        streams=grow(picture.streams, progress.takes, finished=False),
        progress=progress,
        target_s=progress.target_seconds,
        status=status,
    )


def _finished(picture: Picture, progress: Progress, sharings: tuple[str, ...]) -> Picture:
    ended = ENDED.get(progress.ending, "Finished")
    first = "" if progress.first_note_s is None else f"first note after {max(0.1, progress.first_note_s):.1f} s"
    return picture.but(
        phase="done",
        sharings=sharings,
        takes=progress.takes,
        streams=grow(picture.streams, progress.takes, finished=True),
        progress=progress,
        status=text.joined(ended, first, text.device(progress)),
        sounding=TAKE_SOUND,
    )


def _archive(picture: Picture, files: dict[int, TakeFiles], folder: Path) -> Path | None:
    """All takes in all formats as one zip; None for a single take, whose files stand beside."""
    if len(files) < 2:
        return None
    path = folder / archive_name(picture.seed.name, picture.takes)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for written in files.values():
            for file in written.paths.values():
                archive.write(file, file.name)
    return publish(path)
