"""Controls that more than one tab has: the seed panel, a preset's sliders, pickers, Generate and Stop.

Each takes a prefix for the ids of its parts and returns them by name.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import FOCUS_RANGE, SAMPLING_PRESETS, SamplingConfig
from musictx.midi.files import MIDI_SUFFIXES
from musictx.takes import DEFAULT_CHECKPOINT, LARGEST_SEED, LENGTH_RANGE_S
from musictx.ui.component import knob
from musictx.ui.sources import HERE

if TYPE_CHECKING:
    from musictx.studio import Studio

PRESETS = [(name.title(), name) for name in SAMPLING_PRESETS] + [("Custom", "custom")]
DEFAULT_PRESET = "balanced"
GENERATE = "Generate"
RANDOM_SEEDS = 100_000  # five figures: short enough to be noted on paper
DEFAULT_SECONDS, DEFAULT_CONTEXT_SECONDS, DEFAULT_ROOM = 30, 60, 0.2


def new_random_seed() -> int:
    """A random-seed number that has not been on show before, most likely."""
    return random.SystemRandom().randrange(RANDOM_SEEDS)


def panel_title(words: str) -> None:
    """The heading of a panel."""
    gr.HTML(f'<h2 class="panel-title">{escape(words)}</h2>', apply_default_css=False)


def seed_panel(studio: Studio, report: str, prefix: str = "") -> dict[str, Any]:
    """Which music to continue, and what was found in it: seed, upload, report."""
    choices = seed_choices(studio)
    with gr.Column(elem_id=f"{prefix}seed-panel", elem_classes="sheet seed-panel"):
        with gr.Row(elem_classes="panel-head"):
            panel_title("Seed")
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


def sampling_knobs(preset: str, prefix: str = "", of: str = "") -> dict[str, Any]:
    """The three sliders that a preset moves: temperature, top_k, top_p."""
    start = SAMPLING_PRESETS[preset]
    return {
        "temperature": knob(
            f"{prefix}temperature", 0, 2, start.temperature, 0.05, f"Temperature{of}", "calmer … wilder"
        ),
        "top_k": knob(
            f"{prefix}top-k", 0, 100, start.top_k, 1, f"Top-k{of}", "keys to choose from, 0 = all", whole=True
        ),
        "top_p": knob(f"{prefix}top-p", 0.05, 1, start.top_p, 0.01, f"Top-p{of}", "the likely … the rare"),
    }


def focus_knob(prefix: str = "", of: str = "") -> gr.Slider:
    """What scales the attention temperature."""
    return knob(f"{prefix}focus", *FOCUS_RANGE, 1.0, 0.05, f"Focus{of}", "attention: narrow … wide")


def key_knob(prefix: str = "", of: str = "") -> gr.Slider:
    """How firmly a take stays in the pitch classes of the seed: notes of others are foreign."""
    usual = SamplingConfig().stay_in_key
    return knob(f"{prefix}stay-in-key", 0, 2, usual, 0.1, f"Stay in key{of}", "foreign notes: more … fewer")


def length_knob(prefix: str = "") -> gr.Slider:
    """How much new music."""
    return knob(f"{prefix}seconds", *LENGTH_RANGE_S, DEFAULT_SECONDS, 1, "Length", "seconds of new music")


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
