"""Controls to settings and back."""

from __future__ import annotations

import math
from typing import Any

import pytest

from musictx.config import FOCUS_RANGE, SAMPLING_PRESETS, SamplingConfig
from musictx.errors import SettingsError
from musictx.settings import settings_of
from musictx.ui.controls import setting_knob
from musictx.ui.forms import preset_of, preset_values, read_settings, usual_settings, write_settings

VALUES: dict[str, Any] = {**usual_settings(), "stay_in_key": 0.5, "variations": 2, "random_seed": 48213}


def test_settings_survive_the_round_trip() -> None:
    assert write_settings(read_settings(VALUES)) == VALUES


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("temperature", 2.5, "temperature"),
        ("temperature", math.nan, "temperature"),
        ("top_k", 2.5, "top-k"),
        ("top_p", 0, "top_p"),
        ("focus", 0.25, "focus"),
        ("focus", 4, "focus"),
        ("stay_in_key", 3, "stay in key"),
        ("seconds", 1000, "length"),
        ("variations", 5, "variations"),
        ("random_seed", None, "random seed"),
        ("random_seed", -1, "random seed"),
        ("checkpoint", None, "checkpoint"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: object, word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        read_settings({**VALUES, name: value})


def test_the_slider_of_the_focus_ends_where_its_range_does() -> None:
    slider = setting_knob(next(each for each in settings_of(SamplingConfig) if each.name == "focus"))
    assert (slider.minimum, slider.maximum) == FOCUS_RANGE
    for end in FOCUS_RANGE:
        assert read_settings({**VALUES, "focus": end}).sampling.focus == end


@pytest.mark.parametrize("name", SAMPLING_PRESETS)
def test_a_preset_is_recognised_by_its_values(name: str) -> None:
    values = preset_values(name)
    assert values is not None and preset_of(values) == name
    assert preset_of({**values, "temperature": values["temperature"] + 0.05}) == "custom"


def test_custom_moves_nothing() -> None:
    assert preset_values("custom") is None
