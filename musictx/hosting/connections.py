"""Connections on which nothing is asked: a browser opens some ahead, an attacker thousands."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any

SILENT_S = 30.0  # without a whole request head: a browser's first line comes at once


def close_idle(connections: Collection[Any], known: MutableMapping[Any, float], now: float) -> int:
    """Closes connections of uvicorn that have never asked anything for long; how many.

    Args:
        connections: the server's protocols; `cycle` is None until a request head was read.
        known: those without a request and since when, kept between calls.
        now: in seconds.
    """
    silent = {each for each in list(connections) if getattr(each, "cycle", None) is None}
    for gone in [each for each in known if each not in silent]:
        del known[gone]
    closed = 0
    for each in silent:
        if now - known.setdefault(each, now) > SILENT_S and each.transport is not None:
            each.loop.call_soon_threadsafe(each.transport.close)
            del known[each]
            closed += 1
    return closed
