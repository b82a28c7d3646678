"""The stage: roll, player, takes and downloads, as one component of the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.component import DECK, build_component


def build_stage(value: dict[str, Any]) -> gr.HTML:
    """The component with `value` (see stage_view.Picture.value) on show.

    Events: "again" with {"take": index}, "refuse" with {"name", "bytes"} for a file that is no seed at first sight.
    """
    return build_component("stage", value, (*DECK, "stage.js", "seed_input.js", "stage_input.js"), ("stage.css",))
