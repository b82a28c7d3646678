"""What programs may give: components that give types, defaults and words, and how their values are read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import SAMPLING_PRESETS, ComposeSettings
from musictx.errors import AudioError, SettingsError
from musictx.midi.files import MIDI_SUFFIXES
from musictx.settings import Setting
from musictx.ui.controls import DEFAULT_PRESET, DEFAULT_ROOM, default_checkpoint, new_random_seed
from musictx.ui.forms import COMPOSE, CUSTOM, SAMPLING, preset_values, read_settings

if TYPE_CHECKING:
    from musictx.studio import Studio

DRAWN = -1  # the random seed of a caller who does not care; the client library needs a default that is not None
SOUNDS = ("wav", "flac", "mp3")
MIDI_NOTES = MappingProxyType({"all": "mid", "continuation": "continuation"})  # of a MIDI file -> its format
# Of /redo: what decides its tokens.
REDO_SETTINGS = (*SAMPLING, *(each for each in COMPOSE if each.name in ("random_seed", "checkpoint")))


def midi_file(what: str) -> Any:
    """A file of a call."""
    return gr.File(label=f"{what}: a .mid or .midi file up to 2 MB", file_types=[*MIDI_SUFFIXES])


def presets() -> Any:
    """Of temperature, top-k and top-p."""
    return gr.Radio([*SAMPLING_PRESETS, CUSTOM], value=DEFAULT_PRESET, label="Preset")


def checkpoint() -> Any:
    """By name."""
    return gr.Textbox("", label="Checkpoint by name; empty: the page's default")


def random_seed() -> Any:
    """Of a caller who cares, or does not."""
    return gr.Number(DRAWN, label="Random seed; -1: one is drawn and told")


def sounds() -> dict[str, Any]:
    """How it sounds, by name of the parameter."""
    return {
        "soundfont": gr.Textbox("", label="SoundFont by name; empty: the best found"),
        "room": gr.Number(DEFAULT_ROOM, label="Room, 0 dry to 1"),
        "audio_format": gr.Radio([*SOUNDS], value="mp3", label="Format of the sound"),
    }


def number_of(setting: Setting) -> Any:
    """A generation setting, from the table."""
    of_custom = " (custom only)" if setting.of_preset else ""
    return gr.Number(setting.default, label=f"{setting.label}: {setting.meaning}{of_custom}")


def settings_of_call(studio: Studio, given: Mapping[str, Any], asked: tuple[Setting, ...] = COMPOSE) -> ComposeSettings:
    """The settings of a call by parameter; SettingsError names what does not fit."""
    if given["preset"] not in (*SAMPLING_PRESETS, CUSTOM):
        known = ", ".join((*SAMPLING_PRESETS, CUSTOM))
        raise SettingsError(f"preset must be one of {known}. Received: {given['preset']!r}")
    values = {each.name: given[each.name] for each in asked} | (preset_values(given["preset"]) or {})
    values["random_seed"] = new_random_seed() if given["random_seed"] in (None, DRAWN) else given["random_seed"]
    values["checkpoint"] = checkpoint_of_call(studio, given["checkpoint"])
    return read_settings(values)


def checkpoint_of_call(studio: Studio, name: str | None) -> str | None:
    """The checkpoint asked for, the page's default for none; None where there is none at all."""
    return name or default_checkpoint(studio.checkpoints())


def piano(studio: Studio, name: str | None) -> str | None:
    """The SoundFont asked for, None for the best one; AudioError, before work starts, if there is none of it."""
    known = [font.name for font in studio.soundfonts()]
    if name and name not in known:
        raise AudioError(f"No SoundFont named {name!r}. There are: {', '.join(known)}.")
    return name or None


def sound_format(audio_format: str) -> str:
    """A format that /compose and /render give; SettingsError before work starts."""
    if audio_format not in SOUNDS:
        raise SettingsError(f"audio_format must be one of {', '.join(SOUNDS)}. Received: {audio_format!r}")
    return audio_format
