"""The table of generation settings: each is declared once, as a field of a dataclass, with all that is said of it.

From the table come the checks, the page's sliders and their reset, the two sides of a comparison, what the browser
keeps, the parameters of /compose and the options of the command line.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from musictx.errors import SettingsError

NUMBER, WHOLE, NAME = "number", "whole", "name"  # kinds of values


@dataclass(frozen=True)
class Setting:
    """One setting.

    name: of the field. kind: NUMBER, WHOLE or NAME. low, high: what is valid, of numbers. step: of its slider.
    label: what the page calls it; hint: the few words beside its slider. meaning: for the command line and /compose.
    glossary: for the About tab. error_name: in a sentence that refuses a value. of_preset: whether a preset sets it.
    of_side: whether each side of a comparison has its own. shown: the slider's ends, where these are not low and high.
    element: id of its control, where that is not the name. choices: of a NAME that is no file's.
    """

    name: str
    kind: str
    default: Any
    low: float = -math.inf
    high: float = math.inf
    step: float = 1.0
    label: str = ""
    hint: str = ""
    meaning: str = ""
    glossary: str = ""
    error_name: str = ""
    of_preset: bool = False
    of_side: bool = False
    shown: tuple[float, float] | None = None
    element: str = ""
    choices: tuple[str, ...] = ()

    @property
    def on_page(self) -> bool:
        """Whether the page has a control for it."""
        return bool(self.label)

    @property
    def has_slider(self) -> bool:
        """Whether that is a slider."""
        return bool(self.hint)

    @property
    def slider_ends(self) -> tuple[float, float]:
        """Lowest and highest value of the slider."""
        return self.shown or (self.low, self.high)

    @property
    def element_id(self) -> str:
        """Id of the control on the page, behind a tab's prefix."""
        return self.element or self.name.replace("_", "-")

    def check(self, value: Any) -> None:
        """Raises SettingsError unless `value` is valid."""
        said = self.error_name or self.name
        if self.kind == NUMBER:
            check_range(said, value, self.low, self.high)
        elif self.kind == WHOLE:
            check_whole(said, value, int(self.low), int(self.high))
        elif self.choices and value not in self.choices:
            raise SettingsError(f"{said} must be one of {self.choices}. Received: {value!r}")

    def read(self, value: Any) -> Any:
        """A raw value, of a slider or a program, as this setting's kind; SettingsError if it is none."""
        said = self.label.lower() or self.name
        if self.kind == NAME:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise SettingsError(f"{said} must be a number. Received: {value!r}")
        if self.kind == NUMBER:
            return float(value)
        if value != int(value):
            raise SettingsError(f"{said} must be a whole number. Received: {value!r}")
        return int(value)


def setting(default: Any, kind: str = NUMBER, **about: Any) -> Any:
    """A field of a settings dataclass; `about` as in `Setting`."""
    return dataclasses.field(default=default, metadata={"about": {"kind": kind, "default": default, **about}})


@lru_cache(maxsize=8)
def settings_of(cls: Any) -> tuple[Setting, ...]:
    """The settings that are declared in the dataclass `cls`, in its order."""
    fields = [field for field in dataclasses.fields(cls) if "about" in field.metadata]
    return tuple(Setting(field.name, **field.metadata["about"]) for field in fields)


def check_settings(values: Any) -> None:
    """Raises SettingsError unless every declared setting of the dataclass instance `values` is valid."""
    cls: Any = type(values)
    for each in settings_of(cls):
        each.check(getattr(values, each.name))


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raises SettingsError unless low <= value <= high (NaN never is)."""
    if not low <= value <= high:
        raise SettingsError(f"{name} must lie between {_figure(low)} and {_figure(high)}. Received: {value!r}")


def check_whole(name: str, value: float, low: int, high: int) -> None:
    """Raises SettingsError unless `value` is a whole number with low <= value <= high."""
    check_range(name, value, low, high)
    if value != int(value):
        raise SettingsError(f"{name} must be a whole number. Received: {value!r}")


def _figure(value: float) -> str:
    """A bound as people write it: 2,147,483,647 and 0.25."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
