"""The Compose tab: its controls and where they stand. What they do is in compose_events.py."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import SAMPLING_PRESETS
from musictx.takes import CONTEXT_RANGE_S, DEFAULT_CHECKPOINT, LENGTH_RANGE_S
from musictx.ui.component import knob
from musictx.ui.stage import build_stage
from musictx.ui.stage_view import Picture
from musictx.ui.theme import HERE
from musictx.ui.warmth import Warmth

if TYPE_CHECKING:
    from musictx.studio import Studio

PRESETS = [(name.title(), name) for name in SAMPLING_PRESETS] + [("Custom", "custom")]
DEFAULT_PRESET = "balanced"
GENERATE = "Generate"
RANDOM_SEEDS = 100_000  # five figures: short enough to be noted on paper
UPLOADED = "uploaded"  # the seed picker's value for the visitor's own file
DEFAULT_SECONDS, DEFAULT_CONTEXT_SECONDS, DEFAULT_ROOM = 30, 60, 0.2


def new_random_seed() -> int:
    """A random-seed number that has not been on show before, most likely."""
    return random.SystemRandom().randrange(RANDOM_SEEDS)


@dataclass(frozen=True)
class ComposeTab:
    """The components that take part in events; `settings` are in the order of `forms.read_settings`."""

    picture: gr.State
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


def build_compose(studio: Studio, first: Picture, report: str, warmth: Warmth) -> ComposeTab:
    """Lays the tab out inside the Blocks that are being built; `first` is what every visitor begins with."""
    parts: dict[str, Any] = {"picture": gr.State(first)}
    with gr.Row(elem_id="compose", equal_height=False):
        with gr.Column(scale=0, min_width=320, elem_id="controls"):
            parts |= _seed_panel(studio, report)
            parts |= _creativity_panel(studio, warmth.checkpoint)
            parts |= _actions(warmth.sentence())
        with gr.Column(scale=1, min_width=320, elem_id="result"):
            parts["stage"] = build_stage(first.value())
    return ComposeTab(**parts)


def _title(words: str) -> None:
    gr.HTML(f'<h2 class="panel-title">{escape(words)}</h2>', apply_default_css=False)


def _seed_panel(studio: Studio, report: str) -> dict[str, Any]:
    """Which music to continue, and what was found in it."""
    choices = seed_choices(studio)
    with gr.Column(elem_id="seed-panel", elem_classes="seed-panel"):
        with gr.Row(elem_classes="panel-head"):
            _title("Seed")
            upload = gr.UploadButton("Upload MIDI", file_types=[".mid", ".midi"], size="md", elem_id="upload-seed")
        seed = gr.Dropdown(
            choices, value=choices[0][1] if choices else None, show_label=False, label="Built-in seeds", elem_id="seed"
        )
        return {
            "seed": seed,
            "upload": upload,
            "report": gr.HTML(report, elem_id="seed-report", apply_default_css=False),
        }


def seed_choices(studio: Studio) -> list[tuple[str, str]]:
    """The built-in seeds as (title, id)."""
    return [(seed.title, seed.id) for seed in studio.built_in_seeds()]


def _creativity_panel(studio: Studio, checkpoint: str | None) -> dict[str, Any]:
    """Presets, the three sliders they move, length; the rest one click away."""
    start = SAMPLING_PRESETS[DEFAULT_PRESET]
    with gr.Column(elem_id="creativity-panel"):
        with gr.Row(elem_classes="panel-head"):
            _title("Creativity")
            reset = gr.Button("Reset", size="sm", elem_id="reset")
        preset = gr.Radio(PRESETS, value=DEFAULT_PRESET, label="Preset", show_label=False, elem_id="preset")
        parts = {
            "preset": preset,
            "reset": reset,
            "temperature": knob("temperature", 0, 2, start.temperature, 0.05, "Temperature", "calmer … wilder"),
            "top_k": knob("top-k", 0, 100, start.top_k, 1, "Top-k", "choices a step, 0 = all"),
            "top_p": knob("top-p", 0.05, 1, start.top_p, 0.01, "Top-p", "the likely … the rare"),
            "seconds": knob("seconds", *LENGTH_RANGE_S, DEFAULT_SECONDS, 1, "Length", "seconds of new music"),
        }
        with gr.Accordion("More", open=False, elem_id="more"):
            return parts | _more(studio, checkpoint)


def _more(studio: Studio, checkpoint: str | None) -> dict[str, Any]:
    """What most visitors never need."""
    parts: dict[str, Any] = {
        "variations": knob("variations", 1, 4, 1, 1, "Variations", "takes side by side"),
        "context_seconds": knob(
            "context", 5, CONTEXT_RANGE_S[1], DEFAULT_CONTEXT_SECONDS, 5, "Context", "last seconds of the seed"
        ),
        "focus": knob("focus", 0.25, 4, 1.0, 0.05, "Focus", "attention: narrow … wide"),
    }
    with gr.Row(elem_classes="tight", elem_id="random-seed-row"):
        parts["random_seed"] = gr.Number(
            new_random_seed(),
            label="Random seed",
            info="same number, same piece",
            precision=0,
            minimum=0,
            maximum=2**31 - 1,
            elem_id="random-seed",
        )
        parts["dice"] = gr.Button("New", size="md", elem_id="dice", min_width=64, icon=str(HERE / "dice.svg"))
    cards, fonts = studio.checkpoints(), studio.soundfonts()
    parts["checkpoint"] = gr.Dropdown(
        [(card.title, card.name) for card in cards],
        value=checkpoint,
        label="Checkpoint",
        info=licence_of(cards, checkpoint),
        elem_id="checkpoint",
    )
    parts["soundfont"] = gr.Dropdown(
        [(font.name, font.name) for font in fonts],
        value=fonts[0].name if fonts else None,
        label="SoundFont",
        info=licence_of(fonts, fonts[0].name if fonts else None),
        elem_id="soundfont",
    )
    parts["room"] = knob("room", 0, 1, DEFAULT_ROOM, 0.05, "Room", "dry … a hall")
    return parts


def default_checkpoint(cards: Sequence[Any]) -> str | None:
    """The one we ship if it is there, else the first; None without any."""
    names = [card.name for card in cards]
    return DEFAULT_CHECKPOINT if DEFAULT_CHECKPOINT in names else names[0] if names else None


def licence_of(things: Sequence[Any], name: str | None) -> str:
    """The licence line under a picker: of checkpoints and of SoundFonts alike."""
    for thing in things:
        if thing.name == name:
            credit = getattr(thing, "credit", "")
            return f"{thing.licence} · {credit}" if credit else thing.licence
    return "none was found"


def _actions(hint: str) -> dict[str, Any]:
    """The one primary button, Stop beside it, a line for the model's state."""
    with gr.Column(elem_id="actions"):
        with gr.Row(elem_classes="tight"):
            generate = gr.Button(GENERATE, variant="primary", size="lg", elem_id="generate", elem_classes="generate", scale=3)
            stop = gr.Button(
                "Stop",
                size="lg",
                interactive=False,
                elem_id="stop-generating",
                elem_classes="stop-generating",
                scale=1,
                min_width=76,
            )
        line = gr.HTML(hint, elem_id="hint", apply_default_css=False)
    return {"generate": generate, "stop": stop, "hint": line}
