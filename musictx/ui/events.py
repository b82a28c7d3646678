"""How events of the page are handled: which queue they stand in, and what is shown meanwhile."""

from __future__ import annotations

from typing import Any

GENERATION = "generation"  # one queue, whichever way a piece is asked for
# Internal events: not part of the API, no spinner over the component.
INNER: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
QUICK: dict[str, Any] = {**INNER, "queue": False}
# Reading a visitor's file: in a queue, since it may take memory.
READING: dict[str, Any] = {"concurrency_id": "reading a seed", "concurrency_limit": 2, **INNER}
# Rendering. Gradio's default drops an event that is still at work: what came meanwhile would never sound.
SOUND: dict[str, Any] = {"concurrency_id": "sound", "concurrency_limit": 2, "trigger_mode": "always_last", **INNER}
