"""From the Run step's controls to RunSettings, and back."""

from __future__ import annotations

from typing import Any

import pytest

from musictx.errors import SettingsError
from musictx.ui.train.form import FIELDS, SCRATCH, read_run, shown_for, write_run
from musictx.workshop.runs.settings import RunSettings


def values(**changes: Any) -> list[Any]:
    """The default form with changes."""
    fields = dict(zip(FIELDS, write_run(RunSettings()), strict=True))
    assert not set(changes) - set(fields)
    return list((fields | changes).values())


def test_the_form_has_every_setting() -> None:
    assert set(FIELDS) == set(RunSettings.__dataclass_fields__)


@pytest.mark.parametrize(
    "settings",
    [
        RunSettings(),
        RunSettings(name="Waltzes", base="", method="full", architecture="custom", width=128, blocks=3, steps=500),
        RunSettings(base="run:r1", lora_layers=("query", "value"), lora_rank=4, max_minutes=2.5, seed=7),
    ],
)
def test_settings_survive_the_form(settings: RunSettings) -> None:
    assert read_run(*write_run(settings)) == settings


def test_whole_numbers_may_come_as_floats() -> None:
    assert read_run(*values(batch=3.0, steps=40.0)).batch == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch": 2.5}, "batch must be a whole number"),
        ({"learning_rate": None}, "learning rate must be a number"),
        ({"learning_rate": float("nan")}, "learning rate must be a number"),
        ({"epochs": True}, "passes must be a number"),
        ({"name": "   "}, "no name"),
        ({"base": None}, "Choose what to start from"),
        ({"lora_layers": []}, "lora_layers"),
        ({"length": 1e9}, "length"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        read_run(*values(**changes))


def test_from_scratch_there_is_nothing_for_lora_to_stand_beside() -> None:
    settings = read_run(*values(base=SCRATCH, method="lora"))
    assert (settings.base, settings.method) == ("", "full")


def test_only_what_means_something_is_shown() -> None:
    assert shown_for("enhanced", "lora", "custom") == (True, False, False, True)
    assert shown_for("enhanced", "full", "custom") == (True, False, False, False)
    assert shown_for(SCRATCH, "lora", "enhanced") == (False, True, False, False)
    assert shown_for(SCRATCH, "full", "custom") == (False, True, True, False)
