"""Which control of the Compare tab calls which handler."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.compare import CompareTab
from musictx.ui.compare_handlers import CompareHandlers
from musictx.ui.compose_events import GENERATION, INNER, QUICK, SOUND, wire_licence, wire_preset
from musictx.ui.controls import new_random_seed
from musictx.ui.seed_handlers import SeedHandlers


def wire_compare(
    page: gr.Blocks,
    tab: CompareTab,
    shown: gr.Tab,
    seeds: SeedHandlers,
    comparing: CompareHandlers,
    kept: gr.BrowserState,
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
        sound: SoundFont and room, which are set on the Compose tab.
    """
    page.load(new_random_seed, None, [tab.random_seed], **QUICK)
    for side in (tab.a, tab.b):
        shown.select(comparing.own.offer, [kept], [side.checkpoint], **QUICK)
        wire_preset(side.preset, side.sampling)
        wire_licence(side.checkpoint, seeds.studio.checkpoints)
    tab.dice.click(new_random_seed, None, [tab.random_seed], **QUICK)

    taken = [tab.picture, tab.stage, tab.report]
    chosen = tab.seed.change(seeds.choose, [tab.seed, tab.picture, tab.context_seconds], taken, **QUICK)
    uploaded = tab.upload.upload(
        seeds.take_upload, [tab.upload, tab.picture, tab.context_seconds], [tab.seed, *taken], **QUICK
    )
    refused = tab.stage.refuse(seeds.refuse, [tab.picture], [tab.picture, tab.stage], **QUICK)
    for once in (shown.select, uploaded.then, refused.then):
        once(seeds.sound, [tab.picture, *sound], [tab.stage], **SOUND)
    chosen.then(seeds.sound_chosen, [tab.seed, tab.picture, *sound], [tab.stage], **SOUND)
    _wire_music(tab, comparing, kept, sound)


def _wire_music(tab: CompareTab, comparing: CompareHandlers, kept: gr.BrowserState, sound: list[Any]) -> None:
    music = comparing.music
    timer = gr.Timer(1.0, active=False)  # runs while the model is prepared, or others come first
    timer.tick(music.look, None, [tab.hint, timer], **QUICK)
    begun = tab.generate.click(
        comparing.begin,
        [tab.picture, tab.seconds, tab.blind],
        [tab.picture, tab.stage, tab.generate, tab.stop, timer],
        **QUICK,
    )
    made = begun.then(
        comparing.generate,
        [tab.picture, tab.blind, kept, *tab.settings],
        [tab.comparison, tab.stage, tab.generate, tab.stop, tab.random_seed],
        concurrency_id=GENERATION,
        concurrency_limit=music.visitors.at_once,
        **INNER,
    )
    made.failure(music.recover, [tab.picture], [tab.picture, tab.stage, tab.generate, tab.stop], **QUICK)
    made.then(comparing.sound, [tab.comparison, *sound], [tab.stage], **SOUND)
    tab.stop.click(music.stop, None, [tab.stop], **QUICK)
    tab.stage.prefer(comparing.prefer, [tab.comparison, tab.votes], [tab.comparison, tab.votes, tab.stage], **QUICK)
