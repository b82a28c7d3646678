"""Work for the next step is done ahead, once, and its errors come to whoever asks."""

import threading

import pytest

from musictx.training.prefetch import Prefetch


def test_the_next_step_is_made_before_it_is_asked_for() -> None:
    made = threading.Event()

    def make(step: int) -> int:
        if step == 1:
            made.set()
        return step * step

    ahead = Prefetch(make, 3)
    assert ahead.take(0) == 0
    assert made.wait(10)
    assert ahead.take(1) == 1


def test_nothing_is_made_twice_or_beyond_the_end() -> None:
    calls: list[int] = []
    ahead = Prefetch(lambda step: calls.append(step), 4)
    for step in range(4):
        ahead.take(step)
    assert calls == [0, 1, 2, 3]


def test_a_jump_is_made_at_once() -> None:
    ahead = Prefetch(lambda step: step, 100)
    assert [ahead.take(step) for step in (0, 7, 8, 3)] == [0, 7, 8, 3]


def test_an_error_comes_with_its_step() -> None:
    def make(step: int) -> int:
        if step == 1:
            raise ValueError("step 1")
        return step

    ahead = Prefetch(make, 3)
    assert ahead.take(0) == 0
    with pytest.raises(ValueError, match="step 1"):
        ahead.take(1)
