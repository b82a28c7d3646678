"""Continuous batching: whoever asks for tokens while others wait is put into one step of the network with them.

    advance (each in its own thread) -> those who wait -> one call of `Stepper.step` -> tokens for each

There is no thread beside the callers'. The first of those who wait leads: it waits for its turn on the machine, takes
all who have come until then, has their rows stepped in one call, and hands each what is theirs. Meanwhile others come,
of whom the first leads next. So rows join and leave between calls, and a visitor alone leads at once.

Two groups that take turns would never meet: one asks while the other is stepped. So a leader waits for those of
the step before who have not asked again, but no longer than a share of what that step took. Knows neither
Keras nor music: any engine whose rows have positions of their own can be stepped.

Shape letters: B rows of one member, N tokens that it asks for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from musictx.generation.engines.base import Uniforms
from musictx.generation.engines.fair_lock import FairLock
from musictx.types import Ids

# Of the time that the last step took: what is lost at most where somebody does not come back.
GATHER_SHARE = 0.25


class Member(Protocol):
    """The rows of one stream. closed: nobody will ask for them again; it may become True at any moment."""

    @property
    def closed(self) -> bool: ...  # noqa: D102  # see the class


M = TypeVar("M", bound=Member)
Stepped = TypeVar("Stepped", bound=Member, contravariant=True)


class Stepper(Protocol[Stepped]):
    """What draws tokens for the rows of several members at once."""

    def step(self, members: Sequence[Stepped], uniforms: Sequence[Uniforms]) -> Sequence[Ids]:
        """Draws what each member asks for; never called by two threads at once.

        Args:
            members: each at most once.
            uniforms: of each member float32 (B, N), one number for each token; B and N are its own.

        Returns:
            Of each member int32 (B, N).

        Raises:
            Exception: whatever went wrong; then no row has moved, so that each member may be stepped alone.
        """


@dataclass(eq=False)
class _Request(Generic[M]):
    """What one caller waits for. woken: there is a result or an error, or it is this caller's part to lead."""

    member: M
    uniforms_BN: Uniforms
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    ids_BN: Ids | None = None
    error: Exception | None = None

    def outcome(self) -> Ids:
        """The tokens, or the error raised."""
        if self.error is not None:
            raise self.error
        if self.ids_BN is None:  # whoever led was interrupted, in a program that ends
            raise RuntimeError("The step was interrupted.")
        return self.ids_BN


class SharedStep(Generic[M]):
    """Steps the rows of whoever asks, together where they ask at the same time.

    Args:
        stepper: what does the work.
        turns: who may use the machine next; a step holds a turn.
        most: rows in one step at most; a member with more is stepped alone.
    """

    def __init__(self, stepper: Stepper[M], turns: FairLock, most: int) -> None:
        self._stepper, self._turns, self._most = stepper, turns, most
        self._guard = threading.Condition()  # for all below
        self._waiting: deque[_Request[M]] = deque()  # the first leads, if anybody waits
        self._running = False
        self._expected: list[M] = []  # who was in the last step
        self._last_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait for a step that has not begun."""
        with self._guard:
            return len(self._waiting)

    def advance(self, member: M, uniforms_BN: Uniforms) -> Ids:
        """Draws N tokens for each row of `member`, (B, N); returns when they are there.

        Raises:
            Exception: what `Stepper.step` raised for this member stepped alone.
        """
        request = _Request(member, uniforms_BN)
        with self._guard:
            self._waiting.append(request)
            request.leads = len(self._waiting) == 1
            self._guard.notify_all()
        try:
            if not request.leads:
                request.woken.wait()
            if request.leads:
                self._lead()
        except BaseException:
            self._withdraw(request)
            raise
        return request.outcome()

    def _lead(self) -> None:
        """Takes whoever waits, as soon as it is their turn, and steps them."""
        with self._guard:
            self._guard.wait_for(lambda: not self._running)
            self._guard.wait_for(self._all_are_back, self._last_s * GATHER_SHARE)
        with self._turns:
            requests = self._taken()
            began = time.perf_counter()
            try:
                self._step(requests)
            finally:
                with self._guard:
                    self._running, self._last_s = False, time.perf_counter() - began
                    self._expected = [request.member for request in requests]
                    self._guard.notify_all()
                for request in requests:
                    request.leads = False
                    request.woken.set()

    def _all_are_back(self) -> bool:
        asked = {id(request.member) for request in self._waiting}
        return all(member.closed or id(member) in asked for member in self._expected)

    def _taken(self) -> list[_Request[M]]:
        """As many of those who wait, from the first on, as fit into one step; the next one leads those who are left."""
        with self._guard:
            taken, rows = [self._waiting.popleft()], 0
            rows = len(taken[0].uniforms_BN)
            while self._waiting and rows + len(self._waiting[0].uniforms_BN) <= self._most:
                taken.append(self._waiting.popleft())
                rows += len(taken[-1].uniforms_BN)
            self._running = True
            self._hand_on()
            return taken

    def _hand_on(self) -> None:
        """Has the first of those who wait lead; the guard is held."""
        if self._waiting and not self._waiting[0].leads:
            self._waiting[0].leads = True
            self._waiting[0].woken.set()

    def _withdraw(self, request: _Request[M]) -> None:
        """The caller was interrupted: nobody may wait for it."""
        with self._guard:
            if request in self._waiting:
                self._waiting.remove(request)
                self._hand_on()

    def _step(self, requests: list[_Request[M]]) -> None:
        """Fills in tokens, or whose error it is: after an error of several, each is stepped alone."""
        try:
            rows = self._stepper.step([each.member for each in requests], [each.uniforms_BN for each in requests])
            for request, ids_BN in zip(requests, rows, strict=True):
                request.ids_BN = ids_BN
        except Exception as error:
            if len(requests) == 1:
                requests[0].error = error
                return
            for request in requests:
                self._step([request])
