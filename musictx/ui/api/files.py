"""/seed_report, /render and /score: facts about a MIDI file, its sound, and how likely a network finds it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from musictx.audio.encode import write_audio
from musictx.config import CONTEXT_RANGE_S, SAMPLE_RATE_HZ, RenderSettings, SamplingConfig
from musictx.errors import MidiError, SettingsError
from musictx.settings import check_range
from musictx.ui.api import inputs
from musictx.ui.api.calls import STOPPED, Calls
from musictx.ui.forms import read_sound

LONGEST_SOUND_S = 300.0  # a sound file of five minutes has 50 MB as WAV
REPORT = (
    "Reads a MIDI file and says what the page says of a seed: length in seconds, notes, range, key and how sure it is, "
    "tempo, tracks, tokens, how much of it is context, and what was left out."
)
RENDER = "Plays a MIDI file of up to five minutes on a sampled piano and returns the sound file."
SCORE = (
    "Says how likely a checkpoint finds a MIDI file: the negative log-likelihood in nats a token, a note and a second, "
    "of as many tokens from its beginning as the network's window holds."
)


class FileEndpoints:
    """The three endpoints; each raises gr.Error with the sentence of a MusictxError."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def report(self, given: dict[str, Any], request: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """See REPORT."""
        with self._calls.sentences():
            context = _number("context_seconds", given["context_seconds"], *CONTEXT_RANGE_S)

            def work(folder: Path, stop: threading.Event, tell: Callable[[Any], None]) -> dict[str, Any]:
                report = self._calls.studio.describe(self._calls.read(given["file"]), context)
                key = {"name": report.key.name, "confidence": round(float(report.key.confidence), 3)}
                return {**asdict(report), "key": key}

            async for answer in self._calls.run(work, request):
                yield answer

    async def render(self, given: dict[str, Any], request: gr.Request) -> AsyncIterator[str]:
        """See RENDER."""
        with self._calls.sentences():
            suffix = inputs.sound_format(given["audio_format"])
            sound = read_sound(inputs.piano(self._calls.studio, given["soundfont"]), given["room"])
            async for answer in self._calls.run(partial(self._render, given["file"], sound, suffix), request):
                yield answer

    def _render(
        self,
        file: str | None,
        sound: RenderSettings,
        suffix: str,
        folder: Path,
        stop: threading.Event,
        tell: Callable[[str], None],
    ) -> str:
        seed = self._calls.read(file)
        length_s = seed.recording.notes.duration_s
        if length_s > LONGEST_SOUND_S:
            raise MidiError(
                f"This file lasts {length_s:.0f} s; at most {LONGEST_SOUND_S:.0f} s are played here. "
                "Cut a passage out of it, or use `python -m musictx render`."
            )
        samples = self._calls.studio.render(seed.recording.notes, sound)
        if stop.is_set():  # nobody waits for the file
            raise SettingsError(STOPPED)
        return str(write_audio(samples, folder / f"{seed.name}.{suffix}", SAMPLE_RATE_HZ))

    async def score(self, given: dict[str, Any], request: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """See SCORE."""
        with self._calls.sentences():
            name = inputs.checkpoint_of_call(self._calls.studio, given["checkpoint"]) or ""
            self._calls.permit(name, None, request)
            focus = _number("focus", given["focus"])
            SamplingConfig(focus=focus)  # refuses what is out of range

            def work(folder: Path, stop: threading.Event, tell: Callable[[Any], None]) -> dict[str, Any]:
                score = self._calls.studio.score(self._calls.read(given["file"]), name, focus)
                if score is None:
                    raise MidiError("This file has no tokens to be scored. Give one with notes.")
                return {**asdict(score), "checkpoint": name, "focus": focus}

            async for answer in self._calls.run(work, request):
                yield answer


def _number(name: str, value: Any, low: float = float("-inf"), high: float = float("inf")) -> float:
    """A number of a call; SettingsError if it is none, or not in range."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingsError(f"{name} must be a number. Received: {value!r}")
    check_range(name, value, low, high)
    return float(value)


def report_parameters() -> dict[str, Any]:
    """What /seed_report takes, by name, inside the Blocks being built."""
    return {"file": inputs.midi_file("Seed"), "context_seconds": gr.Number(60, label="Context in seconds, 1 to 120")}


def render_parameters() -> dict[str, Any]:
    """What /render takes."""
    return {"file": inputs.midi_file("The piece"), **inputs.sounds()}


def score_parameters() -> dict[str, Any]:
    """What /score takes."""
    return {
        "file": inputs.midi_file("The piece"),
        "checkpoint": inputs.checkpoint(),
        "focus": gr.Number(1.0, label="Focus: scales the attention temperature, 0.7 to 1.4"),
    }
