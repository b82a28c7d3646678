"""The page's one public endpoint: /compose, for gradio_client and other programs."""

from __future__ import annotations

import tempfile
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradio as gr

from musictx.config import FOCUS_RANGE, SAMPLING_PRESETS
from musictx.errors import AudioError, MidiError, MusictxError, SettingsError
from musictx.midi.files import MIDI_SUFFIXES
from musictx.takes import ComposeSettings, Progress, RenderSettings, Seed, Take, sharing_facts
from musictx.ui import text
from musictx.ui.compose_events import GENERATION
from musictx.ui.compose_handlers import ComposeHandlers
from musictx.ui.controls import (
    DEFAULT_CONTEXT_SECONDS,
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    DEFAULT_SECONDS,
    default_checkpoint,
    new_random_seed,
)
from musictx.ui.downloads import renamed, take_stem
from musictx.ui.forms import CUSTOM, preset_values, read_settings, read_sound
from musictx.ui.seed_handlers import LIMIT_BYTES
from musictx.ui.visitors import part_of

DRAWN = -1  # the random seed of a caller who does not care; the client library needs a default that is not None
SOUNDS = ("wav", "flac", "mp3")
MIDI_NOTES = MappingProxyType({"all": "mid", "continuation": "continuation"})  # of a MIDI file -> its format
DESCRIPTION = (
    "Continues a seed MIDI file with the Music Transformer. Returns the MIDI files and the sound files, one a take, "
    "and a dictionary of facts: for each take its seconds of music, tokens, random seed and the longest passage that "
    "it shares with the training data, and the settings used. preset is precise, balanced or creative; with custom, "
    "temperature, top_k and top_p count. Without random_seed one is drawn and told, so that the piece can be repeated."
)


class Api:
    """The endpoint over the same studio and handlers as the page."""

    def __init__(self, music: ComposeHandlers) -> None:
        self._studio, self._visitors, self._permit = music.studio, music.visitors, music.permit

    def compose(
        self,
        seed_file: str | None,
        preset: str,
        temperature: float,
        top_k: float,
        top_p: float,
        seconds: float,
        variations: float,
        random_seed: float | None,
        context_seconds: float,
        focus: float,
        checkpoint: str,
        soundfont: str,
        room: float,
        audio_format: str,
        stay_in_key: float,
        midi_notes: str,
        request: gr.Request,
    ) -> Iterator[tuple[list[str], list[str], dict[str, Any]]]:
        """See DESCRIPTION; raises gr.Error with the sentence of a MusictxError."""
        try:
            heat, choices, share = preset_values(preset) or (temperature, top_k, top_p)
            number = new_random_seed() if random_seed in (None, DRAWN) else random_seed
            name = checkpoint or default_checkpoint(self._studio.checkpoints())
            sampling = (heat, choices, share, focus, stay_in_key)
            settings = read_settings(*sampling, seconds, context_seconds, variations, number, name)
            self._permit(settings.checkpoint, None, request)
            written = _formats(midi_notes, audio_format)
            render = read_sound(self._piano(soundfont), room)
            seed, progress = self._run(seed_file, settings, request)
            with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
                yield self._write(seed, progress, settings, render, Path(folder), written)
        except MusictxError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def _piano(self, name: str) -> str | None:
        """The SoundFont asked for, None for the best one; AudioError, before work starts, if there is none of it."""
        known = [font.name for font in self._studio.soundfonts()]
        if name and name not in known:
            raise AudioError(f"No SoundFont named {name!r}. There are: {', '.join(known)}.")
        return name or None

    def _run(self, seed_file: str | None, settings: ComposeSettings, request: gr.Request) -> tuple[Seed, Progress]:
        if not seed_file:
            raise MidiError("seed_file is missing: give a .mid file, for example seed_file=handle_file('seed.mid').")
        size = Path(seed_file).stat().st_size
        if size > LIMIT_BYTES:
            raise MidiError(f"seed_file has {size / 2**20:.1f} MB; a seed may have {LIMIT_BYTES / 2**20:.0f} MB.")
        seed = self._studio.read_seed(seed_file, text.uploaded_name(seed_file))
        # One program may ask for several pieces at once, which all end when it is gone.
        session = part_of(str(request.session_hash), uuid.uuid4())
        flag = self._visitors.current(session)
        try:
            return seed, deque(self._studio.compose(seed, settings, flag.is_set), maxlen=1).pop()
        finally:
            self._visitors.end(session, flag)

    def _write(
        self,
        seed: Seed,
        progress: Progress,
        settings: ComposeSettings,
        render: RenderSettings,
        folder: Path,
        formats: tuple[str, str],
    ) -> tuple[list[str], list[str], dict[str, Any]]:
        """Files of all takes, of `formats`: MIDI, then sound; and the facts about them."""
        midi, audio = [], []
        for take in progress.takes:
            paths = renamed(self._studio.export(take, folder, render, formats), take_stem(seed.name, take))
            midi.append(str(paths[formats[0]]))
            audio.append(str(paths[formats[1]]))
        facts = {
            "takes": [_facts(take) | {"shared_passage": self._shared(take)} for take in progress.takes],
            "tokens": int(progress.tokens),
            "tokens_per_second": round(float(progress.tokens_per_second), 1),
            "first_note_s": progress.first_note_s,
            "settings": asdict(settings),
        }
        return midi, audio, facts

    def _shared(self, take: Take) -> dict[str, Any] | None:
        """The longest passage of a take that is in the training data; None where nobody can say."""
        found = self._studio.sharing(take)
        return None if found is None else sharing_facts(found)


