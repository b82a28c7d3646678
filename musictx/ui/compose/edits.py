"""Work on a take that is there: a range redone or emptied, a take written on from a moment. Each makes another take.

The takes of a picture form a tree: `Picture.parents` tells of each which one it was made of.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from musictx.config import ComposeSettings
from musictx.errors import MusictxError, SettingsError
from musictx.midi.notes import NoteSequence
from musictx.takes import Edit, Progress, Take
from musictx.ui import text
from musictx.ui.browser_state.takes import MOST_TAKES, keep, take_name
from musictx.ui.compose.handlers import STOPPED_EARLY, ComposeHandlers, after_run
from musictx.ui.controls import generate_ready, new_random_seed
from musictx.ui.forms import COMPOSE, named, read_settings
from musictx.ui.player.desk import Desk, Press
from musictx.ui.player.packing import NoteStream
from musictx.ui.player.picture import TAKE_SOUND, Picture
from musictx.ui.sharing import sharing_words

CANDIDATES = 8
LEAD_IN_S = 1.5  # of what was there before, when what is new is heard
LONGER_S = 15.0
AT_ONCE = ("delete", "without seed", "note")  # what needs no network
KINDS = ("redo", "go on", "again", "longer", *AT_ONCE)
NO_TAKE = "There is no take to work on. Press Generate first."
TOO_MANY = f"{MOST_TAKES} takes are the most that one piece may have. Press Generate for another piece."
SAME_ONSET_S = 0.002  # the browser knows milliseconds
KEY_SOUNDS = "This key sounds there already. Move the note elsewhere, or take the other one away first."
NOTHING_AFTER = "Nothing comes after this moment. Choose an earlier one, or Longer."


@dataclass(frozen=True)
class EditJob:
    """One press of an edit.

    kind: of KINDS. index: of the take, in the picture. start_s, end_s: in seconds of the take, its seed included.
    pitch: of a single note that begins at `start_s`. to: its new pitch and onset, None if it is to go.
    """

    kind: str
    index: int
    take: Take
    start_s: float
    end_s: float
    settings: ComposeSettings
    pitch: int = -1
    to: tuple[int, float] | None = None


class EditHandlers:
    """Handlers over those of the Compose tab; answers as theirs: (stage, generate, stop, timer), then as `generate`."""

    def __init__(self, music: ComposeHandlers) -> None:
        self.music, self.studio = music, music.studio

    def begin(self, desk: Desk, request: gr.Request, event: gr.EventData, *values: Any) -> tuple[Any, ...]:
        """At once after the press; what needs no network is done here. `values` of `forms.COMPOSE`."""
        picture = desk.picture
        try:
            job = _job(picture, event, read_settings(named(COMPOSE, values)))
            if job.kind in AT_ONCE:
                return self._at_once(desk, picture, job)
        except MusictxError as error:
            return self.music.told(desk, str(error)), gr.skip(), gr.skip(), gr.skip()
        changes = {
            "takes": picture.takes,
            "streams": picture.streams,
            "files": picture.files,
            "sharings": picture.sharings,
            "parents": picture.parents,
            "piece": picture.piece_id,
            "chosen": job.index,
            "grows": False,
        }
        return self.music.started(desk, str(request.session_hash), job, 1.0, **changes)

    def name(self, desk: Desk, event: gr.EventData) -> Any:
        """What a take is called from now on, "" for its number: stage."""
        try:
            chosen = take_name(getattr(event, "name", None))
        except ValueError:
            return gr.skip()
        return self._mark(desk, event, name=chosen)

    def favourite(self, desk: Desk, event: gr.EventData) -> Any:
        """A take is marked, or is not any more: stage."""
        return self._mark(desk, event, is_favourite=getattr(event, "is_favourite", None) is True)

    def _mark(self, desk: Desk, event: gr.EventData, **changes: Any) -> Any:
        """The take of the event with some of what the visitor says of it changed: stage."""
        picture, index = desk.picture, getattr(event, "take", None)
        if picture.phase != "done" or not isinstance(index, int) or not 0 <= index < len(picture.takes):
            return gr.skip()
        takes = tuple(replace(take, **changes) if at == index else take for at, take in enumerate(picture.takes))
        shown = desk.change(picture.serial, partial(Picture.but, takes=takes, chosen=index))
        return gr.skip() if shown is None else {**shown.value(), "kept": keep(shown)}

    def _at_once(self, desk: Desk, picture: Picture, job: EditJob) -> tuple[Any, ...]:
        if job.kind == "delete":
            made = self.studio.without(job.take, job.start_s, job.end_s)
        elif job.kind == "note":
            made = with_note(job.take, job.pitch, job.start_s, job.to)
        else:
            made = job.take.without_seed()
        shown = desk.change(picture.serial, partial(_emptied, job=job, made=made))
        if shown is None:
            return tuple(gr.skip() for _ in range(4))
        return {**shown.value(), "kept": keep(shown)}, gr.skip(), gr.skip(), gr.skip()

    def generate(self, desk: Desk, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """The run of the press that waits, as `ComposeHandlers.generate`."""

        def stream(picture: Picture, press: Press) -> Iterator[tuple[Any, ...]]:
            self.music.permit(press.settings.settings.checkpoint, kept, request)
            yield from self._stream(desk, picture, press)

        yield from self.music.run(desk, str(request.session_hash), stream)

    def _stream(self, desk: Desk, picture: Picture, press: Press) -> Iterator[tuple[Any, ...]]:
        job: EditJob = press.settings
        make = self._redo if job.kind == "redo" else self._extend
        steps = make(desk, picture, job, press)
        made: Take | None = None
        for so_far, value, words in steps:
            made = so_far
            if value is None:  # something else is on show
                break
            yield value, gr.update(value=words, interactive=False), gr.skip(), gr.skip()
        if made is None:
            raise SettingsError(STOPPED_EARLY)
        sharing = sharing_words(self.studio, made)
        done = desk.change(picture.serial, partial(_done, job=job, made=made, sharing=sharing))
        if done is None:
            yield after_run(desk)
            return
        yield {**done.value(), "kept": keep(done)}, *generate_ready(), new_random_seed()

    def _redo(
        self, desk: Desk, picture: Picture, job: EditJob, press: Press
    ) -> Iterator[tuple[Take | None, dict[str, Any] | None, str]]:
        """The best take so far, what is on show meanwhile, the button's words."""
        best: Take | None = None
        steps = self.studio.redo(job.take, job.start_s, job.end_s, job.settings, CANDIDATES, press.stop.is_set)
        for step in steps:
            best = step.takes[0] if step.takes else None
            words = f"{len(step.takes)} of {step.of} tries"
            status = f"Trying {step.of} ways, to take the one that leads on best"
            shown = desk.change(picture.serial, partial(Picture.but, status=status, wait=""))
            yield best, shown.value() if shown else None, words

    def _extend(
        self, desk: Desk, picture: Picture, job: EditJob, press: Press
    ) -> Iterator[tuple[Take | None, dict[str, Any] | None, str]]:
        """The same for a take that is written on."""
        seconds = job.end_s - job.start_s
        for step in self.studio.extend(job.take, job.start_s, seconds, job.settings, press.stop.is_set):
            made = step.takes[0]
            shown = desk.change(picture.serial, partial(_extending, job=job, step=step))
            words = text.progress(step.seconds, step.target_seconds)
            yield made if step.seconds else None, shown.value() if shown else None, words


