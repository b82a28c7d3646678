"""From the Run step's controls to RunSettings, and back."""

from __future__ import annotations

import math
from typing import Any

from musictx.errors import SettingsError
from musictx.workshop.runs.settings import RunSettings

SCRATCH = "scratch"  # the base picker's value for no base: a Dropdown takes no ""
# The controls' order. Whole numbers arrive from the browser as floats.
FIELDS = (
    "name",
    "base",
    "method",
    "epochs",
    "architecture",
    "width",
    "blocks",
    "lora_rank",
    "lora_layers",
    "steps",
    "learning_rate",
    "batch",
    "length",
    "transpose",
    "stretch",
    "label_smoothing",
    "precision",
    "sample_every",
    "max_minutes",
    "seed",
)
WHOLE = ("width", "blocks", "lora_rank", "steps", "batch", "length", "transpose", "sample_every", "seed")
NUMBERS = ("epochs", "learning_rate", "stretch", "label_smoothing", "max_minutes")
NAMES = {"epochs": "passes", "lora_rank": "rank", "sample_every": "sample every", "max_minutes": "most minutes"}


def read_run(*values: Any) -> RunSettings:
    """Settings from raw values in the order of FIELDS; SettingsError names the one that does not fit."""
    fields = dict(zip(FIELDS, values, strict=True))
    for name in (*WHOLE, *NUMBERS):
        fields[name] = _number(NAMES.get(name, name.replace("_", " ")), fields[name], name in WHOLE)
    fields["name"] = str(fields["name"] or "").strip()
    if not fields["name"]:
        raise SettingsError("The run has no name. Give it one, so that you find it again.")
    if not fields["base"]:
        raise SettingsError("Choose what to start from: a checkpoint, or From scratch.")
    if fields["base"] == SCRATCH:
        fields |= {"base": "", "method": "full"}
    fields["lora_layers"] = tuple(fields["lora_layers"] or ())
    return RunSettings(**fields)


def write_run(settings: RunSettings) -> tuple[Any, ...]:
    """The values for the controls that `read_run` reads, in its order."""
    fields = {name: getattr(settings, name) for name in FIELDS}
    return tuple((fields | {"base": settings.base or SCRATCH, "lora_layers": list(settings.lora_layers)}).values())


def shown_for(base: str | None, method: str | None, architecture: str | None) -> tuple[bool, bool, bool, bool]:
    """Which controls mean something: (method, architecture, width and blocks, rank and layers)."""
    scratch = base == SCRATCH
    return not scratch, scratch, scratch and architecture == "custom", not scratch and method == "lora"


def _number(name: str, value: Any, whole: bool) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(f"{name} must be a number. Received: {value!r}")
    if not whole:
        return float(value)
    if value != int(value):
        raise SettingsError(f"{name} must be a whole number. Received: {value!r}")
    return int(value)
