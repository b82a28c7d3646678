"""The stage: roll, player, takes and downloads, as one component of the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.component import build_component

SCRIPTS = ("player/stage.js", "browser_state/earlier.js", "player/work.js", "player/stage_input.js")


def build_stage(value: dict[str, Any]) -> gr.HTML:
    """The component with `value` (see picture.Picture.value, and compose.duet for those of a duet) on show.

    Events: "hear" when a seed's sound is wanted; "again" with {"take": index}; "edit" with {"kind", "take": index,
    "from_s", "to_s"}, "name" with {"take", "name"} and "favourite" with {"take", "is_favourite"}, see compose.edits;
    "answer" with {"id", "rows", "moment_s", "seconds"} of a duet, "hush" when it is not wanted any more; "restore" when
    the seed's file says what made it and that is wanted again; "refuse" with {"name", "bytes"} for a file that is no
    seed at first sight; "recall" with {"id", "data"} of an earlier take.
    """
    return build_component("player/stage", value, SCRIPTS, styles=("record/record.css",))
