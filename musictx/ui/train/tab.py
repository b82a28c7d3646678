"""The Train tab: its controls and where they stand. What they do is in train_events.py."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.config import DEFAULT_CHECKPOINT
from musictx.training.config import PRECISIONS
from musictx.ui.access.sign_in import has_accounts
from musictx.ui.component import build_component, knob
from musictx.ui.train.dataset_view import DATASET_SUFFIXES, dataset_value
from musictx.ui.train.form import FIELDS, SCRATCH
from musictx.ui.train.listen_view import Listening
from musictx.ui.train.offer_view import HINT_EMPTY, offer_value
from musictx.ui.train.run_view import outcome_value, run_value
from musictx.workshop.runs.settings import ARCHITECTURES, LONGEST_NAME, LORA_LAYERS, RunSettings

if TYPE_CHECKING:
    from musictx.studio import Studio
    from musictx.workshop.workshop import Workshop

METHODS = [("LoRA, light", "lora"), ("All weights", "full")]
POLL_S = 1.5


@dataclass(frozen=True)
class TrainTab:
    """The components that take part in events; `form` has the controls of train_form.FIELDS by name."""

    kept: gr.BrowserState
    notice: gr.HTML
    steps: gr.Row
    add: gr.UploadButton
    folder: gr.Textbox
    read_folder: gr.Button
    dataset: gr.HTML
    form: dict[str, Any]
    load: gr.UploadButton
    save: gr.Button
    offer: gr.HTML
    estimate: gr.Button
    start: gr.Button
    run: gr.HTML
    bring: gr.UploadButton
    brought: gr.Dropdown
    brought_row: gr.Row
    drop: gr.Button
    brought_problem: gr.HTML
    listen: gr.HTML
    outcome: gr.HTML
    timer: gr.Timer

    @property
    def settings(self) -> list[Any]:
        """Inputs that make up RunSettings."""
        return [self.form[name] for name in FIELDS]


def build_train(studio: Studio, workshop: Workshop, kept: gr.BrowserState) -> TrainTab:
    """Lays the tab out inside the Blocks that are being built; whether it is open is asked at each visit.

    Args:
        kept: made outside of the tab, for a browser reads it only where it is on the page from the start.
    """
    parts: dict[str, Any] = {
        "kept": kept,
        "notice": gr.HTML(notice_html(workshop.policy.refusal("")), elem_id="train-notice", apply_default_css=False),
        "timer": gr.Timer(POLL_S, active=False),
    }
    if workshop.policy.trainers and has_accounts():
        gr.LoginButton(elem_id="sign-in", size="md")
    with gr.Row(elem_id="train", equal_height=False, visible=False) as steps:
        with gr.Column(scale=0, min_width=300, elem_id="train-dataset", elem_classes="step"):
            parts |= _dataset_step(workshop)
        with gr.Column(scale=0, min_width=290, elem_id="train-run", elem_classes="step"):
            parts |= _run_step(studio)
        with gr.Column(scale=1, min_width=320, elem_id="train-listen", elem_classes="step"):
            parts |= _listen_step()
    return TrainTab(steps=steps, **parts)


def notice_html(refusal: str) -> str:
    """Why the tab is closed; the sentence is the policy's own."""
    if not refusal:
        return ""
    return f'<div class="closed" role="status"><h2>Training is closed</h2><p>{escape(refusal)}</p></div>'


def _title(number: int, words: str) -> None:
    gr.HTML(f'<h2 class="panel-title"><span class="step-number">{number}</span>{words}</h2>', apply_default_css=False)


def _dataset_step(workshop: Workshop) -> dict[str, Any]:
    """Which music to learn from, and what was found in it."""
    with gr.Row(elem_classes="panel-head"):
        _title(1, "Dataset")
        add = gr.UploadButton(
            "Add music",
            file_count="multiple",
            file_types=[*DATASET_SUFFIXES],
            size="md",
            elem_id="add-music",
            elem_classes="small-button",
        )
    allowed = workshop.policy.server_folders
    with gr.Row(elem_classes="tight", visible=allowed, elem_id="folder-row"):
        folder = gr.Textbox(
            label="Folder on the server", placeholder="/home/me/midi", elem_id="folder", lines=1, max_lines=1
        )
        read_folder = gr.Button("Read", size="md", elem_id="read-folder", min_width=64)
    dataset = build_component(
        "train/dataset",
        dataset_value((), None, workshop.limits),
    )
    return {"add": add, "folder": folder, "read_folder": read_folder, "dataset": dataset}


def base_choices(studio: Studio, own: Any = ()) -> list[tuple[str, str]]:
    """What a run can start from: the shipped checkpoints, one's own, nothing."""
    shipped = [(card.title, card.name) for card in studio.checkpoints()]
    return [*shipped, *((f"{each.title} · yours", each.reference) for each in own), ("From scratch", SCRATCH)]


