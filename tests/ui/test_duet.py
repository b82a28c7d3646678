"""The model's part of a duet on the server: what it is asked, what it says, how it ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from musictx.ui.access.stop_flags import StopFlags, part_of
from musictx.ui.compose.duet import MOST_NOTES, DuetHandlers
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.pressed import on_compose

VALUES = on_compose(random_seed=7)
REQUEST: Any = SimpleNamespace(session_hash="me", username=None)
ROWS = [[60, 80, 0, 0.4], [64, 70, 0.5, 0.9], [67, 90, 1.0, 1.6]]


@pytest.fixture
def music(fake_studio: Any, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)


def asked(music: ComposeHandlers, **changes: Any) -> Any:
    """The answer to the rows, as it grows."""
    event = SimpleNamespace(**{"id": 3, "rows": ROWS, "moment_s": 2.5, "seconds": 2.0, **changes})
    return DuetHandlers(music).answer(None, REQUEST, event, *VALUES)  # type: ignore[arg-type]


def test_an_answer_grows_from_the_moment_on_and_says_when_it_is_whole(music: ComposeHandlers) -> None:
    values = list(asked(music))
    assert all((value["phase"], value["id"], value["problem"]) == ("duet", 3, "") for value in values)
    known = [value["known_s"] for value in values]
    assert known[-1] is None and known[:-1] == sorted(known[:-1]) and 2.5 < known[0] <= known[-2] <= 4.5
    assert len(values[-1]["notes"]) > len(values[0]["notes"]) >= 0
    assert music.stop_flags.ahead("me") == 0


def test_who_plays_on_ends_it(music: ComposeHandlers) -> None:
    answer = asked(music, seconds=30.0)
    assert next(answer)["known_s"] is not None
    DuetHandlers(music).hush(REQUEST)
    assert list(answer) == []


def test_the_next_question_ends_the_answer_before_and_a_closed_page_both(music: ComposeHandlers) -> None:
    first = asked(music, seconds=30.0)
    next(first)
    second = asked(music, id=4, seconds=30.0)
    assert next(second)["id"] == 4 and list(first) == []
    music.leave(REQUEST)
    assert list(second) == []


def test_the_take_of_the_page_goes_on_beside_it(music: ComposeHandlers) -> None:
    flag = music.stop_flags.begin("me")
    list(asked(music))
    DuetHandlers(music).hush(REQUEST)
    assert not flag.is_set() and music.stop_flags.begin(part_of("me", "duet")) is not flag


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": None},
        {"rows": "AAAA"},
        {"rows": [[60, 80, 0]]},
        {"rows": [[60, 80, 0, "later"]]},
        {"rows": [[60, 80, 0.5, 0.2]]},
        {"rows": [[200, 80, 0, 1]]},
        {"rows": [[60, 80, 0, float("nan")]]},
        {"rows": ROWS * MOST_NOTES},
        {"moment_s": 1e9},
        {"moment_s": None},
        {"seconds": 600},
        {"seconds": True},
    ],
)
def test_what_is_no_question_is_said(music: ComposeHandlers, changes: dict[str, Any]) -> None:
    (value,) = asked(music, **changes)
    assert value["problem"] and value["known_s"] is None


def test_a_piece_can_begin_with_the_answer(music: ComposeHandlers) -> None:
    assert list(asked(music, rows=[], moment_s=0.0))[-1]["problem"] == ""
