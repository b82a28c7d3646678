"""A run's folder as what is shown of it, at any moment and by any process."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musictx.errors import SettingsError
from musictx.files import read_json
from musictx.training.runs import RunFolder
from musictx.workshop.runs.advice import advice, memorised, smoothed
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.status import queue, read_status
from musictx.workshop.runs.view import LIVE, Curve, RunView, Sample

PACE_LINES = 12  # of the metrics, that the remaining time is reckoned from


def view_run(folder: Path) -> RunView:
    """Everything that is shown of the run in `folder`."""
    run, about, now = RunFolder(folder), read_json(folder / "about.json"), read_status(folder)
    config = read_json(folder / "run.json")
    lines = list(run.metrics())
    steps, step = int(config.get("steps", 0)), max((line["step"] for line in lines), default=0)
    seconds = float(lines[-1].get("seconds", 0.0)) if lines else 0.0
    limit_s = float(config.get("minutes", 0.0)) * 60 or math.inf
    training, validation = _curve(lines, "nll"), _curve(lines, "validation_nll")
    rates, speeds = _curve(lines, "learning_rate"), _curve(lines, "tokens_per_second")
    before = validation.raw[0] if config.get("base") and validation.steps[:1] == (0,) else None
    live = now.status in LIVE
    best = min(validation.raw, default=None)
    return RunView(
        run_id=folder.name,
        owner=str(about.get("owner", "")),
        dataset_id=str(about.get("dataset_id", "")),
        settings=settings_of(folder, about, config),
        status=now.status,
        queue_place=_place(folder) if now.status == "queued" else 0,
        step=step,
        steps=steps,
        eta_s=_eta(lines, step, steps, limit_s) if live else None,
        seconds=seconds,
        tokens_per_second=speeds.raw[-1] if speeds.raw else 0.0,
        learning_rate=rates.raw[-1] if rates.raw else 0.0,
        training=training,
        validation=validation,
        learning_rates=rates,
        speeds=speeds,
        samples=samples_of(run),
        best_step=validation.steps[validation.raw.index(best)] if best is not None else None,
        nll_before=before,
        nll_best=best,
        advice=advice(training, validation, before, live),
        memorised=memorised(training, validation),
        error=now.error,
        log=folder / "log.txt",
        created_s=float(about.get("created_s", 0.0)) or _written_s(folder),
        command=f"python -m musictx train --run {folder}",
        can_stop=live and now.status != "stopping",
        can_resume=not live and step < steps and seconds < limit_s,
        can_delete=not live,
        can_use=run.result is not None,
    )


def settings_of(folder: Path, about: dict[str, Any], config: dict[str, Any]) -> RunSettings:
    """What a person chose; of a run that was started with `train FOLDER`, as near as it can be said."""
    try:
        return RunSettings.from_dict(about["settings"])
    except (KeyError, SettingsError):
        lora = bool(config.get("lora_rank")) and bool(config.get("base"))
        return RunSettings(name=folder.name[:60], base=str(config.get("base", "")), method="lora" if lora else "full")


def samples_of(run: RunFolder) -> tuple[Sample, ...]:
    """The samples that are whole, by step."""
    found = []
    for path in sorted(run.samples.glob("step-*.json")):
        stored = read_json(path)
        if "join_s" in stored:
            step = int(path.stem.removeprefix("step-"))
            found.append(Sample(step, path.with_suffix(".mid"), float(stored["join_s"])))
    return tuple(found)


def _curve(lines: Sequence[dict[str, Any]], name: str) -> Curve:
    # One value a step: a run that was killed and not yet resumed has told some steps once only, a resumed one too.
    values = {line["step"]: float(line[name]) for line in lines if name in line}
    return smoothed(list(values), list(values.values()))


def _eta(lines: Sequence[dict[str, Any]], step: int, steps: int, limit_s: float) -> float | None:
    """Seconds until the end at the pace of the last lines, validations included; at most until `limit_s`."""
    # Before the first step lies the compilation, which comes once.
    timed = [(line["step"], float(line["seconds"])) for line in lines if line["step"] and "seconds" in line]
    timed = timed[-PACE_LINES:]
    if len(timed) < 2 or timed[-1][0] <= timed[0][0]:
        return None
    by_steps = (steps - step) * (timed[-1][1] - timed[0][1]) / (timed[-1][0] - timed[0][0])
    return max(min(by_steps, limit_s - timed[-1][1]), 0.0)


def _place(folder: Path) -> int:
    names = [path.name for path in queue(folder.parent)]
    return names.index(folder.name) + 1 if folder.name in names else 1


def _written_s(folder: Path) -> float:
    path = folder / "run.json"
    return path.stat().st_mtime if path.exists() else time.time()
