"""Which control of a seed panel calls which handler, on any tab that has one."""

from __future__ import annotations

from typing import Any

import gradio as gr

from musictx.ui.events import QUICK, READING, SOUND
from musictx.ui.seed.handlers import SeedHandlers


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
