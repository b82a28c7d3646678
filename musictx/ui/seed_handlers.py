"""What happens when a seed is chosen, dropped or refused."""

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
from musictx.ui.controls import UPLOADED, seed_choices
from musictx.ui.forms import read_sound
from musictx.ui.seed_report import report_html
from musictx.ui.stage_view import Picture, heard_seed, new_serial

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.takes import Seed

SEED_SOUND = "sounding the seed…"
LIMIT_BYTES = 2 * 1024 * 1024


class SeedHandlers:
    """Handlers around the seed picker; all state is the visitor's Picture."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def first_picture(self) -> Picture:
        """The first built-in seed waiting in the roll."""
        seeds = self.studio.built_in_seeds()
        if not seeds:
            raise MidiError("There are no built-in seeds. Restore assets/seeds.")
        return self._waiting(self.studio.read_seed(seeds[0].path, seeds[0].title))

    def choose(self, seed_id: str, picture: Picture, context_seconds: float) -> tuple[Any, ...]:
        """Another seed was picked: (picture, stage, report)."""
        chosen = next((seed for seed in self.studio.built_in_seeds() if seed.id == seed_id), None)
        if chosen is not None:
            shown, value, report = self._take_in(chosen.path, chosen.title, picture, context_seconds)
        elif picture.own is not None and picture.own is not picture.seed:
            shown, value, report = self._show(picture.own, picture, context_seconds)
        else:  # the visitor's own file, which is on show already
            return gr.skip(), gr.skip(), gr.skip()
        return shown.but(chosen=seed_id), value, gr.skip() if report is None else report

    def take_upload(self, path: str, picture: Picture, context_seconds: float) -> tuple[Any, ...]:
        """A file was uploaded: (seed picker, picture, stage, report)."""
        name = Path(path).stem
        shown, value, report = self._take_in(Path(path), name, picture, context_seconds)
        if report is None:
            return gr.skip(), shown, value, gr.skip()
        choices = [*seed_choices(self.studio), (f"{name} · your file", UPLOADED)]
        return gr.update(choices=choices, value=UPLOADED), shown.but(own=shown.seed), value, report

    def refuse(self, picture: Picture, event: gr.EventData) -> tuple[Any, ...]:
        """A file too large or of another kind was held back in the browser: (picture, stage)."""
        name, size = str(getattr(event, "name", "The file"))[:80], float(getattr(event, "bytes", 0) or 0)
        if size > LIMIT_BYTES:
            found = f"{name} has {size / 2**20:.1f} MB; a seed may have {LIMIT_BYTES / 2**20:.0f} MB. "
            sentence = f"{found}Export only the passage to be continued."
        else:
            sentence = f"{name} does not end in .mid or .midi. Export the music as a MIDI file and choose that."
        failed = self._failed(picture, MidiError(sentence))
        return failed, failed.value()

    def report(self, picture: Picture, context_seconds: float) -> str:
        """The seed report for the context that would be used."""
        return report_html(self.studio.describe(picture.seed, context_seconds))

    def sound(self, picture: Picture, soundfont: str | None, room: float) -> Iterator[dict[str, Any]]:
        """Renders the waiting seed, so that it can be heard: stage."""
        if picture.phase != "seed" or not len(picture.seed.recording.notes):
            yield gr.skip()
            return
        notes, _ = heard_seed(picture.seed.recording.notes, ())
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            try:
                samples = self.studio.render(notes, read_sound(soundfont, room))
                path = write_audio(samples, Path(folder) / "seed.flac", SAMPLE_RATE_HZ)
                yield picture.but(sounding="", seed_sound=path).value()
            except MusictxError as error:
                yield picture.but(sounding="", note=str(error)).value()

    def sound_chosen(
        self, seed_id: str, picture: Picture, soundfont: str | None, room: float
    ) -> Iterator[dict[str, Any]]:
        """As `sound`, after the picker has changed: stage. An upload changes it too, and is rendered by itself."""
        if picture.chosen != seed_id:
            yield gr.skip()
            return
        yield from self.sound(picture, soundfont, room)

    def _take_in(self, path: Path, name: str, picture: Picture, context_seconds: float) -> tuple[Any, ...]:
        """(picture, stage, report); the report is None if the file could not be used."""
        try:
            return self._show(self.studio.read_seed(path, name), picture, context_seconds)
        except MusictxError as error:
            failed = self._failed(picture, error)
            return failed, failed.value(), None

    def _show(self, seed: Seed, picture: Picture, context_seconds: float) -> tuple[Any, ...]:
        """(picture, stage, report) of a seed that waits."""
        waiting = self._waiting(seed).but(own=picture.own)
        return waiting, waiting.value(), self.report(waiting, context_seconds)

    def _waiting(self, seed: Seed) -> Picture:
        length_s = seed.recording.notes.duration_s
        heard = f"last minute of {text.length(length_s)}" if length_s > 60.5 else text.length(length_s)
        return Picture(serial=new_serial(), phase="seed", seed=seed, sounding=SEED_SOUND, status=heard)

    def _failed(self, picture: Picture, error: MusictxError) -> Picture:
        """The seed stays what it was; the sentence stands where the result would be."""
        return Picture(
            serial=new_serial(),
            phase="seed",
            seed=picture.seed,
            own=picture.own,
            sounding=SEED_SOUND,
            problem=("This file cannot be a seed", str(error)),
        )
