"""Preparing the model behind the page."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from musictx.errors import CheckpointError
from musictx.ui.warm_up import PREPARING, WarmUp


class Kettle:
    """A studio that warms up when told to, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.go = error, threading.Event()

    def warm_up(self, checkpoint: str) -> None:
        """Waits for `go`."""
        assert self.go.wait(10)
        if self.error:
            raise self.error

    def sample_pack(self, name: str | None) -> None:
        """Nobody asks for it."""


def warmed(kettle: Any, checkpoint: str | None = "enhanced") -> WarmUp:
    """A warm-up that is over."""
    warm_up = WarmUp(kettle, checkpoint).start()
    kettle.go.set()
    assert warm_up.wait(10)
    return warm_up


def test_states() -> None:
    kettle: Any = Kettle()
    warm_up = WarmUp(kettle, "enhanced").start()
    assert (warm_up.state, warm_up.sentence()) == ("preparing", PREPARING)
    kettle.go.set()
    assert warm_up.wait(10)
    assert (warm_up.state, warm_up.sentence()) == ("ready", "")


def test_failure_is_told_with_its_remedy() -> None:
    warm_up = warmed(Kettle(CheckpointError("weights are damaged. Fetch them again.")))
    assert (warm_up.state, warm_up.sentence()) == ("failed", "weights are damaged. Fetch them again.")


def test_missing_checkpoint() -> None:
    assert "checkpoints/" in warmed(Kettle(), None).sentence()


def test_an_unforeseen_error_is_logged_and_does_not_hang(caplog: pytest.LogCaptureFixture) -> None:
    warm_up = warmed(Kettle(ZeroDivisionError("!")))
    assert warm_up.state == "failed" and "terminal" in warm_up.sentence()
    assert "ZeroDivisionError" in caplog.text
