"""The Compare tab: its controls and where they stand. What they do is in compare_events.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.ui.component import build_component
from musictx.ui.controls import (
    DEFAULT_CONTEXT_SECONDS,
    DEFAULT_PRESET,
    actions,
    checkpoint_picker,
    panel_title,
    preset_radio,
    random_seed_row,
    seed_panel,
    setting_knobs,
)
from musictx.ui.forms import COMPOSE, OF_SIDE, names, preset_values
from musictx.ui.player.desk import Desk
from musictx.ui.player.picture import Picture

if TYPE_CHECKING:
    from musictx.studio import Studio

OTHER_PRESET = "creative"  # B's, where there is no other checkpoint to compare with


@dataclass(frozen=True)
class SideControls:
    """What A or B is made with; `controls`: of every setting in `forms.OF_SIDE`, by name."""

    preset: gr.Radio
    controls: dict[str, Any]

    @property
    def settings(self) -> list[Any]:
        """The controls in the order of `forms.OF_SIDE`."""
        return [self.controls[name] for name in names(OF_SIDE)]


@dataclass(frozen=True)
class CompareTab:
    """The components that take part in events.

    desk: what is on show. votes: what was preferred in this visit; the browser does not know it. context_seconds: how
    much of the seed is listened to, the same for both.
    """

    desk: gr.State
    votes: gr.State
    context_seconds: gr.State
    seed: gr.Dropdown
    upload: gr.UploadButton
    report: gr.HTML
    a: SideControls
    b: SideControls
    seconds: gr.Slider
    random_seed: gr.Number
    dice: gr.Button
    same_seed: gr.Checkbox
    blind: gr.Checkbox
    generate: gr.Button
    stop: gr.Button
    hint: gr.HTML
    stage: gr.HTML

    @property
    def settings(self) -> list[Any]:
        """Inputs that make up the settings of both sides."""
        return [self.seconds, self.random_seed, self.same_seed, *self.a.settings, *self.b.settings]

    @property
    def remembered(self) -> dict[str, Any]:
        """What the browser keeps, by name; a side's settings behind its letter."""
        both = {"seconds": self.seconds, "random_seed": self.random_seed}
        both |= {"same_seed": self.same_seed, "blind": self.blind}
        sides = (("a", self.a), ("b", self.b))
        return both | {f"{letter} {name}": side.controls[name] for letter, side in sides for name in names(OF_SIDE)}


def build_compare(studio: Studio, first: Picture, report: str, checkpoint: str | None) -> CompareTab:
    """Lays the tab out inside the Blocks that are being built; `checkpoint` is the page's own, and A's."""
    other = other_checkpoint(studio.checkpoints(), checkpoint)
    parts: dict[str, Any] = {
        "desk": gr.State(Desk(first)),
        "votes": gr.State(()),
        "context_seconds": gr.State(DEFAULT_CONTEXT_SECONDS),
    }
    with gr.Row(elem_id="compare", elem_classes="columns", equal_height=False):
        with gr.Column(scale=0, min_width=320, elem_classes="controls"):
            parts |= seed_panel(studio, report, "compare-")
            parts["a"] = _side(studio, "A", checkpoint, DEFAULT_PRESET)
            parts["b"] = _side(studio, "B", other, DEFAULT_PRESET if other != checkpoint else OTHER_PRESET)
            parts |= _both()
            parts |= actions("", "compare-")
        with gr.Column(scale=1, min_width=320, elem_classes="result"):
            scripts = ("compare/compare.js", "compare/compare_input.js")
            parts["stage"] = build_component(
                "compare/compare", first.value(), scripts, ("compare/compare.css",), "compare-stage"
            )
    return CompareTab(**parts)


def other_checkpoint(cards: Sequence[Any], first: str | None) -> str | None:
    """What `first` is compared with before the visitor chooses: another shipped checkpoint, itself if there is none.

    The less its network is like that of `first`, the more the comparison tells.
    """
    networks = {card.name: dataclasses.asdict(card.model) for card in cards}
    own = networks.pop(first, {}) if first else {}
    unlike = {name: sum(value != own.get(key) for key, value in network.items()) for name, network in networks.items()}
    return max(unlike, key=lambda name: unlike[name], default=first)


def _side(studio: Studio, letter: str, checkpoint: str | None, preset: str) -> SideControls:
    """One of the two: checkpoint and preset at first sight, the rest one click away."""
    prefix, of = f"{letter.lower()}-", f" of {letter}"
    with gr.Column(elem_classes="sheet side-controls"):
        panel_title(letter)
        picker = checkpoint_picker(studio, checkpoint, prefix, of)
        radio = preset_radio(preset, prefix, of)
        with gr.Accordion(f"More{of}", open=False, elem_id=f"{prefix}more", elem_classes="more"):
            knobs = setting_knobs(OF_SIDE, prefix, of, preset_values(preset))
    return SideControls(radio, {**knobs, "checkpoint": picker})


def _both() -> dict[str, Any]:
    """What A and B have in common."""
    with gr.Column(elem_classes="sheet"):
        panel_title("Both")
        parts = setting_knobs([each for each in COMPOSE if each.name == "seconds"], "compare-")
        parts |= random_seed_row("compare-")
        parts["same_seed"] = gr.Checkbox(
            True, label="Same random seed", info="without it B takes the next number", elem_id="same-seed"
        )
        parts["blind"] = gr.Checkbox(
            False,
            label="Blind",
            info="drawn by lot and hidden until you have chosen",
            elem_id="blind",
        )
    return parts
