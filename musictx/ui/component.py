"""What the tabs are built with: a browser component from the files that bear its name, and the slider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import gradio as gr

from musictx.ui.theme import HERE

# What a component with a deck needs, a roll and its player. One scope: each file uses what the ones before it define.
DECK = tuple(f"player/{name}.js" for name in ("roll", "roll_draw", "player", "deck", "deck_input", "deck_pointer"))


def build_component(
    name: str, value: dict[str, Any], scripts: Sequence[str] = (), styles: Sequence[str] = (), elem_id: str = ""
) -> gr.HTML:
    """The component of `name`.html, a path from `ui/`, with `value` on show.

    `<!-- folder/part.html -->` in it stands for the content of that file.

    Args:
        value: plain values only, read by the scripts as `props.value`.
        scripts: one scope: each file uses what the ones before it define; `name`.js if none is given.
        styles: style sheets, scoped to the component; `name`.css if none is given.
        elem_id: the last part of `name` if not given.
    """
    return gr.HTML(
        value=value,
        html_template=_whole(f"{name}.html"),
        css_template="\n".join(_read(style) for style in styles or (f"{name}.css",)),
        js_on_load="\n".join(_read(script) for script in scripts or (f"{name}.js",)),
        apply_default_css=False,
        elem_id=elem_id or name.rpartition("/")[2].replace("_", "-"),
    )


def _whole(name: str) -> str:
    """A file of HTML with its parts in it, and theirs."""
    return re.sub(r"<!-- ([\w/]+\.html) -->", lambda part: _whole(part[1]).strip(), _read(name))


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def knob(
    name: str,
    low: float,
    high: float,
    value: float,
    step: float,
    label: str,
    info: str,
    visible: bool = True,
    whole: bool = False,
) -> gr.Slider:
    """A slider as all of the page: a plain word beside its term, and no button that only it would have.

    whole: only whole numbers may be typed, see fields.js.
    """
    return gr.Slider(
        low,
        high,
        value,
        step=step,
        label=label,
        info=info,
        buttons=[],
        elem_id=name,
        elem_classes=["knob", "whole"] if whole else ["knob"],
        visible=visible,
        interactive=True,
    )
