"""Whoever calls a hidden endpoint: the policy is asked before anything is done."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.midi.files import write_midi
from musictx.ui.access.identity import with_secret
from musictx.ui.train.asked_first import AskedFirst
from musictx.ui.train.dataset_handlers import DatasetHandlers
from musictx.ui.train.events import TrainHandlers
from musictx.workshop.policy import TrainingPolicy
from tests.ui.fake_studio import broken_chords
from tests.ui.fake_workshop import FakeWorkshop
from tests.ui.visitor import REQUEST, event, with_dataset

CANARY = "canary-in-the-folder"
HANDED = {
    "files": [],
    "folder": "/",
    "path": "/x",
    "reference": "run:x-1",
    "event": event(dataset="x", run="x", file="x"),
}
SIGNED_IN: Any = SimpleNamespace(session_hash="s", username="eve")


def hidden(on: TrainHandlers) -> list[tuple[str, Any, list[str]]]:
    """(name, handler, parameters) of everything that the tab's presses call with who asks."""
    asked = on.asked_first()
    found = []
    for part in ("datasets", "forms", "runs", "listening", "uploads", "own"):
        handlers = getattr(on, part)
        for name in [each for each in dir(handlers) if not each.startswith("_")]:
            handler = getattr(handlers, name)
            code = getattr(getattr(handler, "__func__", None), "__code__", None)
            names = list(code.co_varnames[1 : code.co_argcount]) if code else []
            if {"kept", "request"} <= set(names):
                found.append((f"{part}.{name}", getattr(getattr(asked, part), name), names))
    return found


@pytest.mark.parametrize(
    ("policy", "request_", "kept"),
    [
        (TrainingPolicy(), REQUEST, with_secret(None)),
        (TrainingPolicy(), SIGNED_IN, with_secret(None)),
        (TrainingPolicy(trainers=frozenset({"ada"})), REQUEST, with_secret(None)),
        (TrainingPolicy(trainers=frozenset({"ada"})), SIGNED_IN, with_secret(None)),
        (TrainingPolicy(everybody=True), REQUEST, {}),  # a program without a secret of its own
    ],
)
def test_a_stranger_reaches_nothing(tmp_path: Path, policy: TrainingPolicy, request_: Any, kept: Any) -> None:
    workshop: Any = FakeWorkshop(tmp_path, policy=policy)
    on = TrainHandlers.over(workshop, 1)
    handlers = hidden(on)
    assert len(handlers) >= 20
    for name, handler, parameters in handlers:
        values = {**HANDED, "kept": kept, "request": request_}
        with pytest.raises(gr.Error) as refused:
            answer = handler(*(values[each] for each in parameters))
            next(answer)  # a generator asks at its first step
            raise AssertionError(f"{name} answered")
        assert "Train" in str(refused.value) or "rain" in str(refused.value) or "browser" in str(refused.value), name


def test_who_may_train_is_let_through(fake_workshop: Any, tmp_path: Path) -> None:
    kept = with_dataset(fake_workshop, tmp_path)
    asked = AskedFirst(fake_workshop, DatasetHandlers(fake_workshop))
    answer = asked.choose(kept, REQUEST, event(dataset=kept["dataset"]))
    assert answer[0]["dataset"] == kept["dataset"]


def test_with_folders_off_neither_folder_nor_file_of_the_server_is_read(tmp_path: Path) -> None:
    music = write_midi(broken_chords(), tmp_path / f"{CANARY}.mid")
    workshop: Any = FakeWorkshop(tmp_path, policy=TrainingPolicy(everybody=True))
    handlers, kept = DatasetHandlers(workshop), with_secret(None)
    for named in (music, tmp_path, tmp_path / "no-such.mid"):
        (answer,) = handlers.take_folder(str(named), kept, REQUEST)
        assert "not allowed here" in json.dumps(answer[1])
    assert workshop.datasets("visitor:x") == ()


@pytest.fixture
def configuration(closed_url: str) -> Any:
    with urllib.request.urlopen(f"{closed_url}config") as answer:
        return json.load(answer)


def test_every_hidden_endpoint_of_a_closed_page_refuses(closed_url: str, configuration: Any, tmp_path: Path) -> None:
    """As a program would call them: by number, past the page."""
    canary = write_midi(broken_chords(), tmp_path / f"{CANARY}.mid")
    called = 0
    for each in configuration["dependencies"]:
        if each["api_visibility"] != "private" or not each["backend_fn"]:
            continue
        data = [str(canary) for _ in each["inputs"]]
        said = asked(closed_url, each["id"], data)
        assert CANARY not in said.replace(str(canary), ""), each
        assert "process_completed" in said, each
        called += 1
    assert called > 40


def asked(url: str, number: int, data: list[str]) -> str:
    """All that the queue answers to a call, or what it refuses it with."""
    session = f"stranger{number}"
    body = json.dumps({"fn_index": number, "data": data, "session_hash": session, "event_data": {}}).encode()
    request = urllib.request.Request(f"{url}gradio_api/queue/join", body, {"content-type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=60).close()
        with urllib.request.urlopen(f"{url}gradio_api/queue/data?session_hash={session}", timeout=60) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read())
