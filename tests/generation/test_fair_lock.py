"""Taking turns: in order of asking, one at a time."""

from __future__ import annotations

import threading

import pytest

from musictx.generation.engines.fair_lock import FairLock
from tests.waiting import until


def test_who_asks_again_stands_behind_those_who_wait() -> None:
    turns, order = FairLock(), list[str]()

    def visit(name: str) -> None:
        with turns:
            order.append(name)

    others = [threading.Thread(target=visit, args=(name,)) for name in ("second", "third")]
    with turns:
        for place, other in enumerate(others, start=2):
            other.start()
            until(lambda place=place: turns.asked == place)  # type: ignore[misc]
    with turns:
        order.append("first again")
    for other in others:
        other.join(20)
    assert order == ["second", "third", "first again"]
    assert turns.asked == 0


def test_one_at_a_time_and_an_error_passes_the_turn_on() -> None:
    turns, inside, most = FairLock(), 0, 0

    def visit() -> None:
        nonlocal inside, most
        for _ in range(20):
            with turns:
                inside += 1
                most = max(most, inside)
                inside -= 1

    with pytest.raises(ZeroDivisionError), turns:
        _ = 1 / 0
    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 1
