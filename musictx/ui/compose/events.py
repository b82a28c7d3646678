"""Which control of the Compose tab calls which handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.browser_state.settings import SettingsMemory, draw_random_seed, remember
from musictx.ui.compose.duet import DuetHandlers
from musictx.ui.compose.edits import EditHandlers
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.compose.restore import RestoreHandlers
from musictx.ui.compose.tab import ComposeTab
from musictx.ui.control_events import wire_licence, wire_preset
from musictx.ui.controls import (
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    new_random_seed,
)
from musictx.ui.events import GENERATION, INNER, QUICK, READING, SOUND
from musictx.ui.forms import COMPOSE, OF_PRESET, named, names, preset_of, preset_values, usual_settings
from musictx.ui.seed.events import wire_seed_panel
from musictx.ui.seed.handlers import SeedHandlers

# What the browser kept, once the script that knows is there; in the place of the last input.
LAST_STATE = """async (...values) => {
  if (!window.musictx) await new Promise((done) => document.addEventListener("musictx-ready", done, { once: true }));
  return [...values.slice(0, -1), window.musictx.keep.lastState()];
}"""

USE_SAMPLES = "(name) => { window.musictx?.sampler.use(name); }"


def wire(
    page: gr.Blocks,
    tab: ComposeTab,
    seeds: SeedHandlers,
    music: ComposeHandlers,
    kept: gr.BrowserState,
    stored: gr.BrowserState,
) -> None:
    """Connects the tab.

    Args:
        page: what it stands on.
        tab: its controls.
        seeds: the handlers of its seed panel.
        music: from Generate to the downloads.
        kept: tells whose own checkpoints may be composed with.
        stored: the settings as the browser keeps them.
    """
    _wire_seed(page, tab, seeds, music)
    _wire_settings(tab, seeds)
    remembered = {**dict(zip(names(COMPOSE), tab.settings, strict=True)), "soundfont": tab.soundfont, "room": tab.room}
    memory = SettingsMemory(OwnCheckpoints(music.workshop))
    page.load(memory.compose, [stored, kept], [*remembered.values(), tab.preset], **QUICK)
    draw_random_seed(page, tab.controls["random_seed"], "compose")
    remember(remembered, stored)
    _wire_music(page, tab, music, kept)
    page.unload(music.leave)


def _wire_seed(page: gr.Blocks, tab: ComposeTab, seeds: SeedHandlers, music: ComposeHandlers) -> None:
    wire_seed_panel(tab, seeds, tab.context_seconds, tab.sound)
    shown = [tab.seed, tab.stage, tab.report, tab.generate, tab.stop]
    coming_back, state = RestoreHandlers(seeds), gr.JSON(visible=False)
    inputs = [tab.desk, tab.context_seconds]
    recalled = tab.stage.recall(coming_back.recall, inputs, shown, **READING)
    restored = page.load(coming_back.restore, [*inputs, state], shown, js=LAST_STATE, **READING)
    made_again = tab.stage.restore(coming_back.restore_recipe, [tab.desk], [*shown, *tab.settings], **READING)
    _follow_preset(made_again, tab)
    for back in (recalled, restored):
        back.then(music.sound, [tab.desk, *tab.sound], [tab.stage], **SOUND)
    tab.context_seconds.input(
        seeds.report, [tab.desk, tab.context_seconds], [tab.report], trigger_mode="always_last", **QUICK
    )


def _wire_settings(tab: ComposeTab, seeds: SeedHandlers) -> None:
    def reset() -> tuple[Any, ...]:
        fresh = {**usual_settings(), **(preset_values(DEFAULT_PRESET) or {}), "random_seed": new_random_seed()}
        fresh["checkpoint"] = gr.skip()
        return (*fresh.values(), DEFAULT_PRESET, DEFAULT_ROOM)

    wire_preset(tab.preset, tab.controls)
    tab.dice.click(new_random_seed, None, [tab.controls["random_seed"]], **QUICK)
    tab.reset.click(reset, None, [*tab.settings, tab.preset, tab.room], **QUICK)
    wire_licence(tab.controls["checkpoint"], seeds.studio.checkpoints)
    wire_licence(tab.soundfont, seeds.studio.soundfonts)


def _wire_music(page: gr.Blocks, tab: ComposeTab, music: ComposeHandlers, kept: gr.BrowserState) -> None:
    timer = gr.Timer(1.0, active=False)  # runs while the model is prepared, or others come first
    page.load(music.look, None, [tab.hint, timer], **QUICK)
    timer.tick(music.look, None, [tab.hint, timer], **QUICK)
    begun = tab.generate.click(
        music.begin, [tab.desk, *tab.settings], [tab.stage, tab.generate, tab.stop, timer], **QUICK
    )
    _wire_run(begun, music.generate, tab, music, kept)
    tab.soundfont.change(None, [tab.soundfont], None, js=USE_SAMPLES, **QUICK)
    for changed in (tab.soundfont.change, tab.room.input):
        changed(music.sound_anew, [tab.desk, *tab.sound], [tab.stage], **SOUND)
    tab.stop.click(music.stop, None, [tab.stop], **QUICK)
    _wire_edits(tab, music, kept, timer)
    _wire_duet(tab, music, kept)
    again = tab.stage.again(music.again, [tab.desk], tab.settings, **QUICK)
    _follow_preset(again, tab)


def _wire_run(
    begun: Any, generate: Callable[..., Any], tab: ComposeTab, music: ComposeHandlers, kept: gr.BrowserState
) -> None:
    """After a press that has `begun` a run: its turn in the queue, then the sound of what it made."""
    made = begun.then(
        generate,
        [tab.desk, kept],
        [tab.stage, tab.generate, tab.stop, tab.controls["random_seed"]],
        concurrency_id=GENERATION,
        concurrency_limit=music.stop_flags.at_once,
        **INNER,
    )
    made.failure(music.recover, [tab.desk], [tab.stage, tab.generate, tab.stop], **QUICK)
    made.then(music.sound, [tab.desk, *tab.sound], [tab.stage], **SOUND)


def _wire_duet(tab: ComposeTab, music: ComposeHandlers, kept: gr.BrowserState) -> None:
    duet = DuetHandlers(music)
    tab.stage.answer(
        duet.answer,
        [kept, *tab.settings],
        [tab.stage],
        concurrency_id=GENERATION,
        concurrency_limit=music.stop_flags.at_once,
        trigger_mode="multiple",  # the next question may come before the last answer has heard that it is not wanted
        **INNER,
    )
    tab.stage.hush(duet.hush, None, None, **QUICK)


def _follow_preset(changed: Any, tab: ComposeTab) -> None:
    """After an event that has set the settings the preset is that of their values."""
    changed.then(
        lambda *values: preset_of(named(OF_PRESET, values)),
        [tab.controls[name] for name in names(OF_PRESET)],
        [tab.preset],
        **QUICK,
    )


def _wire_edits(tab: ComposeTab, music: ComposeHandlers, kept: gr.BrowserState, timer: gr.Timer) -> None:
    """Work on a take that is there, asked for on the stage."""
    edits = EditHandlers(music)
    begun = tab.stage.edit(edits.begin, [tab.desk, *tab.settings], [tab.stage, tab.generate, tab.stop, timer], **QUICK)
    _wire_run(begun, edits.generate, tab, music, kept)
    tab.stage.name(edits.name, [tab.desk], [tab.stage], **QUICK)
    tab.stage.favourite(edits.favourite, [tab.desk], [tab.stage], **QUICK)
