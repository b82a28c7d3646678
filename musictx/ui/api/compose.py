"""/compose: a seed file to takes, as files and facts."""

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
from musictx.takes import Progress, Seed, Take, sharing_facts
from musictx.ui.api import inputs
from musictx.ui.api.calls import STOPPED, Calls
from musictx.ui.forms import COMPOSE, read_sound
from musictx.ui.player.downloads import renamed, take_stem

Answer = tuple[list[str] | None, list[str] | None, dict[str, Any]]

# In the order in which they came: programs may give them by position.
FIRST_PARAMETERS = (
    *("seed_file", "preset", "temperature", "top_k", "top_p", "seconds", "variations", "random_seed"),
    *("context_seconds", "focus", "checkpoint", "soundfont", "room", "audio_format", "stay_in_key", "midi_notes"),
)
DESCRIPTION = (
    "Continues a seed MIDI file with the Music Transformer. Returns the MIDI files and the sound files, one a take, "
    "and a dictionary of facts: for each take its seconds of music, tokens, random seed and the longest passage that "
    "it shares with the training data, and the settings used. While it works it yields facts without files, done "
    "being false. preset is precise, balanced or creative; with custom, temperature, top_k and top_p count. Without "
    "random_seed one is drawn and told, so that the piece can be repeated."
)


class Compose:
    """The endpoint."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def __call__(self, given: dict[str, Any], request: gr.Request) -> AsyncIterator[Answer]:
        """See DESCRIPTION; `given` by the names of `parameters`. Raises gr.Error as `Calls.sentences` does."""
        with self._calls.sentences():
            settings = inputs.settings_of_call(self._calls.studio, given)
            self._calls.permit(settings.checkpoint, None, request)
            written = _formats(given["midi_notes"], given["audio_format"])
            sound = read_sound(inputs.piano(self._calls.studio, given["soundfont"]), given["room"])
            make = partial(self._make, given["seed_file"], settings, sound, written)
            async for answer in self._calls.run(make, request):
                yield answer

    def _make(
        self,
        seed_file: str | None,
        settings: ComposeSettings,
        render: RenderSettings,
        formats: tuple[str, str],
        folder: Path,
        stop: threading.Event,
        tell: Callable[[Answer], None],
    ) -> Answer:
        """The whole answer; ends with the next chunk, or the next take's files, once `stop` is set."""
        seed = self._calls.read(seed_file, "seed_file")
        for progress in self._calls.studio.compose(seed, settings, stop.is_set):
            if not progress.done:
                takes = [_facts(take) for take in progress.takes]
                tell((None, None, _all_facts(progress, settings, takes)))
        return self._write(seed, progress, settings, render, folder, formats, stop)

    def _write(
        self,
        seed: Seed,
        progress: Progress,
        settings: ComposeSettings,
        render: RenderSettings,
        folder: Path,
        formats: tuple[str, str],
        stop: threading.Event,
    ) -> Answer:
        """Files of all takes, of `formats`: MIDI, then sound; and the facts about them."""
        midi, audio = [], []
        for take in progress.takes:
            if stop.is_set():  # nobody waits for the files
                raise SettingsError(STOPPED)
            paths = renamed(self._calls.studio.export(take, folder, render, formats), take_stem(seed.name, take))
            midi.append(str(paths[formats[0]]))
            audio.append(str(paths[formats[1]]))
        takes = [_facts(take) | {"shared_passage": self._shared(take)} for take in progress.takes]
        return midi, audio, _all_facts(progress, settings, takes)

    def _shared(self, take: Take) -> dict[str, Any] | None:
        """The longest passage of a take that is in the training data; None where nobody can say."""
        found = self._calls.studio.sharing(take)
        return None if found is None else sharing_facts(found)


def _formats(midi_notes: str, audio_format: str) -> tuple[str, str]:
    """What is written of a take, as `Studio.export` names it; SettingsError before work starts."""
    if midi_notes not in inputs.MIDI_NOTES:
        raise SettingsError(f"midi_notes must be one of {', '.join(inputs.MIDI_NOTES)}. Received: {midi_notes!r}")
    return inputs.MIDI_NOTES[midi_notes], inputs.sound_format(audio_format)


def _all_facts(progress: Progress, settings: ComposeSettings, takes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "done": progress.done,
        "seconds": round(float(progress.seconds), 2),
        "takes": takes,
        "tokens": int(progress.tokens),
        "tokens_per_second": round(float(progress.tokens_per_second), 1),
        "first_note_s": progress.first_note_s,
        "engine": progress.engine,
        "remark": progress.remark,
        "settings": asdict(settings),
    }


def _facts(take: Take) -> dict[str, Any]:
    """What an API caller wants to know of one take, in plain values."""
    return {
        "number": take.number,
        "seconds": round(max(0.0, take.continuation.duration_s - take.join_s), 3),
        "notes": len(take.continuation),
        "tokens": int(take.tokens),
        "join_s": round(float(take.join_s), 3),
        "random_seed": take.settings.random_seed,
    }


def parameters() -> dict[str, Any]:
    """What /compose takes, by name, inside the Blocks being built.

    Programs may give what they ask for by position: what comes later stands last.
    """
    components: dict[str, Any] = {
        "seed_file": inputs.midi_file("Seed"),
        "preset": inputs.presets(),
        "random_seed": inputs.random_seed(),
        "checkpoint": inputs.checkpoint(),
        **inputs.sounds(),
        "midi_notes": gr.Radio(
            [*inputs.MIDI_NOTES], value="all", label="Notes of the MIDI files: all, or the new ones from the join on"
        ),
    }
    for each in COMPOSE:
        if each.name not in components:
            components[each.name] = inputs.number_of(each)
    later = [name for name in components if name not in FIRST_PARAMETERS]
    return {name: components[name] for name in (*FIRST_PARAMETERS, *later)}


def outputs() -> list[Any]:
    """What /compose gives, inside the Blocks being built."""
    return [
        gr.File(file_count="multiple", label="MIDI files, one a take"),
        gr.File(file_count="multiple", label="Sound files, one a take"),
        gr.JSON(label="Facts about the takes and the settings used"),
    ]
