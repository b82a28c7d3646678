"""What is shown of a run, as plain values for the browser (read by run_panel.js and outcome.js)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musictx.ui import text
from musictx.ui.player.files import file_data
from musictx.ui.serials import new_serial
from musictx.workshop.runs.view import Curve, RunView

MOST_STEPS_MORE = 1_000_000
MOST_POINTS = 400  # of a curve: more than a plot has pixels to tell apart
STATUS_WORDS = {
    "queued": "Waiting",
    "running": "Training",
    "stopping": "Saving and stopping",
    "stopped": "Stopped",
    "finished": "Finished",
    "failed": "Failed",
}


def run_value(runs: Sequence[RunView], run: RunView | None, problem: str = "") -> dict[str, Any]:
    """One state of the run panel.

    Args:
        runs: of the visitor, newest first. run: the chosen one, None if there is none.
        problem: a sentence on what was asked for in vain.
    """
    value = {
        "serial": new_serial(),
        "phase": run.status if run else "none",
        "problem": problem,
        "runs": [{"id": each.run_id, "name": each.settings.name, "status": STATUS_WORDS[each.status]} for each in runs],
        "chosen": run.run_id if run else "",
    }
    return value | _words(run) | _curves(run) if run else value


def outcome_value(
    run: RunView | None, *, problem: str = "", log: str = "", package: Path | None = None
) -> dict[str, Any]:
    """What has come out of a run so far, and what can be done with it.

    Args:
        log: its end, once asked for. package: the checkpoint as a zip, once asked for.
    """
    value: dict[str, Any] = {"serial": new_serial(), "chosen": run.run_id if run else "", "problem": problem}
    if run is None:
        return value
    can = {"use": run.can_use, "duel": run.can_use and bool(run.settings.base)}
    zipped = {"name": package.name, "data": file_data(package)} if package else None
    return value | {"can": can, "result": _result(run), "command": run.command, "log": log, "package": zipped}


def _words(run: RunView) -> dict[str, Any]:
    return {
        "status": _status(run),
        "facts": _facts(run),
        "most_more": MOST_STEPS_MORE,
        "progress": float(run.step) / max(1, run.steps),
        "wait": _wait(run),
        "advice": list(run.advice),
        "memorised": run.memorised,
        "error": run.error,
        "can": {
            "stop": run.can_stop,
            "resume": run.can_resume,
            "delete": run.can_delete,
            "longer": run.status == "finished",
        },
    }


def _status(run: RunView) -> str:
    words = STATUS_WORDS[run.status]
    if run.status == "queued":
        return f"{words}: {text.place(run.queue_place)} in the queue" if run.queue_place else words
    steps = f"step {run.step:,} of {run.steps:,}"
    left = f" · {text.about(run.eta_s)} left" if run.eta_s is not None and run.status == "running" else ""
    return f"{words} · {steps}{left}"


def _facts(run: RunView) -> str:
    parts = []
    if run.tokens_per_second:
        parts.append(text.rate(run.tokens_per_second))
    if run.learning_rate:
        parts.append(f"learning rate {run.learning_rate:.1e}")
    if run.seconds:
        parts.append(f"{text.duration(run.seconds)} of work")
    method = f"LoRA of rank {run.settings.lora_rank}" if run.settings.method == "lora" else "all weights"
    parts.append(f"{method}, from {run.settings.base or 'scratch'}")
    return " · ".join(parts)


def _wait(run: RunView) -> str:
    """What stands where the curves will be."""
    if run.training.steps or run.validation.steps:
        return ""
    if run.status == "queued":
        return "The run starts when the ones before it are done. You may close this page."
    if run.status == "running":
        return "Preparing the first step: the network is compiled, which takes a while."
    return "This run has no figures."


def _curves(run: RunView) -> dict[str, Any]:
    return {
        "steps": int(run.steps),
        "training": _thinned(run.training),
        "validation": _thinned(run.validation),
        "rates": _thinned(run.learning_rates),
        "base_nll": None if run.nll_before is None else float(run.nll_before),
        "best_step": None if run.best_step is None else int(run.best_step),
        "samples": [int(sample.step) for sample in run.samples],
    }


def _thinned(curve: Curve) -> dict[str, list[float]]:
    """At most MOST_POINTS of a curve, its last one among them."""
    stride = max(1, -(-len(curve.steps) // MOST_POINTS))
    first = (len(curve.steps) - 1) % stride if curve.steps else 0
    return {
        "steps": [int(step) for step in curve.steps[first::stride]],
        "raw": [round(float(value), 6) for value in curve.raw[first::stride]],
        "smoothed": [round(float(value), 6) for value in curve.smoothed[first::stride]],
    }


def _result(run: RunView) -> list[list[str]]:
    """Term and value of what came out: validation NLL before and after."""
    if run.nll_best is None:
        return []
    rows = [["Validation NLL", f"{run.nll_best:.3f} nats per token"]]
    if run.best_step is not None:
        rows.append(["Best step", f"{run.best_step:,}"])
    if run.nll_before is not None:
        change = run.nll_before - run.nll_best
        rows.insert(0, ["Before", f"{run.nll_before:.3f} nats per token"])
        rows[1][0] = "After"
        rows.append(["Change", f"{'−' if change >= 0 else '+'}{abs(change):.3f}"])
    return rows
