"""Controls that more than one tab has: the seed panel, a preset's sliders, pickers, Generate and Stop.

Each takes a prefix for the ids of its parts and returns them by name.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import DEFAULT_CHECKPOINT, LARGEST_SEED, SAMPLING_PRESETS, ComposeSettings, RenderSettings
from musictx.midi.files import MIDI_SUFFIXES
from musictx.settings import WHOLE, Setting
from musictx.ui.component import knob
from musictx.ui.sources import HERE

if TYPE_CHECKING:
    from musictx.studio import Studio

PRESETS = [(name.title(), name) for name in SAMPLING_PRESETS] + [("Custom", "custom")]
DEFAULT_PRESET = "balanced"
GENERATE = "Generate"
RANDOM_SEEDS = 100_000  # five figures: short enough to be noted on paper
DEFAULT_CONTEXT_SECONDS = ComposeSettings().context_seconds
DEFAULT_ROOM = RenderSettings().room


def new_random_seed() -> int:
    """A random-seed number that has not been on show before, most likely."""
    return random.SystemRandom().randrange(RANDOM_SEEDS)


def panel_title(words: str) -> None:
    """The heading of a panel."""
    gr.HTML(f'<h2 class="panel-title">{escape(words)}</h2>', apply_default_css=False)


def seed_panel(studio: Studio, report: str, prefix: str = "", recorder: bool = False) -> dict[str, Any]:
    """Which music to continue, and what was found in it: seed, upload, report.

    recorder: whether the tab has one; its button stands here and works in the browser alone.
    """
    choices = seed_choices(studio)
    with gr.Column(elem_id=f"{prefix}seed-panel", elem_classes="sheet seed-panel"):
        with gr.Row(elem_classes="panel-head"):
            panel_title("Seed")
            if recorder:
                gr.Button("Play it", size="md", elem_id="play-seed", elem_classes="play-seed", min_width=64)
            upload = gr.UploadButton(
                "Upload MIDI",
                file_types=[*MIDI_SUFFIXES],
                size="md",
                elem_id=f"{prefix}upload-seed",
                elem_classes="upload-seed",
            )
        seed = gr.Dropdown(
            choices,
            value=choices[0][1] if choices else None,
            show_label=False,
            label="Built-in seeds",
            elem_id=f"{prefix}seed",
            elem_classes="picker",
        )
        found = gr.HTML(report, elem_id=f"{prefix}seed-report", apply_default_css=False)
    return {"seed": seed, "upload": upload, "report": found}


def seed_choices(studio: Studio) -> list[tuple[str, str]]:
    """The built-in seeds as (title, id)."""
    return [(seed.title, seed.id) for seed in studio.built_in_seeds()]


def preset_radio(preset: str, prefix: str = "", of: str = "") -> gr.Radio:
    """The presets as one segmented control; `of` follows its name where there are two, here and in what is below."""
    return gr.Radio(
        PRESETS, value=preset, label=f"Preset{of}", show_label=False, elem_id=f"{prefix}preset", elem_classes="preset"
    )


def setting_knob(setting: Setting, prefix: str = "", of: str = "", value: Any = None) -> gr.Slider:
    """The slider of a setting, at its usual value if none is given."""
    start = setting.default if value is None else value
    low, high = setting.slider_ends
    name, label = f"{prefix}{setting.element_id}", f"{setting.label}{of}"
    return knob(name, low, high, start, setting.step, label, setting.hint, whole=setting.kind == WHOLE)


def setting_knobs(
    settings: Sequence[Setting], prefix: str = "", of: str = "", values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The sliders of those settings that have one, by name."""
    given = values or {}
    return {each.name: setting_knob(each, prefix, of, given.get(each.name)) for each in settings if each.has_slider}


def random_seed_row(prefix: str = "") -> dict[str, Any]:
    """The number that a piece can be repeated with, and another one: random_seed, dice."""
    with gr.Row(elem_classes="tight random-seed-row"):
        number = gr.Number(
            new_random_seed(),
            label="Random seed",
            info="same number, same piece",
            precision=0,
            minimum=0,
            maximum=LARGEST_SEED,
            elem_id=f"{prefix}random-seed",
            elem_classes=["random-seed", "whole"],
        )
        dice = gr.Button(
            "New",
            size="md",
            elem_id=f"{prefix}dice",
            elem_classes="dice",
            min_width=64,
            icon=str(HERE / "dice.svg"),
        )
    return {"random_seed": number, "dice": dice}


def checkpoint_picker(studio: Studio, value: str | None, prefix: str = "", of: str = "") -> gr.Dropdown:
    """The shipped checkpoints; a visitor's own are added at each visit, see own_checkpoints.py."""
    cards = studio.checkpoints()
    return gr.Dropdown(
        [(card.title, card.name) for card in cards],
        value=value,
        label=f"Checkpoint{of}",
        info=licence_of(cards, value),
        elem_id=f"{prefix}checkpoint",
        elem_classes="picker",
    )


def default_checkpoint(cards: Sequence[Any]) -> str | None:
    """The one we ship if it is there, else the first; None without any."""
    names = [card.name for card in cards]
    return DEFAULT_CHECKPOINT if DEFAULT_CHECKPOINT in names else names[0] if names else None


def licence_of(things: Sequence[Any], name: str | None) -> str:
    """The line under a picker, of checkpoints and of SoundFonts alike: licence, whom to credit, style of music."""
    for thing in things:
        if thing.name == name:
            more = (getattr(thing, attribute, "") for attribute in ("credit", "style"))
            return " · ".join([thing.licence, *filter(None, more)])
    return "your own" if name else "none was found"


def actions(hint: str, prefix: str = "") -> dict[str, Any]:
    """The one primary button, Stop beside it, a line for the model's state: generate, stop, hint."""
    with gr.Column(elem_classes="actions"):
        with gr.Row(elem_classes="tight"):
            generate = gr.Button(
                GENERATE,
                variant="primary",
                size="lg",
                elem_id=f"{prefix}generate",
                elem_classes="generate",
                scale=3,
            )
            stop = gr.Button(
                "Stop",
                size="lg",
                interactive=False,
                elem_id=f"{prefix}stop-generating",
                elem_classes="stop-generating",
                scale=1,
                min_width=76,
            )
        line = gr.HTML(hint, elem_id=f"{prefix}hint", elem_classes="hint", apply_default_css=False)
    return {"generate": generate, "stop": stop, "hint": line}


def generate_ready() -> tuple[Any, Any]:
    """Generate waits for a press, and there is nothing to stop: (generate, stop)."""
    return gr.update(value=GENERATE, interactive=True), gr.update(interactive=False)
