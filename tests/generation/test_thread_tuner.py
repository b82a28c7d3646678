"""The quickest way is found, kept, and left when another becomes quicker."""

from __future__ import annotations

from collections import Counter

from musictx.generation.engines.thread_tuner import PERIOD, TRIAL, ThreadTuner


def work(fastest: ThreadTuner, steps: int, seconds: list[float]) -> Counter[int]:
    """How often each way was picked in so many steps."""
    picked: Counter[int] = Counter()
    for _ in range(steps):
        way = fastest.pick()
        fastest.took(way, seconds[way])
        picked[way] += 1
    return picked


def test_the_quicker_way_does_almost_everything() -> None:
    for seconds in ([1.0, 2.0], [2.0, 1.0]):
        picked = work(ThreadTuner(2), 4 * PERIOD, seconds)
        slower = seconds.index(2.0)
        assert picked[slower] == 4 * TRIAL


def test_a_change_is_noticed_within_a_few_trials() -> None:
    fastest = ThreadTuner(2)
    work(fastest, PERIOD, [1.0, 1.5])
    work(fastest, 2 * PERIOD, [3.0, 1.5])
    picked = work(fastest, PERIOD, [3.0, 1.5])
    assert picked[0] == TRIAL


def test_a_single_way_is_no_question() -> None:
    assert work(ThreadTuner(1), 500, [1.0]) == {0: 500}
