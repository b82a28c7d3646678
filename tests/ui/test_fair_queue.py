"""Shares of the queue, over objects that look like Gradio's: who waits, who works, who listens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from musictx.hosting.presence import Presence
from musictx.hosting.settings import HostSettings
from musictx.ui.compose.events import GENERATION
from musictx.ui.server.fair_queue import FULL, GONE_S, LATE_S, FairQueue
from tests.loops import run

SETTINGS = HostSettings(places=3, address_places=5, unheard=2, patience_s=15.0)


class Queue:
    """What of Gradio's queue is used."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self.line = SimpleNamespace(queue=[])
        self.event_queue_per_concurrency_id = {GENERATION: self.line}
        self.active_jobs: list[Any] = [None, None]

    def __len__(self) -> int:
        return len(self.line.queue)

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        number = f"{body.session_hash}-{len(self.line.queue)}-{body.now}"
        event = SimpleNamespace(
            _id=number,
            session_hash=body.session_hash,
            request=request,
            concurrency_id=GENERATION,
            enqueue_time=body.now,
            alive=True,
        )
        self.line.queue.append(event)
        return True, number, "success"

    async def clean_events(self, *, event_id: str) -> None:
        self.line.queue = [event for event in self.line.queue if event._id != event_id]
        for job in self.active_jobs:
            for event in job or ():
                event.alive = event.alive and event._id != event_id


class Page:
    """A queue with its shares, a clock, and which sessions were told that they are over."""

    def __init__(self, max_size: int = 8, settings: HostSettings = SETTINGS) -> None:
        self.now, self.over = 0.0, list[str]()
        self.queue, self.presence = Queue(max_size), Presence()
        leave = SimpleNamespace(targets=[(0, "unload")], fn=lambda request: self.over.append(request.session_hash))
        functions = {0: SimpleNamespace(targets=[], concurrency_id=GENERATION), 1: leave}
        blocks: Any = SimpleNamespace(_queue=self.queue, fns=functions)
        self.fair = FairQueue(blocks, self.presence, settings, lambda: self.now)

    def ask(self, session: str, address: str) -> Any:
        body = SimpleNamespace(fn_index=0, session_hash=session, now=self.now)
        request = SimpleNamespace(scope={"client": (address, 1), "headers": []})
        return run(self.queue.push(body=body, request=request, username=None))  # as Gradio's routes call it

    def look(self, seconds: float = 0.0) -> None:
        self.now += seconds
        run(self.fair.look())

    def waiting(self) -> list[str]:
        return [event.session_hash for event in self.queue.line.queue]

    def start(self) -> Any:
        event = self.queue.line.queue.pop(0)
        self.queue.active_jobs[0] = [event]
        return event


def test_a_visitor_has_so_many_places_and_no_more() -> None:
    page = Page()
    page.presence.come("me")
    assert [page.ask("me", "10.0.0.1")[0] for _ in range(4)] == [True, True, True, False]
    refused = page.ask("me", "10.0.0.1")
    assert refused[2] == FULL and "3 pieces of yours" in refused[1]
    assert page.ask("you", "10.0.0.1")[0]


def test_an_address_has_so_many_places_whatever_sessions_it_names() -> None:
    page = Page(max_size=20)
    answers = [page.ask(f"session {number}", "10.0.0.1")[0] for number in range(7)]
    assert answers == [True] * 5 + [False] * 2
    assert page.ask("you", "10.0.0.2")[0]


def test_requests_that_nobody_listens_to_are_given_up_and_their_visitors_told() -> None:
    page = Page(max_size=20)
    for number in range(4):
        page.ask(f"forget {number}", "10.0.0.1")
    working = page.start()
    page.ask("me", "10.0.0.2")
    page.presence.come("me")
    page.look(SETTINGS.patience_s - 1)
    assert len(page.waiting()) == 4 and working.alive
    page.look(2)
    assert page.waiting() == ["me"] and not working.alive
    assert sorted(page.over) == [f"forget {number}" for number in range(4)]


def test_who_listened_and_left_is_given_up_at_once() -> None:
    page = Page()
    page.ask("me", "10.0.0.1")
    page.presence.come("me")
    event = page.start()
    page.look(60)
    assert event.alive
    page.presence.go("me")
    page.look(GONE_S + 0.1)
    assert not event.alive and page.over == ["me"]


def test_who_is_listened_to_goes_before_who_is_not() -> None:
    page = Page(max_size=20)
    for number in range(3):
        page.ask(f"forget {number}", "10.0.0.1")
    page.ask("me", "10.0.0.2")
    page.presence.come("me")
    page.look(2)
    assert page.waiting()[0] == "me"


def test_a_full_queue_has_room_for_a_visitor_where_nobody_listens() -> None:
    page = Page(max_size=4, settings=HostSettings(unheard=100, places=10))
    for number in range(4):
        page.ask(f"forget {number}", "10.0.0.1")
    page.look(LATE_S)
    assert page.ask("me", "10.0.0.2")[0] and "me" in page.waiting() and len(page.waiting()) == 4


def test_more_that_nobody_listens_to_is_not_taken() -> None:
    page = Page(max_size=20)
    for number in range(2):
        page.ask(f"forget {number}", "10.0.0.1")
    page.look(LATE_S + 1)
    refused = page.ask("forget more", "10.0.0.1")
    assert refused[2] == FULL and "not listened to" in refused[1]
    assert page.ask("me", "10.0.0.2")[0]


def test_one_run_of_a_session_may_end_while_another_is_listened_to() -> None:
    page = Page()
    page.ask("me", "10.0.0.1")
    page.now = 1.0
    page.ask("me", "10.0.0.1")
    first = page.queue.line.queue[0]._id
    page.presence.come(page.queue.line.queue[1]._id)  # as the API's callers listen: to an event
    page.look(SETTINGS.patience_s + 1)
    assert first not in [event._id for event in page.queue.line.queue] and page.over == []