def _job(picture: Picture, event: gr.EventData, settings: ComposeSettings) -> EditJob:
    """What was pressed, checked; SettingsError with the sentence for the visitor."""
    kind, index = str(getattr(event, "kind", "")), getattr(event, "take", 0)
    if (
        picture.phase != "done"
        or kind not in KINDS
        or not isinstance(index, int)
        or not 0 <= index < len(picture.takes)
    ):
        raise SettingsError(NO_TAKE)
    if len(picture.takes) >= MOST_TAKES:
        raise SettingsError(TOO_MANY)
    take = picture.takes[index]
    start_s, end_s = (_second(getattr(event, name, None)) + take.audible_from_s for name in ("from_s", "to_s"))
    start_s, end_s = min(start_s, take.length_s), min(end_s, take.length_s)
    if kind == "longer":
        start_s, end_s = take.length_s, take.length_s + LONGER_S
    elif kind == "go on":
        end_s = start_s + settings.seconds
    elif kind == "again":
        end_s = take.length_s
        if end_s - start_s < 0.5:
            raise SettingsError(NOTHING_AFTER)
    if kind != "note":
        return EditJob(kind, index, take, start_s, end_s, settings)
    pitch, to = getattr(event, "pitch", None), getattr(event, "to", None)
    if to is not None:
        if not isinstance(to, list) or len(to) != 2 or not isinstance(to[0], int) or not 0 <= to[0] <= 127:
            raise SettingsError(f"A note is moved to a pitch and a second. Received: {to!r}")
        to = (to[0], _second(to[1]) + take.audible_from_s)
    return EditJob(kind, index, take, start_s, end_s, settings, pitch if isinstance(pitch, int) else -1, to)


