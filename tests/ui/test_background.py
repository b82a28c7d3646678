"""Long calls that are watched."""

from __future__ import annotations

import threading

import pytest

from musictx.errors import TrainingError
from musictx.ui.train.background import Background


def test_the_last_report_is_seen_while_the_call_goes_on() -> None:
    go_on, reported = threading.Event(), threading.Event()

    def work(report: object) -> str:
        assert callable(report)
        report(1, 3)
        report(2, 3)
        reported.set()
        assert go_on.wait(30)
        return "done"

    call = Background(work)
    assert reported.wait(30)
    assert not call.done_within(0.01) and call.latest == (2, 3)
    go_on.set()
    assert call.done_within(30) and call.result() == "done"


def test_what_it_raises_is_raised_by_the_result() -> None:
    def work(_: object) -> None:
        raise TrainingError("no")

    call = Background(work)
    assert call.done_within(30)
    with pytest.raises(TrainingError, match="no"):
        call.result()
