"""Which control of the Compose tab calls which handler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from musictx.config import SamplingConfig
from musictx.ui.compose import ComposeTab
from musictx.ui.compose_handlers import ComposeHandlers
from musictx.ui.controls import (
    DEFAULT_CONTEXT_SECONDS,
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    DEFAULT_SECONDS,
    licence_of,
    new_random_seed,
)
from musictx.ui.forms import preset_of, preset_values
from musictx.ui.seed_handlers import SeedHandlers
from musictx.ui.stage_view import Picture

GENERATION = "generation"  # one queue, whichever way a piece is asked for
# Internal events: not part of the API, no spinner over the component.
INNER: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**INNER, "queue": False}
# Rendering. Gradio's default drops an event that is still at work: what came meanwhile would never sound.
SOUND: dict[str, Any] = {"concurrency_id": "sound", "concurrency_limit": 2, "trigger_mode": "always_last", **INNER}


def wire(page: gr.Blocks, tab: ComposeTab, seeds: SeedHandlers, music: ComposeHandlers, kept: gr.BrowserState) -> None:
    """Connects the tab; `kept` tells whose own checkpoints may be composed with."""
    _wire_seed(page, tab, seeds)
    _wire_settings(tab, seeds)
    _wire_music(tab, seeds, music, kept)
    page.unload(music.leave)


def _wire_seed(page: gr.Blocks, tab: ComposeTab, seeds: SeedHandlers) -> None:
    shown = [tab.picture, tab.stage, tab.report]
    # The first picture is part of the page: nothing that arrives late can replace what a quick visitor made.
    opened = page.load(new_random_seed, None, [tab.random_seed], **QUICK)
    # Not `input`, which a Dropdown dispatches twice for one click: two pictures, of which the earlier may stay.
    chosen = tab.seed.change(seeds.choose, [tab.seed, tab.picture, tab.context_seconds], shown, **QUICK)
    uploaded = tab.upload.upload(
        seeds.take_upload, [tab.upload, tab.picture, tab.context_seconds], [tab.seed, *shown], **QUICK
    )
    refused = tab.stage.refuse(seeds.refuse, [tab.picture], [tab.picture, tab.stage], **QUICK)
    for before in (opened, uploaded, refused):
        before.then(seeds.sound, [tab.picture, *tab.sound], [tab.stage], **SOUND)
    chosen.then(seeds.sound_chosen, [tab.seed, tab.picture, *tab.sound], [tab.stage], **SOUND)
    tab.context_seconds.input(
        seeds.report, [tab.picture, tab.context_seconds], [tab.report], trigger_mode="always_last", **QUICK
    )


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
    for slider in sampling:
        slider.input(preset_of, sampling, [preset], trigger_mode="always_last", **QUICK)


def wire_licence(picker: gr.Dropdown, things: Callable[[], Sequence[Any]]) -> None:
    """The line under a picker follows the choice."""
    picker.change(lambda name: gr.update(info=licence_of(things(), name)), [picker], [picker], **QUICK)


def _wire_music(tab: ComposeTab, seeds: SeedHandlers, music: ComposeHandlers, kept: gr.BrowserState) -> None:
    def sound_again(picture: Picture, soundfont: str | None, room: float) -> Iterator[Any]:
        """Another piano or room: what is on show is rendered anew."""
        yield from (seeds if picture.phase == "seed" else music).sound(picture, soundfont, room)

    timer = gr.Timer(1.0, active=True)  # runs while the model is prepared, or others come first
    timer.tick(music.look, None, [tab.hint, timer], **QUICK)
    begun = tab.generate.click(
        music.begin, [tab.picture, tab.seconds], [tab.picture, tab.stage, tab.generate, tab.stop, timer], **QUICK
    )
    made = begun.then(
        music.generate,
        [tab.picture, kept, *tab.settings],
        [tab.picture, tab.stage, tab.generate, tab.stop, tab.random_seed],
        concurrency_id=GENERATION,
        concurrency_limit=music.visitors.at_once,
        **INNER,
    )
    made.failure(music.recover, [tab.picture], [tab.picture, tab.stage, tab.generate, tab.stop], **QUICK)
    made.then(music.sound, [tab.picture, *tab.sound], [tab.stage], **SOUND)
    for changed in (tab.soundfont.change, tab.room.input):
        changed(sound_again, [tab.picture, *tab.sound], [tab.stage], **SOUND)
    tab.stop.click(music.stop, None, [tab.stop], **QUICK)
    again = tab.stage.again(music.again, [tab.picture], tab.settings, **QUICK)
    again.then(preset_of, tab.sampling, [tab.preset], **QUICK)
