"""A call of /compose that nobody waits for any more, and what its errors may tell."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.errors import CheckpointError
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.api.calls import Calls
from musictx.ui.api.compose import Compose
from musictx.ui.api.inputs import REDO_SETTINGS
from musictx.ui.api.redo import RedoRange
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.forms import usual_settings
from musictx.ui.warm_up import WarmUp
from tests.loops import run
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_workshop import FakeWorkshop

Handlers = tuple[Compose, ComposeHandlers, FakeStudio]


@pytest.fixture
def handlers(tmp_path: Path, fake_workshop: FakeWorkshop) -> Handlers:
    """The endpoint over a studio that is slower than music."""
    studio = FakeStudio(tmp_path, pace=5)
    music = ComposeHandlers(studio, StopFlags(), WarmUp(studio, "enhanced"), fake_workshop)  # type: ignore[arg-type]
    return Compose(Calls(music)), music, studio


def call(api: Compose, studio: FakeStudio, **changes: Any) -> Any:
    """A call for three minutes of music."""
    others = {"soundfont": "", "room": 0.2, "audio_format": "wav", "midi_notes": "all"}
    seed_file = str(studio.built_in_seeds()[0].path)
    values = {
        **usual_settings(),
        **others,
        "seed_file": seed_file,
        "preset": "balanced",
        "seconds": 180,
        "random_seed": 1,
    }
    return api({**values, **changes}, gr.Request(session_hash="a-program"))


async def answers(called: Any) -> list[Any]:
    """All that a call yields."""
    return [answer async for answer in called]


def counted(studio: FakeStudio, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """How many chunks the studio has made so far, and whether it has ended."""
    seen, compose = SimpleNamespace(chunks=0, over=False), studio.compose

    def counting(*values: Any) -> Any:
        for progress in compose(*values):
            seen.chunks += 1
            yield progress
        seen.over = True

    monkeypatch.setattr(studio, "compose", counting)
    return seen


def test_a_cancelled_call_ends_with_its_next_chunk_and_frees_its_place(
    handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, music, studio = handlers
    seen = counted(studio, monkeypatch)

    async def cancelled() -> int:
        task = asyncio.ensure_future(answers(call(api, studio)))
        while not seen.chunks:
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        at_cancel = seen.chunks
        while not seen.over or music.stop_flags._runs:  # the suite's own limit ends a wait for what never comes
            await asyncio.sleep(0.01)
        return seen.chunks - at_cancel

    assert run(cancelled()) <= 2  # of 360


def test_a_cancelled_redo_ends_with_its_next_candidate(handlers: Handlers, monkeypatch: pytest.MonkeyPatch) -> None:
    _, music, studio = handlers
    given = {each.name: each.default for each in REDO_SETTINGS}
    file = str(studio.built_in_seeds()[0].path)
    given |= {"file": file, "start": 1.0, "end": 3.0, "candidates": 16, "preset": "balanced", "random_seed": 1}
    seen, redo = SimpleNamespace(steps=0), studio.redo

    def counting(*values: Any) -> Any:
        for step in redo(*values):
            seen.steps += 1
            yield step

    monkeypatch.setattr(studio, "redo", counting)

    async def cancelled() -> int:
        called = RedoRange(Calls(music))({**given, "checkpoint": ""}, gr.Request(session_hash="a-program"))
        task = asyncio.ensure_future(answers(called))
        while not seen.steps:
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        at_cancel = seen.steps
        while music.stop_flags._runs:  # the suite's own limit ends a wait for what never comes
            await asyncio.sleep(0.01)
        return seen.steps - at_cancel

    assert run(cancelled()) <= 2  # of 16


def test_a_program_that_hangs_up_is_noticed(handlers: Handlers, monkeypatch: pytest.MonkeyPatch) -> None:
    api, music, studio = handlers
    seen = counted(studio, monkeypatch)
    monkeypatch.setattr("musictx.ui.api.calls._is_wanted", lambda: not seen.chunks)
    monkeypatch.setattr("musictx.ui.api.calls.LISTEN_EVERY_S", 0.01)
    with pytest.raises(gr.Error, match="cancelled"):
        run(answers(call(api, studio)))
    assert seen.over and seen.chunks < 20


def test_no_error_tells_where_things_lie(handlers: Handlers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    api, _, studio = handlers

    def fail(*_: Any) -> None:
        raise CheckpointError(
            f"{tmp_path}/checkpoints/mine/card.json is damaged ('/srv/my data/x.bin', C:\\Users\\me\\a.txt and/or b). "
            "See https://example.org/help. Fetch it again."
        )

    monkeypatch.setattr(studio, "compose", fail)
    with pytest.raises(gr.Error) as caught:
        run(anext(call(api, studio)))
    said = caught.value.message
    assert said.startswith("card.json is damaged (") and "a.txt and/or b" in said
    assert not any(place in said for place in (str(tmp_path), "/srv", "Users"))
    assert "https://example.org/help" in said
