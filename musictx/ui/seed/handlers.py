"""What happens when a seed is chosen, brought, refused or heard, on any tab that has a seed panel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.audio.encode import write_audio
from musictx.config import SAMPLE_RATE_HZ
from musictx.errors import MidiError, MusictxError
from musictx.ui import text
from musictx.ui.browser_state.takes import keep, record_seed
from musictx.ui.controls import generate_ready, seed_choices
from musictx.ui.forms import read_sound
from musictx.ui.player.desk import Desk
from musictx.ui.player.downloads import publish
from musictx.ui.player.picture import Picture, Problem, heard_seed
from musictx.ui.seed.report import report_html

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.takes import Seed

SEED_SOUND = "rendering the seed…"
MOST_OWN = 8  # files of a visitor that stay in the picker
RESTORABLE = "This file holds a take of musictx with the settings that made it."
INTERRUPTED = "The run was stopped for another seed. What it had written is among the earlier takes."


class SeedHandlers:
    """Handlers around the seed picker; all state is on the visitor's Desk.

    An answer for a seed that is shown is (picker, stage, report, generate, stop).
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def first_picture(self) -> Picture:
        """The first built-in seed waiting in the roll."""
        seeds = self.studio.built_in_seeds()
        if not seeds:
            raise MidiError("There are no built-in seeds. Restore assets/seeds.")
        return waiting(self.studio.read_seed(seeds[0].path, seeds[0].title))

    def choose(self, seed_id: str, desk: Desk, context_seconds: float) -> tuple[Any, ...]:
        """Another seed was picked."""
        picture = desk.picture
        if seed_id == self.picker_value(picture.seed):  # on show already: an upload moves the picker as well
            return _nothing()
        own = next((seed for seed in picture.own if own_value(seed) == seed_id), None)
        if own is not None:
            return (gr.skip(), *self.show(desk, own, context_seconds)[1:])
        chosen = next((seed for seed in self.studio.built_in_seeds() if seed.id == seed_id), None)
        if chosen is None:
            return _nothing()
        try:
            seed = self.studio.read_seed(chosen.path, chosen.title)
        except MusictxError as error:
            return self._refused(desk, str(error))
        return (gr.skip(), *self.show(desk, seed, context_seconds)[1:])

    def take_upload(self, path: str, desk: Desk, context_seconds: float) -> tuple[Any, ...]:
        """A file was uploaded."""
        try:
            seed = self.studio.read_seed(Path(path), text.uploaded_name(path))
        except MusictxError as error:
            return self._refused(desk, str(error))
        picker, stage, *rest = self.show(desk, seed, context_seconds)
        return picker, {**stage, "own": record_seed(seed)}, *rest

    def refuse(self, desk: Desk, event: gr.EventData) -> Any:
        """A file too large or of another kind was held back in the browser: stage."""
        name, size = str(getattr(event, "name", "The file"))[:80], float(getattr(event, "bytes", 0) or 0)
        most = self.studio.limits.file_bytes
        if size > most:
            found = f"{name} has {size / 2**20:.1f} MB; a seed may have {most / 2**20:.0f} MB. "
            sentence = f"{found}Export only the passage to be continued."
        else:
            sentence = f"{name} does not end in .mid or .midi. Export the music as a MIDI file and choose that."
        return self._refused(desk, sentence)[1]

    def show(self, desk: Desk, seed: Seed, context_seconds: float, **changes: Any) -> tuple[Any, ...]:
        """`seed` on show, with `changes` to the picture of a seed that waits."""
        before = desk.picture
        is_own = not self._built_in(seed)
        own = _with(before.own, seed) if is_own else before.own
        told = self._told_by(seed) if is_own and not changes else {}
        shown = desk.show(waiting(seed).but(own=own, **told, **changes))
        if shown.left is not None and not changes:
            noted = desk.change(shown.serial, lambda picture: picture.but(note=INTERRUPTED))
            shown = noted or shown
        picker = gr.update(choices=self.choices(shown), value=self.picker_value(seed))
        kept = {**shown.value(), "kept": keep(shown.left)}
        return picker, kept, self.report_of(seed, context_seconds), *generate_ready()

    def _told_by(self, seed: Seed) -> dict[str, Any]:
        """What a file that this program has written says of its making, as changes of its picture."""
        found = self.studio.recipe(seed)
        return {"restorable": found.recipe is not None, "note": RESTORABLE if found.recipe else found.reason}

    def meet(self, desk: Desk, other: Desk, context_seconds: float) -> tuple[Any, ...]:
        """A tab is opened: it offers the files that were brought on the other one.

        A tab on which nothing was chosen yet shows the other one's seed.
        """
        mine, theirs = desk.picture, other.picture
        own = _merged(mine.own, theirs.own)
        if desk.is_untouched and not other.is_untouched and theirs.seed.digest != mine.seed.digest:
            shown = desk.follow(waiting(theirs.seed).but(own=own))
            picker = gr.update(choices=self.choices(shown), value=self.picker_value(theirs.seed))
            return picker, shown.value(), self.report_of(theirs.seed, context_seconds), gr.skip(), gr.skip()
        if [each.digest for each in own] == [each.digest for each in mine.own]:
            return _nothing()
        offered = desk.change(mine.serial, lambda picture: picture.but(own=own))
        picker = gr.skip() if offered is None else gr.update(choices=self.choices(offered))
        return (picker, *_nothing()[1:])

    def choices(self, picture: Picture) -> list[tuple[str, str]]:
        """What the picker offers to this visitor."""
        return [*seed_choices(self.studio), *((f"{seed.name} · your file", own_value(seed)) for seed in picture.own)]

    def picker_value(self, seed: Seed) -> str:
        """What stands for `seed` in the picker."""
        return self._built_in(seed) or own_value(seed)

    def report(self, desk: Desk, context_seconds: float) -> str:
        """The seed report for the context that would be used."""
        return self.report_of(desk.picture.seed, context_seconds)

    def report_of(self, seed: Seed, context_seconds: float) -> str:
        """The same for any seed."""
        return report_html(self.studio.describe(seed, context_seconds))

    def sound(self, desk: Desk, soundfont: str | None, room: float) -> Iterator[Any]:
        """Renders the waiting seed, which was asked for: stage."""
        picture = desk.picture
        if picture.phase != "seed" or not len(picture.seed.recording.notes):
            yield gr.skip()
            return
        notes, _ = heard_seed(picture.seed.recording.notes, ())
        changes: dict[str, Any] = {"sounding": ""}
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            try:
                samples = self.studio.render(notes, read_sound(soundfont, room))
                changes["seed_sound"] = publish(write_audio(samples, Path(folder) / "seed.flac", SAMPLE_RATE_HZ))
            except MusictxError as error:
                changes["no_sound"] = str(error)
        sounding = desk.change(picture.serial, lambda present: present.but(**changes))
        yield gr.skip() if sounding is None else sounding.value()

    def _built_in(self, seed: Seed) -> str:
        """The id of a built-in seed; "" for any other."""
        return next((each.id for each in self.studio.built_in_seeds() if each.path.read_bytes() == seed.file), "")

    def _refused(self, desk: Desk, sentence: str) -> tuple[Any, ...]:
        """Everything stays as it was; the sentence stands over the roll."""
        problem = Problem("This file cannot be a seed", sentence)
        told = desk.change(desk.picture.serial, lambda picture: picture.but(problem=problem))
        return (gr.skip(), gr.skip() if told is None else told.value(), *(gr.skip() for _ in range(3)))


def waiting(seed: Seed) -> Picture:
    """The picture of a seed that can be continued."""
    length_s = seed.recording.notes.duration_s
    heard = f"last minute of {text.length(length_s)}" if length_s > 60.5 else text.length(length_s)
    return Picture(seed, sounding=SEED_SOUND, status=heard)


def own_value(seed: Seed) -> str:
    """What stands in the picker for a file of the visitor's."""
    return f"own:{seed.digest}"


def _merged(first: tuple[Seed, ...], second: tuple[Seed, ...]) -> tuple[Seed, ...]:
    """A visitor's files, each once."""
    known = {seed.digest for seed in first}
    return (*first, *(seed for seed in second if seed.digest not in known))[:MOST_OWN]


def _with(own: tuple[Seed, ...], seed: Seed) -> tuple[Seed, ...]:
    """A visitor's files, `seed` the newest."""
    return (seed, *(each for each in own if each.digest != seed.digest))[:MOST_OWN]


def _nothing() -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(5))
