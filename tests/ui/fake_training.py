"""What the fake workshop shows: curves by formula, takes of broken chords, reports of what was read."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from musictx.config import ComposeSettings
from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.workshop.datasets.report import DatasetReport, DatasetRow
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.view import Curve, RunView, Sample
from tests.ui.fake_studio import broken_chords

BASE_NLL, BEST_NLL = 2.4, 1.6
BROKEN = "The loss became infinite at step 12. Start again with a lower learning rate."


@dataclass
class FakeRun:
    """What the fake remembers of a run: the step at which the clock was set, and when."""

    run_id: str
    owner: str
    dataset_id: str
    settings: RunSettings
    steps: int
    step: int = 0
    since_s: float | None = None  # None while it waits
    stopped: bool = False
    created_s: float = 0.0


def training_nll(step: int) -> float:
    """Falls for ever."""
    return 0.9 + 1.6 * math.exp(-step / 60) + 0.1 * math.sin(step)


def validation_nll(step: int) -> float:
    """Turns at step 80."""
    return BEST_NLL + (BASE_NLL - BEST_NLL) * math.exp(-step / 30) + max(0, step - 80) * 0.002


def rate_at(step: int, peak: float, steps: int) -> float:
    """Up, then down."""
    return peak * min(1.0, step / 20) * (1 - 0.9 * step / steps)


def make_curve(steps: Sequence[int], value: Callable[[int], float], window: int = 1) -> Curve:
    """By formula, smoothed over `window` points."""
    raw = tuple(value(step) for step in steps)
    before = [raw[max(0, at - window + 1) : at + 1] for at in range(len(raw))]
    return Curve(tuple(steps), raw, tuple(sum(values) / len(values) for values in before))


def make_take(number: int, step: int) -> Take:
    """Broken chords, higher with every step."""
    seed = broken_chords(4)
    new = broken_chords(2 + number)
    moved = NoteSequence(new.pitch + step // 20 % 12, new.velocity, new.start_s + 8.0, new.end_s + 8.0)
    return Take(number, seed, moved, 8.0, 4 * len(moved), ComposeSettings(), False)


def make_row(file: str, notes: NoteSequence, group: int) -> DatasetRow:
    """A readable file."""
    short = notes.duration_s < 5
    return DatasetRow(
        file,
        "short" if short else "usable",
        f"It has only {notes.duration_s:.0f} s of music." if short else "",
        "train",
        group,
        len(notes),
        notes.duration_s / 60,
        int(notes.pitch.min()),
        int(notes.pitch.max()),
        1,
        4 * len(notes),
    )


def make_report(dataset_id: str, name: str, rows: Sequence[DatasetRow]) -> DatasetReport:
    """The totals of `rows`."""
    train = [row for row in rows if row.split == "train"]
    held = [row for row in rows if row.split == "validation"]
    return DatasetReport(
        dataset_id,
        name,
        tuple(rows),
        sum(row.minutes for row in train),
        sum(row.minutes for row in held),
        sum(row.tokens for row in train),
        sum(row.tokens for row in held),
        len(train),
        len(held),
        "A few minutes of music: enough to lean towards your touch, not to learn a style.",
        () if held else ("Nothing is held out, so nobody can tell learning from memorising. Add a piece.",),
        time.time(),
    )


def make_view(run: FakeRun, status: str, step: int, place: int, pace: float, folder: Path) -> RunView:
    """What is shown of a run that has come to `step`."""
    every, settings = run.settings.sample_every, run.settings
    reported, validated = range(5, step + 1, 5), [0, *range(every, step + 1, every)] if step else []
    validation = [validation_nll(at) for at in validated]
    working, memorised = status == "running", step > 5 * every
    done = status in ("stopped", "finished") and step >= every
    rates = make_curve(reported, lambda at: rate_at(at, settings.learning_rate, run.steps))
    return RunView(
        run_id=run.run_id,
        owner=run.owner,
        dataset_id=run.dataset_id,
        settings=settings,
        status=status,
        queue_place=place,
        step=step,
        steps=run.steps,
        eta_s=(run.steps - step) / pace if working else None,
        seconds=step / pace,
        tokens_per_second=512.0 if working else 0.0,
        learning_rate=rates.raw[-1] if working and rates.raw else 0.0,
        training=make_curve(reported, training_nll, 5),
        validation=make_curve(validated, validation_nll),
        learning_rates=rates,
        speeds=make_curve(reported, lambda at: 512.0),
        samples=tuple(_sample(run, at, folder) for at in validated[1:]),
        best_step=validated[validation.index(min(validation))] if validated else None,
        nll_before=BASE_NLL if step else None,
        nll_best=min(validation) if validation else None,
        advice=("The validation curve has turned at step 80: stop here.",) if memorised else (),
        memorised="It knows the training pieces by heart: it may repeat them." if memorised and done else "",
        error=BROKEN if status == "failed" else "",
        log=folder / "run.log",
        created_s=run.created_s,
        command=f"python -m musictx runs start {run.dataset_id} --name {shlex.quote(settings.name)}",
        can_stop=status in ("queued", "running"),
        can_resume=status in ("stopped", "failed"),
        can_delete=status not in ("running", "stopping"),
        can_use=step >= every,
    )


def _sample(run: FakeRun, step: int, folder: Path) -> Sample:
    path = folder / f"{run.run_id}-{step}.mid"
    if not path.exists():
        write_midi(make_take(1, step).notes, path)
    return Sample(step, path, 8.0)
