"""What controls that more than one tab has do to each other: presets and their sliders, pickers and their licence."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from musictx.config import SAMPLING_PRESETS
from musictx.ui.controls import licence_of
from musictx.ui.events import QUICK
from musictx.ui.forms import OF_PRESET, names, preset_values

# As `forms.preset_of`.
PRESET_OF = """(...values) => {
  const alike = ([, wanted]) => wanted.every((each, index) => Math.abs(each - values[index]) < 1e-9);
  return Object.entries(PRESETS).find(alike)?.[0] ?? "custom";
}"""


def wire_preset(preset: gr.Radio, controls: dict[str, Any]) -> None:
    """A preset moves its sliders, and a slider moved by hand says which preset that is."""
    sampling = [controls[name] for name in names(OF_PRESET)]

    def choose(name: str) -> Any:
        values = preset_values(name)
        return tuple(values.values()) if values else tuple(gr.skip() for _ in OF_PRESET)

    preset.input(choose, [preset], sampling, **QUICK)
    # In the browser alone: of a number that does not fit its field tells, and the server has nothing to say.
    presets = {name: [*(preset_values(name) or {}).values()] for name in SAMPLING_PRESETS}
    recognise = PRESET_OF.replace("PRESETS", json.dumps(presets))
    for slider in sampling:
        slider.input(None, sampling, [preset], js=recognise, trigger_mode="always_last", **QUICK)


def wire_licence(picker: gr.Dropdown, things: Callable[[], Sequence[Any]]) -> None:
    """The line under a picker follows the choice."""
    picker.change(lambda name: gr.update(info=licence_of(things(), name)), [picker], [picker], **QUICK)
