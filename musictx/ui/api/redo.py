"""/redo: a range of a MIDI file written anew."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from musictx.config import ComposeSettings, RenderSettings
from musictx.errors import SettingsError
from musictx.takes import Redo
from musictx.ui.api import inputs
from musictx.ui.api.calls import STOPPED, Calls

Answer = tuple[list[str] | None, dict[str, Any]]
USUAL_CANDIDATES = 8
NO_CANDIDATE = (
    "No candidate reached the end of the range: the model struck keys without letting time pass. Lower the "
    "temperature, or give another random_seed."
)
DESCRIPTION = (
    "Writes the notes of a MIDI file anew that begin in a range of time; all other notes stay as they are. Several "
    "candidates are drawn, and the best is the one after which the following music is least of a surprise to the "
    "network. Returns a MIDI file for each candidate, best first, and a dictionary of facts: for each its nll (nats a "
    "token of what follows; null where nothing follows) and the settings used. While it works it yields facts without "
    "files, done being false. start and end are seconds from the first note, 0.5 to 30 s apart."
)


class RedoRange:
    """The endpoint."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def __call__(self, given: dict[str, Any], request: gr.Request) -> AsyncIterator[Answer]:
        """See DESCRIPTION; `given` by the names of `parameters`. Raises gr.Error as `Calls.sentences` does."""
        with self._calls.sentences():
            settings = inputs.settings_of_call(self._calls.studio, given, inputs.REDO_SETTINGS)
            self._calls.permit(settings.checkpoint, None, request)
            work = partial(self._make, given["file"], given["start"], given["end"], given["candidates"], settings)
            async for answer in self._calls.run(work, request):
                yield answer

    def _make(
        self,
        file: str | None,
        start_s: float,
        end_s: float,
        candidates: int,
        settings: ComposeSettings,
        folder: Path,
        stop: threading.Event,
        tell: Callable[[Answer], None],
    ) -> Answer:
        """The whole answer; ends with the engine's next call, or the next file, once `stop` is set."""
        if candidates is None:
            raise SettingsError("candidates must be a number. Received: None")
        seed, studio = self._calls.read(file), self._calls.studio
        take = studio.whole_take(seed, settings)
        for redo in studio.redo(take, start_s, end_s, settings, candidates, stop.is_set):
            if not redo.done:
                tell((None, _facts(redo, settings)))
        if redo.ending == "too dense":
            raise SettingsError(NO_CANDIDATE)
        files = []
        for place, made in enumerate(redo.takes, 1):
            if stop.is_set():  # nobody waits for the files
                raise SettingsError(STOPPED)
            within = folder / str(place)
            path = studio.export(made, within, RenderSettings(), ("mid",))["mid"]
            files.append(str(path.rename(within / f"{seed.name}-redone-{place}.mid")))
        if not files:
            raise SettingsError(STOPPED)
        return files, _facts(redo, settings)


def _facts(redo: Redo, settings: ComposeSettings) -> dict[str, Any]:
    made = zip(redo.takes, redo.nll, strict=True)
    return {
        "done": redo.done,
        "of": redo.of,
        "candidates": [
            {
                "number": take.edits[-1].candidate,
                "notes": len(take.notes),
                "nll": None if nll is None else round(nll, 4),
            }
            for take, nll in made
        ],
        "engine": redo.engine,
        "remark": redo.remark,
        "random_seed": settings.random_seed,
        "checkpoint": settings.checkpoint,
        "sampling": asdict(settings.sampling),
    }


def parameters() -> dict[str, Any]:
    """What /redo takes, by name, inside the Blocks being built."""
    components: dict[str, Any] = {
        "file": inputs.midi_file("The piece"),
        "start": gr.Number(label="Beginning of the range in seconds"),
        "end": gr.Number(label="End of the range in seconds"),
        "candidates": gr.Number(USUAL_CANDIDATES, label="Candidates, 1 to 16", precision=0),
        "preset": inputs.presets(),
        "random_seed": inputs.random_seed(),
        "checkpoint": inputs.checkpoint(),
    }
    for each in inputs.REDO_SETTINGS:
        if each.name not in components:
            components[each.name] = inputs.number_of(each)
    return components


def outputs() -> list[Any]:
    """What /redo gives, inside the Blocks being built."""
    return [
        gr.File(file_count="multiple", label="MIDI files, one a candidate, best first"),
        gr.JSON(label="Facts about the candidates and the settings used"),
    ]
