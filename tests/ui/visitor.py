"""A visitor of the Train tab, as its handlers see one: what the browser keeps, sends and shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from musictx.midi.files import write_midi
from musictx.ui.access.identity import with_secret
from musictx.ui.train.dataset_handlers import DatasetHandlers
from musictx.ui.train.form import write_run
from musictx.ui.train.form_handlers import FormHandlers
from musictx.workshop.runs.settings import RunSettings
from tests.ui.fake_studio import broken_chords

REQUEST: Any = SimpleNamespace(session_hash="me", username=None)


def event(**values: Any) -> Any:
    """What the browser tells of a press."""
    return SimpleNamespace(**values)


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """The value, which must be plain JSON: numpy numbers would reach the browser as strings."""
    assert json.loads(json.dumps(value)) == value
    return value


def last(answers: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What stays on show."""
    *_, value = answers
    return plain(value)


def write_pieces(folder: Path) -> list[str]:
    """Three usable files, and one that is none."""
    bad = folder / "scan.mid"
    bad.write_bytes(b"\x89PNG\r\n" + bytes(100))
    good = [write_midi(broken_chords(bars), folder / f"piece {bars}.mid") for bars in (4, 6, 8)]
    return [str(path) for path in [*good, bad]]


def with_dataset(workshop: Any, folder: Path) -> dict[str, str]:
    """What the browser of a visitor keeps who has brought these files."""
    *_, answer = DatasetHandlers(workshop).take_in(write_pieces(folder), with_secret(None), REQUEST)
    return dict(answer[0])


def started(workshop: Any, kept: dict[str, str], **changes: Any) -> dict[str, str]:
    """The same visitor with a run on that dataset."""
    settings: dict[str, Any] = {"name": "Waltz", "epochs": 30.0, "sample_every": 10, **changes}
    answer = FormHandlers(workshop).start(kept, REQUEST, *write_run(RunSettings(**settings)))
    assert isinstance(answer[0], dict) and "run" in answer[0], answer[1]["words"]
    return answer[0]


def finished(workshop: Any, kept: dict[str, str], **changes: Any) -> dict[str, str]:
    """The same with all its steps done."""
    workshop.pace = 1e9
    return started(workshop, kept, **changes)