def _formats(midi_notes: str, audio_format: str) -> tuple[str, str]:
    """What is written of a take, as `Studio.export` names it; SettingsError before work starts."""
    if midi_notes not in MIDI_NOTES:
        raise SettingsError(f"midi_notes must be one of {', '.join(MIDI_NOTES)}. Received: {midi_notes!r}")
    if audio_format not in SOUNDS:
        raise SettingsError(f"audio_format must be one of {', '.join(SOUNDS)}. Received: {audio_format!r}")
    return MIDI_NOTES[midi_notes], audio_format


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


def build_api(music: ComposeHandlers) -> None:
    """Adds the endpoint; its components only give names, types and defaults, and are not on the page."""
    with gr.Row(visible=False):
        inputs: list[Any] = [
            gr.File(label="Seed: a .mid or .midi file up to 2 MB", file_types=[*MIDI_SUFFIXES]),
            gr.Radio([*SAMPLING_PRESETS, CUSTOM], value=DEFAULT_PRESET, label="Preset"),
            gr.Number(0.8, label="Temperature, 0 to 2 (custom only)"),
            gr.Number(10, label="Top-k, 0 = all (custom only)"),
            gr.Number(0.92, label="Top-p, 0 to 1 (custom only)"),
            gr.Number(DEFAULT_SECONDS, label="Seconds of new music, 5 to 180"),
            gr.Number(1, label="Variations, 1 to 4"),
            gr.Number(DRAWN, label="Random seed; -1: one is drawn and told"),
            gr.Number(DEFAULT_CONTEXT_SECONDS, label="Seconds of the seed used as context"),
            gr.Number(1, label="Focus: scales the attention temperature, {:g} to {:g}".format(*FOCUS_RANGE)),
            gr.Textbox("", label="Checkpoint by name; empty: the page's default"),
            gr.Textbox("", label="SoundFont by name; empty: the best found"),
            gr.Number(DEFAULT_ROOM, label="Room, 0 dry to 1"),
            gr.Radio([*SOUNDS], value="mp3", label="Format of the sound"),
            # What came later stands last: programs may give what stands before it by position.
            gr.Number(1, label="Stay in key: how strongly a take comes back to the seed's pitch classes, 0 to 2"),
            gr.Radio(
                [*MIDI_NOTES], value="all", label="Notes of the MIDI files: all, or the new ones from the join on"
            ),
        ]
        outputs: list[Any] = [
            gr.File(file_count="multiple", label="MIDI files, one a take"),
            gr.File(file_count="multiple", label="Sound files, one a take"),
            gr.JSON(label="Facts about the takes and the settings used"),
        ]
        button = gr.Button("compose")
    button.click(
        Api(music).compose,
        inputs,
        outputs,
        api_name="compose",
        api_description=DESCRIPTION,
        concurrency_id=GENERATION,
        concurrency_limit=music.visitors.at_once,
    )
