"""What the tabs are built with: a browser component from the files that bear its name, and the slider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import gradio as gr

from musictx.ui.sources import joined_sources, read_source

# What the header brings once for the whole page, in one scope: each file uses what the ones before it define. First
# what components share, the deck (a roll and its player) above all; then what holds for every tab; last
# `window.musictx`, from which components take.
PAGE_SCRIPTS = (
    "shared/limits.js",
    "shared/elements.js",
    "shared/uploads.js",
    *(f"player/{name}.js" for name in ("notes", "view", "roll", "roll_draw")),
    *(
        f"player/{name}.js"
        for name in ("sampler", "live", "player", "range", "pick", "deck", "deck_input", "deck_pointer")
    ),
    *(f"record/{name}.js" for name in ("recording", "inputs", "keyboard", "hands", "click", "duet", "recorder")),
    "browser_state/keep.js",
    "seed/seed_input.js",
    *(f"header/{name}.js" for name in ("header", "fields", "names", "focus", "picker", "alerts", "sound")),
    "shared/share.js",
)
# A component may be there before the header is: Gradio starts each when its own script has come.
ONCE_SHARED = """const begin = () => {{
{script}
}};
if (window.musictx) begin();
else document.addEventListener("musictx-ready", begin, {{ once: true }});
"""


def build_component(
    name: str,
    value: dict[str, Any],
    scripts: Sequence[str] = (),
    styles: Sequence[str] | None = None,
    elem_id: str = "",
) -> gr.HTML:
    """The component of `name`.html, a path from `ui/`, with `value` on show.

    `<!-- folder/part.html -->` in it stands for the content of that file.

    Args:
        value: plain values only, read by the scripts as `props.value`.
        scripts: one scope: each file uses what the ones before it define; `name`.js if none is given. They start once
            `window.musictx` is there, see PAGE_SCRIPTS.
        styles: style sheets, scoped to the component, beside those of theme.py; `name`.css if not given.
        elem_id: the last part of `name` if not given.
    """
    return gr.HTML(
        value=value,
        html_template=_whole(f"{name}.html"),
        css_template=joined_sources((f"{name}.css",) if styles is None else styles),
        js_on_load=ONCE_SHARED.format(script=joined_sources(scripts or (f"{name}.js",))),
        apply_default_css=False,
        elem_id=elem_id or name.rpartition("/")[2].replace("_", "-"),
    )


def _whole(name: str) -> str:
    """A file of HTML with its parts in it, and theirs."""
    return re.sub(r"<!-- ([\w/]+\.html) -->", lambda part: _whole(part[1]), read_source(name))


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
