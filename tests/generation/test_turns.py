"""Taking turns: in order of asking, one at a time."""

from __future__ import annotations

import threading
import time

import pytest

from musictx.generation.turns import Turns


def test_who_asks_again_stands_behind_those_who_wait() -> None:
    turns, order, rounds = Turns(), list[int](), 5
    ready = threading.Barrier(3)

    def visit(number: int) -> None:
        ready.wait(10)
        for _ in range(rounds):
            with turns:
                order.append(number)
                time.sleep(0.002)  # long enough that the others ask meanwhile

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(order) == 3 * rounds
    first = order[:3]
    assert sorted(first) == [0, 1, 2]
    assert order[: 3 * (rounds - 1)] == first * (rounds - 1)


def test_one_at_a_time_and_an_error_passes_the_turn_on() -> None:
    turns, inside, most = Turns(), 0, 0

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
