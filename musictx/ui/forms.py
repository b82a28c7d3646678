"""From the page's controls to the studio's settings, and back."""

from __future__ import annotations

import math
from typing import Any

from musictx.config import SAMPLING_PRESETS, SamplingConfig
from musictx.errors import SettingsError
from musictx.takes import ComposeSettings, RenderSettings

CUSTOM = "custom"
SETTINGS = 10  # values that `read_settings` reads
SIDE_INPUTS = 6  # of a side of a comparison: temperature, top-k, top-p, focus, stay in key, checkpoint


def read_settings(
    temperature: float,
    top_k: float,
    top_p: float,
    focus: float,
    stay_in_key: float,
    seconds: float,
    context_seconds: float,
    variations: float,
    random_seed: float | None,
    checkpoint: str | None,
) -> ComposeSettings:
    """Settings from raw values; SettingsError names the one that does not fit."""
    if checkpoint is None:
        raise SettingsError(
            "There is no checkpoint to compose with. Put one into checkpoints/ and start the page again."
        )
    return ComposeSettings(
        sampling=SamplingConfig(
            temperature=_number("temperature", temperature),
            top_k=_whole("top-k", top_k),
            top_p=_number("top-p", top_p),
            focus=_number("focus", focus),
            stay_in_key=_number("stay in key", stay_in_key),
        ),
        seconds=_number("length", seconds),
        context_seconds=_number("context", context_seconds),
        variations=_whole("variations", variations),
        random_seed=_whole("random seed", random_seed),
        checkpoint=checkpoint,
    )


def write_settings(settings: ComposeSettings) -> tuple[Any, ...]:
    """The values for the controls that `read_settings` reads, in its order."""
    sampling = settings.sampling
    return (
        sampling.temperature,
        sampling.top_k,
        sampling.top_p,
        sampling.focus,
        sampling.stay_in_key,
        settings.seconds,
        settings.context_seconds,
        settings.variations,
        settings.random_seed,
        settings.checkpoint,
    )


def read_sound(soundfont: str | None, room: float | None) -> RenderSettings:
    """How takes are to sound."""
    return RenderSettings(soundfont=soundfont, room=0.2 if room is None else _number("room", room))


def preset_values(preset: str) -> tuple[float, int, float] | None:
    """Temperature, top-k and top-p of a preset; None for "custom", which leaves them as they are."""
    if preset == CUSTOM:
        return None
    sampling = SAMPLING_PRESETS[preset]
    return sampling.temperature, sampling.top_k, sampling.top_p


def preset_of(temperature: float, top_k: float, top_p: float) -> str:
    """The preset that has these values, else "custom"."""
    for name, sampling in SAMPLING_PRESETS.items():
        wanted = (sampling.temperature, sampling.top_k, sampling.top_p)
        if all(
            value is not None and math.isclose(value, want)
            for value, want in zip((temperature, top_k, top_p), wanted, strict=True)
        ):
            return name
    return CUSTOM


def sampling_words(sampling: SamplingConfig) -> str:
    """A preset by name, other settings by their figures, and what of the rest is not as usual."""
    preset = preset_of(sampling.temperature, sampling.top_k, sampling.top_p)
    figures = f"temperature {sampling.temperature:g}, top-k {sampling.top_k}, top-p {sampling.top_p:g}"
    focus = "" if sampling.focus == 1 else f", focus {sampling.focus:g}"
    usual = SamplingConfig().stay_in_key
    key = "" if sampling.stay_in_key == usual else f", stay in key {sampling.stay_in_key:g}"
    return (figures if preset == CUSTOM else preset.title()) + focus + key


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(f"{name} must be a number. Received: {value!r}")
    return float(value)


def _whole(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != int(number):
        raise SettingsError(f"{name} must be a whole number. Received: {value!r}")
    return int(number)