def _run_step(studio: Studio) -> dict[str, Any]:
    """Few things at first sight, the rest behind More."""
    start = RunSettings()
    choices = base_choices(studio)
    base = DEFAULT_CHECKPOINT if DEFAULT_CHECKPOINT in [name for _, name in choices] else choices[0][1]
    with gr.Row(elem_classes="panel-head"):
        _title(2, "Run")
    form: dict[str, Any] = {
        "name": gr.Textbox(start.name, label="Name", max_length=LONGEST_NAME, max_lines=1, elem_id="run-name"),
        "base": gr.Dropdown(choices, value=base, label="Start from", elem_id="base", filterable=False),
        "method": gr.Radio(METHODS, value=start.method, label="What learns", elem_id="method"),
        "epochs": knob("epochs", 0, 200, start.epochs, 1, "Passes", "over your music"),
    }
    with gr.Accordion("More", open=False, elem_id="train-more"):
        form |= _more(start)
        with gr.Row(elem_classes="tight"):
            save = gr.Button("Save settings", size="md", elem_id="save-settings", min_width=80)
            load = gr.UploadButton("Load settings", file_types=[".json"], size="md", elem_id="load-settings")
    offer = build_component("train/offer", offer_value("hint", HINT_EMPTY))
    with gr.Row(elem_classes="tight", elem_id="run-actions"):
        go = gr.Button("Start", variant="primary", size="lg", elem_id="start", interactive=False, scale=2)
        measure = gr.Button("Estimate", size="lg", elem_id="estimate", interactive=False, scale=1, min_width=96)
    return {"form": form, "save": save, "load": load, "offer": offer, "start": go, "estimate": measure}


def _more(start: RunSettings) -> dict[str, Any]:
    """What most runs never need."""
    form: dict[str, Any] = {
        "architecture": gr.Radio(
            list(ARCHITECTURES), value=start.architecture, label="Network", elem_id="architecture", visible=False
        ),
        "width": knob("width", 64, 1024, start.width, 64, "Width", "of the network", visible=False, whole=True),
        "blocks": knob("blocks", 1, 16, start.blocks, 1, "Blocks", "layers of attention", visible=False, whole=True),
        "lora_rank": knob("lora-rank", 1, 64, start.lora_rank, 1, "Rank", "room to learn, of LoRA", whole=True),
        "lora_layers": gr.CheckboxGroup(
            list(LORA_LAYERS), value=list(start.lora_layers), label="Layers with LoRA", elem_id="lora-layers"
        ),
        "steps": _number("run-steps", start.steps, "Steps", "0: as many as the passes need", precision=0),
        "learning_rate": _number("learning-rate", start.learning_rate, "Learning rate", "at its peak"),
        "batch": knob("batch", 1, 64, start.batch, 1, "Batch", "windows a step", whole=True),
        "length": knob("length", 32, 2048, start.length, 32, "Window", "tokens at once", whole=True),
        "transpose": knob("transpose", 0, 12, start.transpose, 1, "Transpose", "semitones", whole=True),
        "stretch": knob("stretch", 0, 0.2, start.stretch, 0.01, "Stretch", "share of the tempo"),
        "label_smoothing": knob("smoothing", 0, 0.2, start.label_smoothing, 0.01, "Smoothing", "of the labels"),
        "precision": gr.Dropdown(list(PRECISIONS), value=start.precision, label="Precision", elem_id="precision"),
    }
    with gr.Row(elem_classes="tight"):
        form["sample_every"] = _number("sample-every", start.sample_every, "Sample every", "steps", precision=0)
        form["max_minutes"] = _number("max-minutes", start.max_minutes, "Most minutes", "0: no limit")
    form["seed"] = _number("run-seed", start.seed, "Random seed", "same number, same run", precision=0)
    return form


def _number(name: str, value: float, label: str, info: str, precision: int | None = None) -> gr.Number:
    return gr.Number(
        value,
        label=label,
        info=info,
        precision=precision,
        minimum=0,
        elem_id=name,
        elem_classes=["figure"] if precision is None else ["figure", "whole"],
        min_width=90,
    )


def _listen_step() -> dict[str, Any]:
    """The curves and the player: what the run has learned so far."""
    with gr.Row(elem_classes="panel-head"):
        _title(3, "Listen")
        bring = gr.UploadButton(
            "Upload a checkpoint", file_types=[".zip"], size="md", elem_id="bring", elem_classes="small-button"
        )
    problem = gr.HTML("", elem_id="brought-problem", apply_default_css=False)
    with gr.Row(elem_classes="tight", elem_id="brought-row", visible=False) as row:
        brought = gr.Dropdown([], label="Uploaded checkpoints", elem_id="brought", filterable=False)
        drop = gr.Button("Delete", size="md", elem_id="delete-brought", min_width=80)
    run = build_component(
        "train/run_panel",
        run_value((), None),
        ("train/curve.js", "train/run_panel.js"),
        elem_id="run",
    )
    scripts = ("train/listen.js", "train/listen_input.js")
    listen = build_component("train/listen", Listening(0.0).value(), scripts)
    outcome = build_component("train/outcome", outcome_value(None))
    uploads = {"bring": bring, "brought": brought, "brought_row": row, "drop": drop, "brought_problem": problem}
    return {"run": run, "listen": listen, "outcome": outcome, **uploads}