def with_note(take: Take, pitch: int, start_s: float, to: tuple[int, float] | None) -> Take:
    """The take with one of its notes moved to another pitch and onset, its length kept, or taken away.

    Raises:
        SettingsError: if there is no such note, or its key sounds there already.
    """
    notes = take.notes
    found = np.flatnonzero((notes.pitch == pitch) & (np.abs(notes.start_s - start_s) < SAME_ONSET_S))
    if not found.size:
        raise SettingsError(f"There is no such note in this take. Received: pitch {pitch} at {start_s:.3f} s")
    at = int(found[0])
    rest = notes.select(np.arange(len(notes)) != at)
    edit = Edit("note", start_s, float(notes.end_s[at]))
    if to is None:
        return take.edited(rest, edit)
    key, onset_s = to
    end_s = onset_s + float(notes.end_s[at] - notes.start_s[at])
    if ((rest.pitch == key) & (rest.start_s < end_s) & (rest.end_s > onset_s)).any():
        raise SettingsError(KEY_SOUNDS)
    moved = NoteSequence.from_tuples([(key, int(notes.velocity[at]), onset_s, end_s)])
    return take.edited(rest.followed_by(moved), edit)


def _second(value: Any) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number):
        raise SettingsError(f"A moment is a number of seconds. Received: {value!r}")
    return max(0.0, float(number))


def _with_take(
    picture: Picture, job: EditJob, made: Take, *, finished: bool, begun: bool = False, sharing: str = ""
) -> Picture:
    """The picture with what was made of a take as its last one, on show; `begun`: a part of it is the last one now."""
    kept = picture.takes[:-1] if begun else picture.takes
    made = replace(made, branch=_branch(kept, job.take.number), name="", is_favourite=False)
    stream = NoteStream()  # its notes may be others than a moment ago
    stream.update(made.continuation.shifted(-made.audible_from_s), finished=finished)
    count = len(kept)
    return picture.but(
        takes=(*kept, made),
        streams=(*picture.streams[:count], stream),
        sharings=(*picture.sharings[:count], sharing) if finished else picture.sharings[:count],
        parents=(*picture.all_parents[:count], job.index),
        chosen=count,
        archive=None,
    )


def _branch(takes: tuple[Take, ...], number: int) -> str:
    """The letter of one more take of that number: b, c, …, z, then 27 and on."""
    many = sum(take.number == number for take in takes)
    return string.ascii_lowercase[many] if many < len(string.ascii_lowercase) else str(many + 1)


def _emptied(picture: Picture, job: EditJob, made: Take) -> Picture:
    return _with_take(picture, job, made, finished=True).but(sounding=TAKE_SOUND)


def _extending(picture: Picture, job: EditJob, step: Progress) -> Picture:
    shown = _with_take(picture, job, step.takes[0], finished=False, begun=picture.grows)
    so_far = text.progress(step.seconds, step.target_seconds)
    written_s = step.takes[0].length_s - step.takes[0].join_s
    return shown.but(
        grows=True,
        progress=replace(step, seconds=max(0.01, written_s)),
        target_s=max(0.01, job.end_s - step.takes[0].join_s),
        heard_from_s=job.start_s - step.takes[0].audible_from_s,
        status=text.joined(so_far, text.rate(step.tokens_per_second), text.device(step)),
    )


def _done(picture: Picture, job: EditJob, made: Take, sharing: str) -> Picture:
    shown = _with_take(picture, job, made, finished=True, begun=picture.grows, sharing=sharing)
    words = "Redone" if job.kind == "redo" else "Written on"
    lead_s = LEAD_IN_S if job.kind == "redo" else 0.0
    return shown.but(
        phase="done",
        grows=False,
        heard_from_s=max(0.0, job.start_s - made.audible_from_s - lead_s),
        status=f"{words} from {text.clock(job.start_s - made.audible_from_s)}",
        sounding=TAKE_SOUND,
        progress=None,
    )
