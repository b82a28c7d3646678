"""The stage: roll, player, takes and downloads, as one component of the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.theme import HERE

# One scope: each file uses what the ones before it define.
SCRIPTS = ("roll.js", "roll_draw.js", "player.js", "stage.js", "stage_input.js")


def build_stage(value: dict[str, Any]) -> gr.HTML:
    """The component with `value` (see stage_view.Picture.value) on show.

    Events: "again" with {"take": index}, "refuse" with {"name", "bytes"} for a file that is no seed at first sight.
    """
    return gr.HTML(
        value=value,
        html_template=_read("stage.html"),
        css_template=_read("stage.css"),
        js_on_load="\n".join(_read(name) for name in SCRIPTS),
        apply_default_css=False,
        elem_id="stage",
    )


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
