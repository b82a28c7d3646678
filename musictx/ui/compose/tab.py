"""The Compose tab: its controls and where they stand. What they do is in compose_events.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.takes import CONTEXT_RANGE_S, MOST_VARIATIONS
from musictx.ui.component import knob
from musictx.ui.controls import (
    DEFAULT_CONTEXT_SECONDS,
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    actions,
    checkpoint_picker,
    focus_knob,
    key_knob,
    length_knob,
    licence_of,
    panel_title,
    preset_radio,
    random_seed_row,
    sampling_knobs,
    seed_panel,
)
from musictx.ui.player.desk import Desk
from musictx.ui.player.stage import build_stage
from musictx.ui.player.stage_view import Picture
from musictx.ui.server.warm_up import WarmUp

if TYPE_CHECKING:
    from musictx.studio import Studio

WHAT = "A neural network continues your piano music: choose or bring a phrase, press Generate, listen."
# As measured: docs/experiments.md, "The ends of the sliders".
PRESETS_DIFFER = "Precise repeats itself most, on the fewest keys; Creative least, on the most."


@dataclass(frozen=True)
class ComposeTab:
    """The components that take part in events; `settings` are in the order of `forms.read_settings`."""

    desk: gr.State
    seed: gr.Dropdown
    upload: gr.UploadButton
    report: gr.HTML
    preset: gr.Radio
    temperature: gr.Slider
    top_k: gr.Slider
    top_p: gr.Slider
    seconds: gr.Slider
    context_seconds: gr.Slider
    focus: gr.Slider
    stay_in_key: gr.Slider
    variations: gr.Slider
    random_seed: gr.Number
    dice: gr.Button
    checkpoint: gr.Dropdown
    soundfont: gr.Dropdown
    room: gr.Slider
    generate: gr.Button
    stop: gr.Button
    reset: gr.Button
    hint: gr.HTML
    stage: gr.HTML

    @property
    def settings(self) -> list[Any]:
        """Inputs that make up ComposeSettings."""
        return [
            *self.sampling,
            self.focus,
            self.stay_in_key,
            self.seconds,
            self.context_seconds,
            self.variations,
            self.random_seed,
            self.checkpoint,
        ]

    @property
    def sampling(self) -> list[Any]:
        """What a preset sets."""
        return [self.temperature, self.top_k, self.top_p]

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
            parts |= seed_panel(studio, report)
            parts |= _creativity_panel(studio, warm_up.checkpoint)
            parts |= actions("")
        with gr.Column(scale=1, min_width=320, elem_id="result", elem_classes="result"):
            parts["stage"] = build_stage(first.value())
    return ComposeTab(**parts)


def _creativity_panel(studio: Studio, checkpoint: str | None) -> dict[str, Any]:
    """Presets, the three sliders they move, length; the rest one click away."""
    with gr.Column(elem_classes="sheet"):
        with gr.Row(elem_classes="panel-head"):
            panel_title("Creativity")
            reset = gr.Button("Reset", size="sm", elem_id="reset")
        parts: dict[str, Any] = {"preset": preset_radio(DEFAULT_PRESET), "reset": reset}
        gr.HTML(f'<p class="preset-words">{PRESETS_DIFFER}</p>', apply_default_css=False)
        parts |= sampling_knobs(DEFAULT_PRESET)
        parts["seconds"] = length_knob()
        with gr.Accordion("More", open=False, elem_id="more", elem_classes="more"):
            return parts | _more(studio, checkpoint)


def _more(studio: Studio, checkpoint: str | None) -> dict[str, Any]:
    """What most visitors never need."""
    parts: dict[str, Any] = {
        "variations": knob("variations", 1, MOST_VARIATIONS, 1, 1, "Variations", "takes side by side", whole=True),
        "context_seconds": knob(
            "context", 5, CONTEXT_RANGE_S[1], DEFAULT_CONTEXT_SECONDS, 5, "Context", "last seconds of the seed"
        ),
        "focus": focus_knob(),
        "stay_in_key": key_knob(),
    }
    parts |= random_seed_row()
    parts["checkpoint"] = checkpoint_picker(studio, checkpoint)
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
