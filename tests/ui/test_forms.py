"""Controls to settings and back."""

from __future__ import annotations

import math

import pytest

from musictx.config import FOCUS_RANGE, SAMPLING_PRESETS, SamplingConfig
from musictx.errors import SettingsError
from musictx.settings import settings_of
from musictx.ui.controls import setting_knob
from musictx.ui.forms import COMPOSE, named, preset_of, preset_values, read_settings, write_settings

VALUES = (0.8, 10, 0.92, 1.0, 0.5, 30, 60, 2, 48213, "enhanced")


def test_settings_survive_the_round_trip() -> None:
    values = named(COMPOSE, VALUES)
    assert write_settings(read_settings(values)) == values


@pytest.mark.parametrize(
    ("index", "value", "word"),
    [
        (0, 2.5, "temperature"),
        (0, math.nan, "temperature"),
        (1, 2.5, "top-k"),
        (2, 0, "top_p"),
        (3, 0.25, "focus"),
        (3, 4, "focus"),
        (4, 3, "stay in key"),
        (5, 1000, "length"),
        (7, 5, "variations"),
        (8, None, "random seed"),
        (8, -1, "random seed"),
        (9, None, "checkpoint"),
    ],
)
def test_a_value_that_does_not_fit_is_named(index: int, value: object, word: str) -> None:
    values = [*VALUES]
    values[index] = value  # type: ignore[call-overload]
    with pytest.raises(SettingsError, match=word):
        read_settings(named(COMPOSE, values))


def test_the_slider_of_the_focus_ends_where_its_range_does() -> None:
    slider = setting_knob(next(each for each in settings_of(SamplingConfig) if each.name == "focus"))
    assert (slider.minimum, slider.maximum) == FOCUS_RANGE
    for end in FOCUS_RANGE:
        assert read_settings({**named(COMPOSE, VALUES), "focus": end}).sampling.focus == end


@pytest.mark.parametrize("name", SAMPLING_PRESETS)
def test_a_preset_is_recognised_by_its_values(name: str) -> None:
    values = preset_values(name)
    assert values is not None and preset_of(values) == name
    assert preset_of({**values, "temperature": values["temperature"] + 0.05}) == "custom"


def test_custom_moves_nothing() -> None:
    assert preset_values("custom") is None
