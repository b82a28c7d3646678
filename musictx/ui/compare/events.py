"""Which control of the Compare tab calls which handler."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.browser_state.settings import SettingsMemory, draw_random_seed, remember
from musictx.ui.compare.handlers import CompareHandlers
from musictx.ui.compare.tab import CompareTab
from musictx.ui.control_events import wire_licence, wire_preset
from musictx.ui.controls import new_random_seed
from musictx.ui.events import GENERATION, INNER, QUICK, SOUND
from musictx.ui.seed.events import wire_seed_panel
from musictx.ui.seed.handlers import SeedHandlers


def wire_compare(
    page: gr.Blocks,
    tab: CompareTab,
    shown: gr.Tab,
    seeds: SeedHandlers,
    comparing: CompareHandlers,
    kept: gr.BrowserState,
    stored: gr.BrowserState,
    sound: list[Any],
) -> None:
    """Connects the tab.

    Args:
        page: what it stands on.
        tab: its controls.
        shown: the tab itself: a visitor's own checkpoints are offered when it is opened.
        seeds: the handlers that Compose has as well.
        comparing: the handlers of the tab.
        kept: tells whose own checkpoints may be used.
        stored: the settings as the browser keeps them.
        sound: SoundFont and room, which are set on the Compose tab.
    """
    for side in (tab.a, tab.b):
        shown.select(comparing.own.offer, [kept], [side.controls["checkpoint"]], **QUICK)
        wire_preset(side.preset, side.controls)
        wire_licence(side.controls["checkpoint"], seeds.studio.checkpoints)
    tab.dice.click(new_random_seed, None, [tab.random_seed], **QUICK)
    wire_seed_panel(tab, seeds, tab.context_seconds, sound)
    page.load(
        SettingsMemory(comparing.own).compare,
        [stored, kept],
        [*tab.remembered.values(), tab.a.preset, tab.b.preset],
        **QUICK,
    )
    draw_random_seed(page, tab.random_seed, "compare")
    remember(tab.remembered, stored)
    _wire_music(tab, comparing, kept, sound)
    page.unload(comparing.leave)


def _wire_music(tab: CompareTab, comparing: CompareHandlers, kept: gr.BrowserState, sound: list[Any]) -> None:
    timer = gr.Timer(1.0, active=False)  # runs while the model is prepared, or others come first
    timer.tick(comparing.look, None, [tab.hint, timer], **QUICK)
    begun = tab.generate.click(
        comparing.begin,
        [tab.desk, tab.blind, kept, *tab.settings],
        [tab.stage, tab.generate, tab.stop, timer],
        **QUICK,
    )
    made = begun.then(
        comparing.generate,
        [tab.desk, kept],
        [tab.stage, tab.generate, tab.stop, tab.random_seed],
        concurrency_id=GENERATION,
        concurrency_limit=comparing.music.stop_flags.at_once,
        **INNER,
    )
    made.failure(comparing.recover, [tab.desk], [tab.stage, tab.generate, tab.stop], **QUICK)
    made.then(comparing.sound, [tab.desk, *sound], [tab.stage], **SOUND)
    tab.stop.click(comparing.stop, None, [tab.stop], **QUICK)
    tab.stage.prefer(comparing.prefer, [tab.desk, tab.votes], [tab.votes, tab.stage], **QUICK)
