"""Gradio's queue with shares: so many places a visitor and an address, and none for answers nobody waits for."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import gradio as gr

from musictx.hosting.messages import address_of
from musictx.hosting.presence import Presence
from musictx.hosting.settings import HostSettings
from musictx.ui.events import GENERATION

LOOK_S = 0.5
GONE_S = 1.0  # after somebody listened and does no more
LATE_S = 5.0  # a busy visitor's stream may be as late as this
FULL = "queue_full"  # what Gradio calls a refusal; it answers 503 with the sentence


class FairQueue:
    """Stands before `Queue.push` and looks after what waits and works.

    Args:
        blocks: the page; its queue is wrapped.
        presence: who listens.
        settings: places and patience.
        clock: in seconds, as the queue's events are timed.
    """

    def __init__(
        self,
        blocks: gr.Blocks,
        presence: Presence,
        settings: HostSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._blocks, self._queue, self._presence = blocks, blocks._queue, presence
        self._settings, self._clock = settings, clock
        self._push: Callable[..., Awaitable[Any]] = type(self._queue).push.__get__(self._queue)
        self._heard: dict[str, float] = {}  # event -> when somebody listened for it last
        self._queue.push = self.push

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """As `Queue.push`, which is asked only if there is a place for this visitor."""
        function = self._blocks.fns.get(body.fn_index)
        refusal = self._refusal(str(body.session_hash or ""), self._address(request), function)
        if refusal:
            return False, refusal, FULL
        if self._queue.max_size is not None and len(self._queue) >= self._queue.max_size:
            await self._make_room()
        return await self._push(body=body, request=request, username=username)

    async def tend(self) -> None:
        """For ever: gives up what nobody listens for, and puts behind what nobody has listened for yet."""
        while True:
            await anyio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                logging.getLogger(__name__).exception("the queue could not be looked after")

    async def look(self) -> None:
        """Once."""
        now, events = self._clock(), list(self._events())
        self._heard = {event._id: self._heard[event._id] for event in events if event._id in self._heard}
        for event in events:
            if self._is_heard(event):
                self._heard[event._id] = now
        for event in events:
            if self._is_forlorn(event, now):
                await self._give_up(event)
        for waiting in self._queue.event_queue_per_concurrency_id.values():
            waiting.queue.sort(key=lambda event: event._id not in self._heard and now - event.enqueue_time > LOOK_S)

    def _refusal(self, session: str, address: str, function: Any) -> str:
        """ "" if there is a place, else the sentence."""
        events = list(self._events())
        theirs = [event for event in events if self._address(event.request) == address]
        if getattr(function, "concurrency_id", None) == GENERATION:
            music = [event for event in events if event.concurrency_id == GENERATION]
            mine = sum(1 for event in music if session and event.session_hash == session)
            if mine >= self._settings.places:
                return (
                    f"{mine} pieces of yours are made or wait already, as many as one visitor may have. Wait for one."
                )
            near = sum(1 for event in music if self._address(event.request) == address)
            if self._settings.address_places and near >= self._settings.address_places:
                return f"{near} pieces are made or wait for your network already. Wait for one of them."
        now = self._clock()
        unheard = [each for each in theirs if each._id not in self._heard and now - each.enqueue_time > LATE_S]
        if sum(not self._is_heard(each) for each in unheard) >= self._settings.unheard:
            return "Answers that were asked for from your network are not listened to. Fetch them first."
        return ""

    async def _make_room(self) -> None:
        """Full: the youngest request goes that nobody has listened to, if there is one."""
        waiting = [event for line in self._queue.event_queue_per_concurrency_id.values() for event in line.queue]
        unheard = [event for event in waiting if event._id not in self._heard and not self._is_heard(event)]
        old = [event for event in unheard if self._clock() - event.enqueue_time > GONE_S]
        if old:
            await self._queue.clean_events(event_id=max(old, key=lambda event: event.enqueue_time)._id)

    async def _give_up(self, event: Any) -> None:
        await self._queue.clean_events(event_id=event._id)
        session = event.session_hash
        if any(other.session_hash == session and self._is_heard(other) for other in self._events()):
            return
        request = gr.Request(session_hash=session)
        for function in self._blocks.fns.values():  # as if the page had been closed
            if any(target[1] == "unload" for target in function.targets):
                function.fn(request)

    def _is_heard(self, event: Any) -> bool:
        return self._presence.listens(event.session_hash, event._id)

    def _is_forlorn(self, event: Any, now: float) -> bool:
        if self._is_heard(event):
            return False
        heard = self._heard.get(event._id)
        since = event.enqueue_time if heard is None else heard
        return now - since > (self._settings.patience_s if heard is None else GONE_S)

    def _events(self) -> Iterator[Any]:
        """All that wait, then all at work."""
        for line in self._queue.event_queue_per_concurrency_id.values():
            yield from line.queue
        for job in self._queue.active_jobs:
            yield from (event for event in job or () if event.alive)

    def _address(self, request: Any) -> str:
        scope = getattr(request, "scope", None)
        return address_of(scope, self._settings.proxies) if isinstance(scope, dict) else ""
