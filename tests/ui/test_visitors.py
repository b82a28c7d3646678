"""One visitor's Stop stops only that visitor's music."""

from __future__ import annotations

from musictx.ui.visitors import Visitors


def test_stop_is_for_one_session() -> None:
    visitors = Visitors()
    mine, yours = visitors.begin("me"), visitors.begin("you")
    visitors.stop("me")
    assert mine.is_set() and not yours.is_set()
    visitors.stop("nobody")


def test_stop_while_waiting_reaches_the_run_when_its_turn_comes() -> None:
    visitors = Visitors()
    visitors.begin("me")
    visitors.stop("me")
    assert visitors.current("me").is_set()


def test_a_second_press_ends_the_first_run() -> None:
    visitors = Visitors()
    first = visitors.begin("me")
    second = visitors.begin("me")
    assert first.is_set() and not second.is_set()
    visitors.end("me", first)  # late, and about a run that was replaced
    assert visitors.current("me") is second


def test_place_in_the_queue() -> None:
    visitors = Visitors(at_once=1)
    flag = visitors.begin("first")
    visitors.begin("second")
    visitors.begin("third")
    assert [visitors.ahead(name) for name in ("first", "second", "third", "other")] == [0, 1, 2, 0]
    visitors.end("first", flag)
    visitors.leave("second")
    assert visitors.ahead("third") == 0


def test_several_go_on_at_once() -> None:
    visitors = Visitors(at_once=2)
    flags = [visitors.begin(name) for name in "abcd"]
    assert [visitors.ahead(name) for name in "abcd"] == [0, 0, 1, 2]
    visitors.end("b", flags[1])
    assert [visitors.ahead(name) for name in "acd"] == [0, 0, 1]
