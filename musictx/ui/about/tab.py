"""The About tab: what the model is, what it learned from, licences, limits, keys, API."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.model.card import figure_words
from musictx.model.shapes import parameter_count
from musictx.ui.forms import COMPOSE
from musictx.ui.sources import HERE

if TYPE_CHECKING:
    from musictx.studio import Studio

KEYS = (
    ("Space", "play or pause, on every tab, unless text is typed or a button has the focus"),
    ("← →", "back or forward one second, with Shift five"),
    ("Home, End", "to the start, to the end"),
    ("+ − 0", "zoom in, zoom out, show everything"),
    ("1 … 4", "choose a take, or one of two to compare; position and playing are kept"),
    ("Ctrl + Enter", "generate"),
    ("Esc", "stop generating; what is there stays"),
    ("Shift + drag, [ ]", "mark a part of the roll; the brackets at the playhead, Esc clears it"),
    ("R, L, Delete", "redo the marked part, play it again and again, take its notes away"),
    ("Double click, N", "pick a note, the next one; arrows move it, Enter puts it down, Delete takes it away"),
    ("Ctrl + Z", "back to the take that this one was made of; with Shift on again"),
    ("Ctrl + wheel", "zoom on the roll, Shift + wheel moves it"),
    ("Two fingers", "zoom on the roll; one finger moves a closer view, a tap goes there"),
)
WORDS = (
    ("Token", "one step that the model reads or writes: a key struck or released, a wait, a change of loudness"),
    *((each.label, each.glossary) for each in COMPOSE if each.glossary),
    ("Precise, Balanced, Creative", "from few keys and many repeats to many keys and few repeats"),
    ("NLL", "negative log-likelihood: how surprising music is to a model, the less the better it foresees it"),
    ("Nat", "the unit of that: 0 is no surprise, 1.6 a choice among five, 2.3 among ten"),
    ("LoRA", "training a few small weights beside the large ones, which is lighter than all of them"),
)

COMPARED = ("original", "enhanced")  # the Compare tab begins with these two, in the other order
TO_COMPARE = """
element.querySelector('.to-compare')?.addEventListener('click', () => {
  document.querySelector('#compare-tab-button').click();
});
"""


def build_about(studio: Studio) -> None:
    """Fills the tab inside the Blocks that are being built."""
    gr.HTML(about_html(studio), elem_id="about", apply_default_css=False, js_on_load=TO_COMPARE)


def about_html(studio: Studio) -> str:
    """about.html with what only the studio knows; what comes from cards and files is escaped."""
    keys = "".join(
        f"<tr><th scope='row'><kbd>{escape(key)}</kbd></th><td>{escape(does)}</td></tr>" for key, does in KEYS
    )
    words = "".join(f"<tr><th scope='row'>{escape(word)}</th><td>{escape(says)}</td></tr>" for word, says in WORDS)
    return Template((HERE / "about/about.html").read_text(encoding="utf-8")).substitute(
        models=models_html(studio.checkpoints()),
        checkpoints="".join(_checkpoint(card) for card in studio.checkpoints()) or "<p>No checkpoint was found.</p>",
        soundfonts="".join(_font(font) for font in studio.soundfonts()) or "<li>No SoundFont was found.</li>",
        seeds="".join(f"<li>{escape(seed.title)}: {escape(seed.credit)}</li>" for seed in studio.built_in_seeds()),
        keys=keys,
        words=words,
    )


def models_html(cards: Sequence[Any]) -> str:
    """The section on the original and the enhanced network, nothing where one of the two is not here."""
    found = {card.name: card for card in cards}
    if not all(name in found for name in COMPARED):
        return ""
    both = [found[name] for name in COMPARED]
    rows = {
        "blocks of width": [f"{card.model.blocks} of {card.model.width}" for card in both],
        "weights": [f"{parameter_count(card.model):,}" for card in both],
    }
    seen = [card.recipe.get("tokens") for card in both]
    if all(isinstance(tokens, int) for tokens in seen):
        rows["tokens of training"] = [f"{tokens:,}" for tokens in seen]
    for split in both[0].figures:
        measured = [card.figures.get(split) for card in both]
        if all(isinstance(figures, dict) for figures in measured):  # a card written by a training run has one number
            rows[f"NLL, {_words(split)}"] = [f"{figures['per_token']:.3f}" for figures in measured]
    return Template((HERE / "about/about_models.html").read_text(encoding="utf-8")).substitute(
        heads="".join(f"<th scope='col'>{escape(card.title)}</th>" for card in both),
        rows="".join(_row(name, values) for name, values in rows.items()),
    )


def _checkpoint(card: Any) -> str:
    """One checkpoint's card: words, licence, figures."""
    rows = "".join(_row(_words(name), figure_words(value)) for name, value in dict(card.figures).items())
    data = "; ".join(_source(entry) for entry in card.data)
    learned = f"<p>Learned from: {escape(data)}.</p>" if data else ""
    return (
        f"<h3>{escape(card.title)}</h3><p>{escape(card.description)}</p>{learned}<p>{escape(card.limits)}</p>"
        f"<p>Licence of the weights: {escape(card.licence)}</p>"
        + (f"<table class='figures'><tbody>{rows}</tbody></table>" if rows else "")
    )


def _row(name: str, values: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in values)
    return f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>"


def _source(entry: dict[str, Any]) -> str:
    licence = entry.get("licence") or entry.get("license")
    return f"{entry.get('name', 'unnamed source')}{f' ({licence})' if licence else ''}"


def _font(font: Any) -> str:
    credit = f" · {escape(font.credit)}" if font.credit else ""
    return f"<li>{escape(font.name)}: {escape(font.licence)}{credit}</li>"


def _words(name: str) -> str:
    return name.replace("_", " ")
