"""Who is in front of the Train tab, and what that browser keeps between two visits."""

from __future__ import annotations

import secrets
from typing import Any

import gradio as gr

from musictx.errors import TrainingError
from musictx.ui.access.sign_in import user_of
from musictx.workshop.policy import owner_of

STORAGE_KEY = "musictx-train"
# Gradio encrypts what it stores with this; a fixed one survives a restart. What protects is the secret within.
STORAGE_CIPHER = "musictx"
SHORTEST_SECRET = 20
NO_SECRET = (
    "Your browser keeps nothing for this page, so your runs could not be found again. Allow it to store data for this "
    "address, or leave private browsing, and reload the page."
)


def build_browser_state() -> gr.BrowserState:
    """What the browser keeps: the visitor's secret, the dataset and the run that were chosen last."""
    return gr.BrowserState({"visitor": "", "dataset": "", "run": ""}, storage_key=STORAGE_KEY, secret=STORAGE_CIPHER)


def with_secret(kept: Any) -> dict[str, str]:
    """What was kept, cleaned, with a fresh secret if there was none."""
    found = kept if isinstance(kept, dict) else {}
    clean = {name: str(found.get(name) or "")[:100] for name in ("visitor", "dataset", "run")}
    if len(clean["visitor"]) < SHORTEST_SECRET:
        clean["visitor"] = secrets.token_urlsafe(24)
    return clean


def owner_in(kept: Any, request: gr.Request) -> str:
    """The owner for the workshop's calls: the signed-in name, else the browser's secret.

    Raises:
        TrainingError: if there is neither; a secret that many browsers share would be none.
    """
    user = user_of(request)
    visitor = str(kept.get("visitor") or "") if isinstance(kept, dict) else ""
    if not user and len(visitor) < SHORTEST_SECRET:
        raise TrainingError(NO_SECRET)
    return owner_of(user, visitor)
