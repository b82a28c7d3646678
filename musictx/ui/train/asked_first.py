"""Handlers of the Train tab that ask the policy before they do anything, whoever calls them and from where.

The tab is hidden where nobody may train; its endpoints are there all the same, and anybody can call them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.ui.access.identity import owner_in

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop


def asked_first(workshop: Workshop, handler: Callable[..., Any]) -> Callable[..., Any]:
    """`handler`, which takes `kept` and `request`, for those alone who may train; others get the sentence.

    Its signature stays, by which Gradio knows what to hand over.
    """
    signature = inspect.signature(handler)

    def check(*values: Any, **more: Any) -> None:
        given = signature.bind(*values, **more).arguments
        try:
            workshop.policy.check(owner_in(given["kept"], given["request"]))
        except MusictxError as error:
            raise gr.Error(str(error), print_exception=False) from error

    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def streams(*values: Any, **more: Any) -> Iterator[Any]:
            check(*values, **more)
            yield from handler(*values, **more)

        return streams

    @functools.wraps(handler)
    def answers(*values: Any, **more: Any) -> Any:
        check(*values, **more)
        return handler(*values, **more)

    return answers


class AskedFirst:
    """All of an object's handlers that take `kept` and `request`, asked first; the others as they are."""

    def __init__(self, workshop: Workshop, handlers: Any) -> None:
        self._workshop, self._handlers = workshop, handlers

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._handlers, name)
        takes = inspect.signature(found).parameters if callable(found) else {}
        return asked_first(self._workshop, found) if {"kept", "request"} <= set(takes) else found
