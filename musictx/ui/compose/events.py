"""Which control of the Compose tab calls which handler."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from musictx.config import SAMPLING_PRESETS, SamplingConfig
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.browser_state.restore import RestoreHandlers
from musictx.ui.browser_state.settings import SettingsMemory, draw_random_seed, remember
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.compose.tab import ComposeTab
from musictx.ui.controls import (
    DEFAULT_CONTEXT_SECONDS,
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    DEFAULT_SECONDS,
    licence_of,
    new_random_seed,
)
from musictx.ui.forms import preset_of, preset_values
from musictx.ui.seed.handlers import SeedHandlers

GENERATION = "generation"  # one queue, whichever way a piece is asked for
# What the browser kept, once the script that knows is there; in the place of the last input.
LAST_STATE = """async (...values) => {
  if (!window.musictx) await new Promise((done) => document.addEventListener("musictx-ready", done, { once: true }));
  return [...values.slice(0, -1), window.musictx.keep.lastState()];
}"""
# As `forms.preset_of`.
PRESET_OF = """(...values) => {
  const alike = ([, wanted]) => wanted.every((each, index) => Math.abs(each - values[index]) < 1e-9);
  return Object.entries(PRESETS).find(alike)?.[0] ?? "custom";
}"""
# Internal events: not part of the API, no spinner over the component.
INNER: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**INNER, "queue": False}
# Reading a visitor's file: in a queue, since it may take memory.
READING: dict[str, Any] = {"concurrency_id": "reading a seed", "concurrency_limit": 2, **INNER}
# Rendering. Gradio's default drops an event that is still at work: what came meanwhile would never sound.
SOUND: dict[str, Any] = {"concurrency_id": "sound", "concurrency_limit": 2, "trigger_mode": "always_last", **INNER}


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
    remembered = [*tab.settings, *tab.sound]
    memory = SettingsMemory(OwnCheckpoints(music.workshop))
    page.load(memory.compose, [stored, kept], [*remembered, tab.preset], **QUICK)
    draw_random_seed(page, tab.random_seed, "compose")
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
    for back in (recalled, restored):
        back.then(music.sound, [tab.desk, *tab.sound], [tab.stage], **SOUND)
    tab.context_seconds.input(
        seeds.report, [tab.desk, tab.context_seconds], [tab.report], trigger_mode="always_last", **QUICK
    )


def wire_seed_panel(tab: Any, seeds: SeedHandlers, context_seconds: Any, sound: list[Any]) -> None:
    """A tab's picker, its upload and what its stage refuses and wants to hear; `sound`: SoundFont and room."""
    shown = [tab.seed, tab.stage, tab.report, tab.generate, tab.stop]
    # Not `input`, which a Dropdown dispatches twice for one click.
    tab.seed.change(seeds.choose, [tab.seed, tab.desk, context_seconds], shown, **QUICK)
    tab.upload.upload(seeds.take_upload, [tab.upload, tab.desk, context_seconds], shown, **READING)
    tab.stage.refuse(seeds.refuse, [tab.desk], [tab.stage], **QUICK)
    tab.stage.hear(seeds.sound, [tab.desk, *sound], [tab.stage], **SOUND)


def wire_meeting(shown: gr.Tab, mine: Any, other: Any, seeds: SeedHandlers) -> None:
    """When the tab `shown` with the controls `mine` is opened, what was brought on the `other` one is offered there."""
    outputs = [mine.seed, mine.stage, mine.report, mine.generate, mine.stop]
    shown.select(seeds.meet, [mine.desk, other.desk, mine.context_seconds], outputs, **QUICK)


def _wire_settings(tab: ComposeTab, seeds: SeedHandlers) -> None:
    def reset() -> tuple[Any, ...]:
        sampling = preset_values(DEFAULT_PRESET) or ()
        usual = SamplingConfig()
        return (
            DEFAULT_PRESET,
            *sampling,
            usual.focus,
            usual.stay_in_key,
            DEFAULT_SECONDS,
            DEFAULT_CONTEXT_SECONDS,
            1,
            new_random_seed(),
            DEFAULT_ROOM,
        )

    wire_preset(tab.preset, tab.sampling)
    tab.dice.click(new_random_seed, None, [tab.random_seed], **QUICK)
    tab.reset.click(reset, None, [tab.preset, *tab.settings[:-1], tab.room], **QUICK)
    wire_licence(tab.checkpoint, seeds.studio.checkpoints)
    wire_licence(tab.soundfont, seeds.studio.soundfonts)


def wire_preset(preset: gr.Radio, sampling: list[Any]) -> None:
    """A preset moves its sliders, and a slider moved by hand says which preset that is."""

    def choose(name: str) -> Any:
        values = preset_values(name)
        return values if values else (gr.skip(), gr.skip(), gr.skip())

    preset.input(choose, [preset], sampling, **QUICK)
    # In the browser alone: of a number that does not fit its field tells, and the server has nothing to say.
    named = PRESET_OF.replace("PRESETS", json.dumps({name: preset_values(name) for name in SAMPLING_PRESETS}))
    for slider in sampling:
        slider.input(None, sampling, [preset], js=named, trigger_mode="always_last", **QUICK)


def wire_licence(picker: gr.Dropdown, things: Callable[[], Sequence[Any]]) -> None:
    """The line under a picker follows the choice."""
    picker.change(lambda name: gr.update(info=licence_of(things(), name)), [picker], [picker], **QUICK)


def _wire_music(page: gr.Blocks, tab: ComposeTab, music: ComposeHandlers, kept: gr.BrowserState) -> None:
    timer = gr.Timer(1.0, active=False)  # runs while the model is prepared, or others come first
    page.load(music.look, None, [tab.hint, timer], **QUICK)
    timer.tick(music.look, None, [tab.hint, timer], **QUICK)
    begun = tab.generate.click(
        music.begin, [tab.desk, *tab.settings], [tab.stage, tab.generate, tab.stop, timer], **QUICK
    )
    made = begun.then(
        music.generate,
        [tab.desk, kept],
        [tab.stage, tab.generate, tab.stop, tab.random_seed],
        concurrency_id=GENERATION,
        concurrency_limit=music.visitors.at_once,
        **INNER,
    )
    made.failure(music.recover, [tab.desk], [tab.stage, tab.generate, tab.stop], **QUICK)
    made.then(music.sound, [tab.desk, *tab.sound], [tab.stage], **SOUND)
    for changed in (tab.soundfont.change, tab.room.input):
        changed(music.sound_anew, [tab.desk, *tab.sound], [tab.stage], **SOUND)
    tab.stop.click(music.stop, None, [tab.stop], **QUICK)
    again = tab.stage.again(music.again, [tab.desk], tab.settings, **QUICK)
    again.then(preset_of, tab.sampling, [tab.preset], **QUICK)
