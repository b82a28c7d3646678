"""From the page's controls to the studio's settings, and back: by the table of generation settings, and by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from musictx.config import SAMPLING_PRESETS, ComposeSettings, RenderSettings, SamplingConfig
from musictx.errors import SettingsError
from musictx.settings import Setting, settings_of

CUSTOM = "custom"
SAMPLING = tuple(each for each in settings_of(SamplingConfig) if each.on_page)
# Everything that the Compose tab has a control for.
COMPOSE: tuple[Setting, ...] = (*SAMPLING, *settings_of(ComposeSettings))
OF_PRESET = tuple(each for each in SAMPLING if each.of_preset)
# What each side of a comparison has for its own.
OF_SIDE = tuple(each for each in COMPOSE if each.of_side)


def names(settings: Sequence[Setting]) -> tuple[str, ...]:
    """Their names, in order."""
    return tuple(each.name for each in settings)


def named(settings: Sequence[Setting], values: Sequence[Any]) -> dict[str, Any]:
    """Values by name, as Gradio gives them for the controls of `settings`."""
    return dict(zip(names(settings), values, strict=True))


def read_settings(values: Mapping[str, Any]) -> ComposeSettings:
    """Settings from raw values by name, those missing as usual; SettingsError names what does not fit."""
    if values.get("checkpoint", "") is None:
        raise SettingsError(
            "There is no checkpoint to compose with. Put one into checkpoints/ and start the page again."
        )
    read = {each.name: each.read(values[each.name]) for each in COMPOSE if each.name in values}
    sampling = {name: read.pop(name) for name in names(SAMPLING) if name in read}
    return ComposeSettings(sampling=SamplingConfig(**sampling), **read)


def write_settings(settings: ComposeSettings) -> dict[str, Any]:
    """The values for the controls, by name."""
    sampling = {name: getattr(settings.sampling, name) for name in names(SAMPLING)}
    return sampling | {each.name: getattr(settings, each.name) for each in settings_of(ComposeSettings)}


def usual_settings() -> dict[str, Any]:
    """Every setting as it is at first sight, by name."""
    return {each.name: each.default for each in COMPOSE}


def read_sound(soundfont: str | None, room: float | None) -> RenderSettings:
    """How takes are to sound."""
    if room is None:
        return RenderSettings(soundfont=soundfont)
    if isinstance(room, bool) or not isinstance(room, int | float) or not math.isfinite(room):
        raise SettingsError(f"room must be a number. Received: {room!r}")
    return RenderSettings(soundfont=soundfont, room=float(room))


def preset_values(preset: str) -> dict[str, Any] | None:
    """What a preset sets, by name; None for "custom", which leaves everything as it is."""
    if preset == CUSTOM:
        return None
    return {name: getattr(SAMPLING_PRESETS[preset], name) for name in names(OF_PRESET)}


def preset_of(values: Mapping[str, Any]) -> str:
    """The preset that has these values, else "custom"."""
    for preset in SAMPLING_PRESETS:
        wanted = preset_values(preset) or {}
        if all(values[name] is not None and math.isclose(values[name], want) for name, want in wanted.items()):
            return preset
    return CUSTOM


def sampling_words(sampling: SamplingConfig) -> str:
    """A preset by name, other settings by their figures, and what of the rest is not as usual."""
    values = {name: getattr(sampling, name) for name in names(SAMPLING)}
    preset = preset_of(values)
    said = (
        [f"{each.label.lower()} {values[each.name]:g}" for each in OF_PRESET] if preset == CUSTOM else [preset.title()]
    )
    others = [each for each in SAMPLING if not each.of_preset and values[each.name] != each.default]
    return ", ".join([*said, *(f"{each.label.lower()} {values[each.name]:g}" for each in others)])
