"""Rows of several callers in one step: who is stepped with whom, and whose trouble it is."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from musictx.generation.engines.base import Uniforms
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.engines.shared_step import SharedStep
from musictx.types import Ids
from tests.waiting import until


@dataclass(eq=False)
class Rows:
    """A member whose tokens count up from 0."""

    name: str
    drawn: int = 0
    closed: bool = False


@dataclass
class Counter:
    """A stepper that notes who came together, does `before` first, and refuses the members in `bad`."""

    before: Callable[[], object] = lambda: None
    bad: set[str] = field(default_factory=set)
    steps: list[list[str]] = field(default_factory=list)
    inside: int = 0

    def step(self, members: Sequence[Rows], uniforms: Sequence[Uniforms]) -> list[Ids]:
        """See `Stepper.step`."""
        self.inside += 1
        assert self.inside == 1
        self.steps.append([member.name for member in members])
        try:
            self.before()
            if refused := self.bad.intersection(self.steps[-1]):
                raise ValueError(str(sorted(refused)))
        finally:
            self.inside -= 1
        results = []
        for member, uniforms_BN in zip(members, uniforms, strict=True):
            batch, count = uniforms_BN.shape
            results.append(np.tile(np.arange(member.drawn, member.drawn + count, dtype=np.int32), (batch, 1)))
            member.drawn += count
        return results


def numbers(batch: int, count: int) -> Uniforms:
    return np.zeros((batch, count), np.float32)


class Callers:
    """Threads that ask once each; what they got, or what was raised, by name."""

    def __init__(self, shared: SharedStep[Rows]) -> None:
        self.shared = shared
        self.got: dict[str, object] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, member: Rows, batch: int = 1) -> None:
        """In a thread of its own; returns once it waits."""
        before = self.shared.waiting

        def call() -> None:
            try:
                self.got[member.name] = self.shared.advance(member, numbers(batch, 2))[0].tolist()
            except BaseException as error:
                self.got[member.name] = error

        self.threads.append(threading.Thread(target=call))
        self.threads[-1].start()
        until(lambda: self.shared.waiting > before)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)


def asked_at_once(stepper: Counter, names: str, most: int = 64, batch: int = 1) -> dict[str, object]:
    """What each gets, where all have asked while the machine was taken."""
    turns = FairLock()
    callers = Callers(SharedStep(stepper, turns, most))
    with turns:
        for name in names:
            callers.ask(Rows(name), batch)
    callers.join()
    return callers.got


def test_alone_every_call_is_a_step() -> None:
    stepper, member = Counter(), Rows("a")
    shared = SharedStep(stepper, FairLock(), 64)
    assert shared.advance(member, numbers(2, 3)).tolist() == [[0, 1, 2]] * 2
    assert shared.advance(member, numbers(2, 1)).tolist() == [[3]] * 2
    assert stepper.steps == [["a"], ["a"]]


def test_who_waits_is_stepped_together() -> None:
    stepper = Counter()
    assert asked_at_once(stepper, "abc") == {name: [0, 1] for name in "abc"}
    assert stepper.steps == [["a", "b", "c"]]


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (1, ["abcd", "e"]),
        (2, ["ab", "cd", "e"]),
        (6, ["a", "b", "c", "d", "e"]),
    ],
)
def test_no_more_rows_than_fit_in_the_order_of_asking(batch: int, expected: list[str]) -> None:
    stepper = Counter()
    asked_at_once(stepper, "abcde", most=4, batch=batch)
    assert ["".join(step) for step in stepper.steps] == expected


def test_two_groups_become_one() -> None:
    """`b` asks while `a` is stepped, and would be stepped without it for ever, had it not waited for `a`."""
    first, entered, go_on = Rows("a"), threading.Event(), threading.Event()

    def before() -> None:
        entered.set()
        assert go_on.wait(30)

    stepper = Counter(before)
    shared = SharedStep(stepper, FairLock(), 64)
    callers = Callers(shared)
    again = threading.Thread(target=lambda: [shared.advance(first, numbers(1, 1)) for _ in range(2)])
    again.start()
    assert entered.wait(30)
    callers.ask(Rows("b"))
    threading.Event().wait(1)  # so long a step that `a` comes back within a share of it on a busy machine too
    go_on.set()
    again.join(30)
    callers.join()
    assert [sorted(step) for step in stepper.steps] == [["a"], ["a", "b"]]


def test_nobody_waits_for_one_who_has_left() -> None:
    stepper, gone = Counter(), Rows("gone")
    shared = SharedStep(stepper, FairLock(), 64)
    shared.advance(gone, numbers(1, 1))
    gone.closed, shared._last_s = True, 1e6  # it would take for ever
    shared.advance(Rows("b"), numbers(1, 1))
    assert stepper.steps == [["gone"], ["b"]]


def test_an_error_is_that_of_whom_it_belongs_to() -> None:
    stepper = Counter(bad={"b"})
    got = asked_at_once(stepper, "abc")
    error = got.pop("b")
    assert isinstance(error, ValueError) and str(error) == "['b']"
    assert got == {"a": [0, 1], "c": [0, 1]}
    assert stepper.steps == [["a", "b", "c"], ["a"], ["b"], ["c"]]


class Interrupting(FairLock):
    """Whoever waits for the first turn is interrupted, once `ready`."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = threading.Event()
        self.interrupts = 1

    def __enter__(self) -> None:
        if self.interrupts:
            self.interrupts = 0
            assert self.ready.wait(30)
            raise KeyboardInterrupt
        super().__enter__()


def test_an_interrupted_leader_is_waited_for_by_nobody() -> None:
    turns, stepper = Interrupting(), Counter()
    callers = Callers(SharedStep(stepper, turns, 64))
    for name in "abc":
        callers.ask(Rows(name))
    turns.ready.set()
    callers.join()
    assert isinstance(callers.got.pop("a"), KeyboardInterrupt)
    assert callers.got == {"b": [0, 1], "c": [0, 1]} and stepper.steps == [["b", "c"]]


def test_many_threads_come_and_go() -> None:
    """Each gets its own tokens, all of them, in order; some steps are shared, and some raise."""
    stepper = Counter()
    shared = SharedStep(stepper, FairLock(), 6)
    errors: list[BaseException] = []

    def visit(number: int) -> None:
        choose = random.Random(number)
        try:
            for piece in range(6):
                member, batch, expected = Rows(f"{number}.{piece}"), choose.randint(1, 3), 0
                if choose.random() < 0.2:
                    stepper.bad.add(member.name)
                    with pytest.raises(ValueError, match=member.name):
                        shared.advance(member, numbers(batch, 1))
                    stepper.bad.discard(member.name)
                for _ in range(choose.randint(1, 12)):
                    count = choose.randint(1, 16)
                    ids_BN = shared.advance(member, numbers(batch, count))
                    assert ids_BN.tolist() == [list(range(expected, expected + count))] * batch
                    expected += count
                member.closed = True
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads) and errors == []
    assert all(len(set(step)) == len(step) for step in stepper.steps)
    assert max(map(len, stepper.steps)) > 1 and shared.waiting == 0
