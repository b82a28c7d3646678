"""Coroutines in a test process where a browser may hold the loop of the main thread."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in a thread of its own: Playwright's loop runs on in the main one between its calls."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
