"""What stands above Start: the estimate of a run, or why it cannot be, as one plain value (read by offer.js)."""

from __future__ import annotations

from typing import Any

from musictx.ui import text
from musictx.ui.player.files import safe_name
from musictx.ui.serials import new_serial
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.view import Estimate

HINT_EMPTY = "Bring some music first: its size decides the settings."
HINT_READY = "The settings fit your dataset. Estimate measures time and memory; Start begins at once."


def offer_value(
    phase: str,
    words: str = "",
    facts: list[list[str]] | None = None,
    save: RunSettings | None = None,
    problem: str = "",
) -> dict[str, Any]:
    """One state.

    Args:
        phase: "hint", "measuring", "estimate" or "problem", see `offer_problem`. words: what goes on, or what to do.
        facts: (term, value). save: settings that the browser is to save as a file.
        problem: a sentence on what was asked for in vain.
    """
    file = {"name": f"{safe_name(save.name)}-settings.json", "text": save.to_json()} if save else None
    return {
        "serial": new_serial(),
        "phase": phase,
        "words": words,
        "problem": problem,
        "facts": facts or [],
        "save": file,
    }


def offer_problem(sentence: str, facts: list[list[str]] | None = None) -> dict[str, Any]:
    """The state in which something was asked for in vain."""
    return offer_value("problem", facts=facts, problem=sentence)


def estimate_value(estimate: Estimate) -> dict[str, Any]:
    """Time, memory, disk; the refusal if such a run may not start."""
    share = estimate.trained_parameters / max(1, estimate.parameters)
    facts = [
        ["Time", f"{text.about(estimate.seconds)}, {text.about(estimate.compile_s)} of it to prepare"],
        ["Memory", f"{text.file_size(estimate.memory_bytes)} of {text.file_size(estimate.free_memory_bytes)} free"],
        ["Disk", f"{text.file_size(estimate.disk_bytes)} of {text.file_size(estimate.free_disk_bytes)} free"],
        ["Steps", f"{estimate.steps:,} at {text.rate(estimate.tokens_per_second)}"],
        ["Trained", f"{estimate.trained_parameters:,} weights, {share:.1%} of the network"],
    ]
    if estimate.refusal:
        return offer_problem(estimate.refusal, facts)
    return offer_value("estimate", "", facts)
