"""Colours, type and spacing of the page, from one scale; fonts are the visitor's own."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from musictx.ui.sources import joined_sources, read_source

# The ids of what has a deck, and of all that is built by `component.build_component`.
DECKS = ("stage", "compare-stage", "listen")
COMPONENTS = (*DECKS, "dataset", "run", "offer", "outcome")

# Warm greys: the page is paper by day and a dim room by night.
PAPER = gr.themes.Color(
    name="paper",
    c50="#fbfaf7",
    c100="#f4f2ed",
    c200="#e7e3db",
    c300="#d3cec3",
    c400="#a39d91",
    c500="#79746a",
    c600="#5d594f",
    c700="#45423b",
    c800="#26251f",
    c900="#1b1a16",
    c950="#131210",
)
WHITE, SHEET, PALE, LINE_BY_NIGHT = "#ffffff", "#fffefb", "#b3ada0", "#4b483f"
# What the model writes is amber everywhere: notes, the button that makes them, progress.
AMBER = gr.themes.Color(
    name="amber",
    c50="#fff7eb",
    c100="#feeacb",
    c200="#fdd79b",
    c300="#fcc571",
    c400="#f5ab3f",
    c500="#d98213",
    c600="#a85408",
    c700="#8f4707",
    c800="#703806",
    c900="#4c2706",
    c950="#2e1703",
)
# What the visitor brings is blue.
INK = gr.themes.Color(
    name="ink",
    c50="#f0f4fa",
    c100="#dfe7f3",
    c200="#bfcde6",
    c300="#96aed6",
    c400="#7f96be",
    c500="#4c6ba1",
    c600="#345387",
    c700="#23406f",
    c800="#1b3156",
    c900="#14243f",
    c950="#0c172a",
)

# What Gradio's theme has no name for, as --mx-…: by day, by night. The roll reads them too: it paints with them.
COLOURS = {
    "row": ("#fdfcf9", "#191813"),
    "row-black": ("#f3f1eb", PAPER.c950),
    "line": ("#eeebe3", "#23211b"),
    "octave": ("#dcd7cb", "#35332b"),
    "join": (PAPER.c600, PALE),
    "text": ("#6b665b", PAPER.c400),
    "key": (WHITE, "#2b2922"),
    "key-black": ("#3a372f", "#0c0b09"),
    "key-line": ("#ddd8cc", "#3b382f"),
    "key-text": (PAPER.c500, PALE),
    "head": (PAPER.c900, PAPER.c100),
    "head-hover": (PAPER.c700, PAPER.c300),
    "seed-soft": ("#8ba0c6", "#3f5788"),
    "seed-loud": ("#1f3a68", "#7d9fe0"),
    "new-soft": ("#e2aa66", "#94703a"),
    "new-loud": ("#c25a05", "#ffce85"),
    "lit-seed": ("#0b2552", "#b7cdfb"),
    "lit-new": ("#8c3b00", "#fff1d9"),
    "lit-text": (WHITE, "#191813"),
    "new-text": ("#98490a", AMBER.c300),
    "new-wash": ("#fdebd2", "#3a2a12"),
    "record": ("#c8372a", "#ff7b6b"),
    "problem": ("#a8261b", "#ff9b8d"),
    "off": ("#8d887c", "#7d786d"),
    "off-fill": ("#e4e0d7", "#34322b"),
    "focus": (INK.c600, INK.c300),
    "panel": (SHEET, PAPER.c900),
}


def build_theme() -> gr.themes.Base:
    """The theme for `launch(theme=…)`: system fonts, flat panels, 4.5:1 text in both modes."""
    theme = gr.themes.Base(
        primary_hue=AMBER,
        secondary_hue=INK,
        neutral_hue=PAPER,
        spacing_size=gr.themes.sizes.spacing_md,
        radius_size=gr.themes.sizes.radius_md,
        text_size=gr.themes.sizes.text_md,
        font=["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
    return theme.set(**_surfaces(), **_controls())


def _surfaces() -> dict[str, str]:
    """Page, panels and text."""
    return {
        "body_background_fill": "*neutral_100",
        "body_background_fill_dark": "*neutral_950",
        "body_text_color": "*neutral_900",
        "body_text_color_dark": "*neutral_100",
        "body_text_color_subdued": "*neutral_600",
        "body_text_color_subdued_dark": PALE,
        "background_fill_primary": SHEET,
        "background_fill_primary_dark": "*neutral_900",
        "background_fill_secondary": "*neutral_100",
        "background_fill_secondary_dark": "*neutral_800",
        "block_background_fill": "transparent",
        "block_background_fill_dark": "transparent",
        "block_border_width": "0px",
        "block_border_width_dark": "0px",
        "block_shadow": "none",
        "block_shadow_dark": "none",
        "block_label_text_color": "*body_text_color",
        "block_label_text_color_dark": "*body_text_color",
        "block_title_text_color": "*body_text_color",
        "block_title_text_color_dark": "*body_text_color",
        "block_title_text_weight": "500",
        "block_info_text_color": "*body_text_color_subdued",
        "block_info_text_color_dark": "*body_text_color_subdued",
        "border_color_primary": "*neutral_200",
        "border_color_primary_dark": "#38362f",
        "panel_background_fill": "transparent",
        "panel_background_fill_dark": "transparent",
        "panel_border_width": "0px",
        "link_text_color": "*primary_600",
        "link_text_color_dark": "*primary_300",
    }


def _controls() -> dict[str, str]:
    """Buttons, inputs, sliders."""
    return {
        "input_background_fill": WHITE,
        "input_background_fill_dark": "*neutral_800",
        "input_border_color": "*neutral_300",
        "input_border_color_dark": LINE_BY_NIGHT,
        "input_border_width": "1px",
        "input_shadow": "none",
        "slider_color": "*primary_600",
        "slider_color_dark": "*primary_400",
        "checkbox_label_background_fill": "transparent",
        "checkbox_label_background_fill_dark": "transparent",
        "button_primary_background_fill": "*primary_600",
        "button_primary_background_fill_hover": "*primary_700",
        "button_primary_background_fill_dark": "*primary_300",
        "button_primary_background_fill_hover_dark": "*primary_200",
        "button_primary_text_color": WHITE,
        "button_primary_text_color_dark": "*primary_950",
        "button_secondary_background_fill": SHEET,
        "button_secondary_background_fill_hover": "*neutral_200",
        "button_secondary_background_fill_dark": "*neutral_800",
        "button_secondary_background_fill_hover_dark": "*neutral_700",
        "button_secondary_text_color": "*neutral_900",
        "button_secondary_text_color_dark": "*neutral_100",
        "button_secondary_border_color": "*neutral_300",
        "button_secondary_border_color_dark": LINE_BY_NIGHT,
        "button_border_width": "1px",
        "button_large_text_weight": "600",
        "button_transform_hover": "none",
        "loader_color": "*primary_600",
        "loader_color_dark": "*primary_300",
    }


def read_styles() -> str:
    """The page's own style sheets, for `launch(css=…)`."""
    day, night = (
        "".join(f"--mx-{name}: {colour};" for name, colour in zip(COLOURS, column, strict=True))
        for column in zip(*COLOURS.values(), strict=True)
    )
    return f":root {{{day}}}\n.dark {{{night}}}\n{joined_sources(('page.css', 'train/train.css'))}"


def read_component_styles() -> str:
    """What several components share, for `launch(head=…)`: there Gradio leaves it as it is.

    Its `css` it prefixes with classes of its own; these rules would then be stronger than those of a single component,
    which differ from them.
    """
    return f"<style>{_within(COMPONENTS, 'shared/parts.css')}{_within(DECKS, 'player/stage.css')}</style>"


def _within(components: Sequence[str], name: str) -> str:
    """A style sheet for some components alone, as strong as the sheet of one, which comes later."""
    return f":is({', '.join(f'#{each}' for each in components)}) :where(.html-container) {{\n{read_source(name)}\n}}\n"
