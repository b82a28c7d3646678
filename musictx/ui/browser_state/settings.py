"""Settings come back when the page is opened again: the browser keeps them, and what it kept is checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.ui.access.identity import STORAGE_CIPHER
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.controls import RANDOM_SEEDS
from musictx.ui.forms import COMPOSE, OF_SIDE, names, preset_of, read_settings, read_sound, usual_settings

# In the browser alone: a slider that moves asks nothing of the server.
BY_NAME = "(...values) => [Object.fromEntries(NAMES.map((name, index) => [name, values[index]]))]"
STORAGE_KEY = "musictx-settings-{}"
# For a first visitor, in the browser too: an answer of the server might overtake what is typed meanwhile.
DRAW = "(now) => localStorage.getItem('{}') ? now : Math.floor(Math.random() * {})"


def settings_store(tab: str) -> gr.BrowserState:
    """What the browser keeps of the settings of a tab: their values by name."""
    return gr.BrowserState(None, storage_key=STORAGE_KEY.format(tab), secret=STORAGE_CIPHER)


def draw_random_seed(page: gr.Blocks, random_seed: gr.Number, tab: str) -> None:
    """Every first visitor of a tab begins with a random seed of their own."""
    js = DRAW.format(STORAGE_KEY.format(tab), RANDOM_SEEDS)
    page.load(None, [random_seed], [random_seed], js=js, api_visibility="private", show_progress="hidden", queue=False)


def remember(controls: Mapping[str, Any], stored: gr.BrowserState) -> None:
    """Keeps what the `controls`, by name, have whenever one of them changes."""
    gr.on(
        [control.change for control in controls.values()],
        None,
        [*controls.values()],
        [stored],
        js=BY_NAME.replace("NAMES", json.dumps([*controls])),
        api_visibility="private",
        show_progress="hidden",
        queue=False,
        trigger_mode="always_last",
    )


class SettingsMemory:
    """What was kept, as values for the controls; whatever does not fit any more is left as the page has it."""

    def __init__(self, own: OwnCheckpoints) -> None:
        self.own = own

    def compose(self, stored: Any, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Of the Compose tab: settings as in `forms.COMPOSE`, SoundFont, room, preset."""
        found = stored if isinstance(stored, dict) else {}
        values = {**usual_settings(), **{name: found[name] for name in names(COMPOSE) if name in found}}
        try:
            read_settings(values)
            read_sound(None, found.get("room"))
            preset = preset_of(values)
        except (MusictxError, TypeError):
            found = {}
        if not found:
            return tuple(gr.skip() for _ in range(len(COMPOSE) + 3))
        fonts = [font.name for font in self.own.workshop.studio.soundfonts()]
        values["checkpoint"] = self.own.offer_with(values["checkpoint"], kept, request)
        soundfont = found.get("soundfont")
        room = found.get("room")
        return (
            *(values[name] if name in found else gr.skip() for name in names(COMPOSE)),
            soundfont if soundfont in fonts else gr.skip(),
            gr.skip() if room is None else room,
            preset,
        )

    def compare(self, stored: Any, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Of the Compare tab: as `CompareTab.remembered`, then A's and B's presets."""
        both = ("seconds", "random_seed", "same_seed", "blind")
        kept_names = (*both, *(f"{letter} {name}" for letter in "ab" for name in names(OF_SIDE)))
        fresh = tuple(gr.skip() for _ in range(len(kept_names) + 2))
        if not isinstance(stored, dict) or not all(name in stored for name in kept_names):
            return fresh
        common = {name: stored[name] for name in both[:2]}
        sides = [{name: stored[f"{letter} {name}"] for name in names(OF_SIDE)} for letter in "ab"]
        try:
            for side in sides:
                read_settings({**side, **common})
            presets = [preset_of(side) for side in sides]
        except (MusictxError, TypeError):
            return fresh
        for side in sides:
            side["checkpoint"] = self.own.offer_with(side["checkpoint"], kept, request)
        chosen = (bool(stored["same_seed"]), bool(stored["blind"]))
        return *common.values(), *chosen, *sides[0].values(), *sides[1].values(), *presets
