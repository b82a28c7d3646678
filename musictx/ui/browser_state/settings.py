"""Settings come back when the page is opened again: the browser keeps them, and what it kept is checked."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.ui.access.identity import STORAGE_CIPHER
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.controls import DEFAULT_CONTEXT_SECONDS, RANDOM_SEEDS
from musictx.ui.forms import SETTINGS, SIDE_INPUTS, preset_of, read_settings, read_sound

AS_A_LIST = "(...values) => [values]"  # in the browser alone: a slider that moves asks nothing of the server
STORAGE_KEY = "musictx-settings-{}"
# For a first visitor, in the browser too: an answer of the server might overtake what is typed meanwhile.
DRAW = "(now) => localStorage.getItem('{}') ? now : Math.floor(Math.random() * {})"


def settings_store(tab: str) -> gr.BrowserState:
    """What the browser keeps of the settings of a tab: their values, in the order of the controls."""
    return gr.BrowserState(None, storage_key=STORAGE_KEY.format(tab), secret=STORAGE_CIPHER)


def draw_random_seed(page: gr.Blocks, random_seed: gr.Number, tab: str) -> None:
    """Every first visitor of a tab begins with a random seed of their own."""
    js = DRAW.format(STORAGE_KEY.format(tab), RANDOM_SEEDS)
    page.load(None, [random_seed], [random_seed], js=js, api_visibility="private", show_progress="hidden", queue=False)


def remember(controls: list[Any], stored: gr.BrowserState) -> None:
    """Keeps what `controls` have whenever one of them changes."""
    gr.on(
        [control.change for control in controls],
        None,
        controls,
        [stored],
        js=AS_A_LIST,
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
        """Of the Compose tab: settings as in `read_settings`, SoundFont, room, preset."""
        fresh = tuple(gr.skip() for _ in range(SETTINGS + 3))
        if not isinstance(stored, list) or len(stored) != SETTINGS + 2:
            return fresh
        settings, (soundfont, room) = stored[:SETTINGS], stored[SETTINGS:]
        fonts = [font.name for font in self.own.workshop.studio.soundfonts()]
        try:
            read_settings(*settings)
            read_sound(None, room)
            preset = preset_of(*settings[:3])
        except (MusictxError, TypeError):
            return fresh
        checkpoint = self.own.offer_with(settings[-1], kept, request)
        return *settings[:-1], checkpoint, soundfont if soundfont in fonts else gr.skip(), room, preset

    def compare(self, stored: Any, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Of the Compare tab: length, random seed, same random seed, blind, A's and B's settings and presets."""
        most = 4 + 2 * SIDE_INPUTS
        fresh = tuple(gr.skip() for _ in range(most + 2))
        if not isinstance(stored, list) or len(stored) != most:
            return fresh
        (seconds, number, same, blind), rest = stored[:4], stored[4:]
        sides = (rest[:SIDE_INPUTS], rest[SIDE_INPUTS:])
        try:
            for temperature, top_k, top_p, focus, stay_in_key, checkpoint in sides:
                sampling = (temperature, top_k, top_p, focus, stay_in_key)
                read_settings(*sampling, seconds, DEFAULT_CONTEXT_SECONDS, 1, number, checkpoint)
            presets = [preset_of(*side[:3]) for side in sides]
        except (MusictxError, TypeError):
            return fresh
        controls = [(*side[:-1], self.own.offer_with(side[-1], kept, request)) for side in sides]
        return seconds, number, bool(same), bool(blind), *controls[0], *controls[1], *presets
