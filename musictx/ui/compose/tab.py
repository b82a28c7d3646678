"""The Compose tab: its controls and where they stand. What they do is in compose_events.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.ui.component import knob
from musictx.ui.controls import (
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    actions,
    checkpoint_picker,
    licence_of,
    panel_title,
    preset_radio,
    random_seed_row,
    seed_panel,
    setting_knobs,
)
from musictx.ui.forms import COMPOSE, OF_PRESET, SAMPLING, names, preset_values
from musictx.ui.player.desk import Desk
from musictx.ui.player.picture import Picture
from musictx.ui.player.stage import build_stage
from musictx.ui.warm_up import WarmUp

if TYPE_CHECKING:
    from musictx.studio import Studio

WHAT = "A neural network continues your piano music: choose or bring a phrase, press Generate, listen."
# As measured: docs/experiments.md, "The ends of the sliders".
PRESETS_DIFFER = "Precise repeats itself most, on the fewest keys; Creative least, on the most."


@dataclass(frozen=True)
class ComposeTab:
    """The components that take part in events.

    controls: of every setting in `forms.COMPOSE`, by name.
    """

    desk: gr.State
    seed: gr.Dropdown
    upload: gr.UploadButton
    report: gr.HTML
    preset: gr.Radio
    controls: dict[str, Any]
    dice: gr.Button
    soundfont: gr.Dropdown
    room: gr.Slider
    generate: gr.Button
    stop: gr.Button
    reset: gr.Button
    hint: gr.HTML
    stage: gr.HTML

    @property
    def settings(self) -> list[Any]:
        """The controls in the order of `forms.COMPOSE`."""
        return [self.controls[name] for name in names(COMPOSE)]

    @property
    def context_seconds(self) -> Any:
        """How much of the seed is listened to."""
        return self.controls["context_seconds"]

    @property
    def sound(self) -> list[Any]:
        """Inputs that make up RenderSettings."""
        return [self.soundfont, self.room]


def build_compose(studio: Studio, first: Picture, report: str, warm_up: WarmUp) -> ComposeTab:
    """Lays the tab out inside the Blocks that are being built; `first` is what every visitor begins with."""
    parts: dict[str, Any] = {"desk": gr.State(Desk(first))}
    with gr.Row(elem_id="compose", elem_classes="columns", equal_height=False):
        with gr.Column(scale=0, min_width=320, elem_classes="controls"):
            gr.HTML(f'<p class="what">{WHAT}</p>', apply_default_css=False)
            parts |= seed_panel(studio, report, recorder=True)
            parts |= _creativity_panel(studio, warm_up.checkpoint)
            parts |= actions("")
        with gr.Column(scale=1, min_width=320, elem_id="result", elem_classes="result"):
            parts["stage"] = build_stage(first.value())
    return ComposeTab(**parts)


def _creativity_panel(studio: Studio, checkpoint: str | None) -> dict[str, Any]:
    """Presets, the sliders that they move, length; the rest one click away."""
    with gr.Column(elem_classes="sheet"):
        with gr.Row(elem_classes="panel-head"):
            panel_title("Creativity")
            reset = gr.Button("Reset", size="sm", elem_id="reset")
        parts: dict[str, Any] = {"preset": preset_radio(DEFAULT_PRESET), "reset": reset}
        gr.HTML(f'<p class="preset-words">{PRESETS_DIFFER}</p>', apply_default_css=False)
        controls = setting_knobs(OF_PRESET, values=preset_values(DEFAULT_PRESET))
        controls |= setting_knobs([each for each in COMPOSE if each.name == "seconds"])
        with gr.Accordion("More", open=False, elem_id="more", elem_classes="more"):
            parts |= _more(studio, checkpoint, controls)
        return parts | {"controls": controls}


def _more(studio: Studio, checkpoint: str | None, controls: dict[str, Any]) -> dict[str, Any]:
    """What most visitors never need; adds to `controls`."""
    rest = [each for each in COMPOSE if each.name not in controls]
    # Takes and context first: they are understood without a word of explanation.
    others, sampling = ([each for each in rest if (each in SAMPLING) is wanted] for wanted in (False, True))
    controls |= setting_knobs([*others[::-1], *sampling])
    parts: dict[str, Any] = random_seed_row()
    controls |= {"random_seed": parts.pop("random_seed"), "checkpoint": checkpoint_picker(studio, checkpoint)}
    fonts = studio.soundfonts()
    parts["soundfont"] = gr.Dropdown(
        [(font.name, font.name) for font in fonts],
        value=fonts[0].name if fonts else None,
        label="SoundFont",
        info=licence_of(fonts, fonts[0].name if fonts else None),
        elem_id="soundfont",
        elem_classes="picker",
    )
    parts["room"] = knob("room", 0, 1, DEFAULT_ROOM, 0.05, "Room", "dry … a hall")
    return parts
