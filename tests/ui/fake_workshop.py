"""A workshop without a network: same calls, curves by formula, a run's steps by the clock.

Names decide what goes wrong, so that a browser can ask for it: a run called "breaks" fails, one called
"greedy" is refused by its estimate and at its start, a file called "bomb.zip" is no dataset.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from musictx.errors import CheckpointError, MidiError, TrainingError
from musictx.midi.files import read_midi
from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.workshop.datasets.report import DatasetReport, DatasetRow
from musictx.workshop.policy import TrainingPolicy, WorkshopLimits
from musictx.workshop.runs.settings import LONGEST_NAME, RunSettings
from musictx.workshop.runs.view import Estimate, RunView
from musictx.workshop.workshop import BlindTest, BlindTestResult, TrainedCheckpoint
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_training import (
    FakeRun,
    make_report,
    make_row,
    make_take,
    make_view,
)

FULL = "This machine has 3.1 GB of memory free, and such a run needs 9.8 GB. Choose LoRA, or a smaller batch."


class FakeWorkshop:
    """Answers like `musictx.workshop.Workshop`; `pace` is its speed in steps a second."""

    def __init__(self, folder: Path, *, pace: float = 20.0, policy: TrainingPolicy | None = None) -> None:
        self.folder, self.pace = folder, pace
        self.studio: Any = FakeStudio(folder, pace=1000)
        self.policy = policy or TrainingPolicy(everybody=True, server_folders=True)
        self.limits = WorkshopLimits(upload_bytes=3 * 2**20)
        self._datasets: dict[tuple[str, str], tuple[DatasetReport, dict[str, NoteSequence]]] = {}
        self._runs: dict[str, FakeRun] = {}
        self._uploads: list[tuple[str, TrainedCheckpoint]] = []
        self._duels: dict[str, list[bool]] = {}

    def refusal(self, owner: str) -> str:
        """By the policy."""
        return self.policy.refusal(owner)

    # -- datasets --------------------------------------------------------------------------------

    def take_in(
        self,
        owner: str,
        paths: Sequence[Path],
        name: str = "",
        report: Callable[[int, int], None] | None = None,
    ) -> DatasetReport:
        """Every .mid file becomes a row; the last usable one is held out."""
        rows, notes = [], {}
        for number, path in enumerate(paths):
            if path.name == "bomb.zip":
                raise TrainingError("bomb.zip unpacks to 4.2 GB; a dataset may have 200 MB. Split it into parts.")
            time.sleep(1 / self.pace)
            if report:
                report(number + 1, len(paths))
            try:
                notes[path.name] = read_midi(path).notes
                rows.append(make_row(path.name, notes[path.name], number))
            except MidiError as error:
                rows.append(DatasetRow(path.name, "unusable", str(error), "", number))
        usable = [row for row in rows if row.used]
        if not usable:
            raise TrainingError("None of these files can be used. Export the pieces as MIDI files with notes.")
        if len(usable) > 1:
            rows = [dataclasses.replace(row, split="validation") if row is usable[-1] else row for row in rows]
        dataset_id = f"d{len(self._datasets) + 1}"
        made = make_report(dataset_id, name or paths[0].stem, rows)
        self._datasets[owner, dataset_id] = (made, notes)
        return made

    def datasets(self, owner: str) -> tuple[DatasetReport, ...]:
        """Newest first."""
        return tuple(report for (whose, _), (report, _) in reversed(self._datasets.items()) if whose == owner)

    def report(self, owner: str, dataset_id: str) -> DatasetReport:
        """One of them."""
        return self._dataset(owner, dataset_id)[0]

    def move(self, owner: str, dataset_id: str, file: str, split: str) -> DatasetReport:
        """As asked, unless nothing would be left."""
        report, notes = self._dataset(owner, dataset_id)
        rows = [dataclasses.replace(row, split=split) if row.file == file else row for row in report.rows]
        if not any(row.split == "train" for row in rows):
            raise TrainingError("Nothing would be left to train on. Keep at least one piece in training.")
        moved = make_report(dataset_id, report.name, rows)
        self._datasets[owner, dataset_id] = (moved, notes)
        return moved

    def row_notes(self, owner: str, dataset_id: str, file: str) -> NoteSequence:
        """Of a usable file."""
        notes = self._dataset(owner, dataset_id)[1]
        if file not in notes:
            raise TrainingError(f"{file} cannot be read, so it cannot be heard.")
        return notes[file]

    def delete_dataset(self, owner: str, dataset_id: str) -> None:
        """Unless a run needs it."""
        self._dataset(owner, dataset_id)
        if any(run.dataset_id == dataset_id and self._status(run) in ("queued", "running") for run in self._own(owner)):
            raise TrainingError("A run is at work on this dataset. Stop it first.")
        del self._datasets[owner, dataset_id]

    # -- runs ------------------------------------------------------------------------------------

    def defaults(self, owner: str, dataset_id: str) -> RunSettings:
        """Named after the dataset."""
        report = self.report(owner, dataset_id)
        return RunSettings(name=report.name[:LONGEST_NAME], epochs=40, sample_every=20, batch=2, length=256)

    def estimate(self, owner: str, dataset_id: str, settings: RunSettings) -> Estimate:
        """After a moment; a greedy run would not fit."""
        time.sleep(20 / self.pace)
        share = 0.02 if settings.method == "lora" else 1.0
        refusal = FULL if settings.name == "greedy" else ""
        parameters = 12_345_678
        return Estimate(
            125.0, 20.0, 1_700_000_000, 65_000_000, 9_000_000_000, 40_000_000_000,
            _steps(settings), int(parameters * share), parameters, 870.0, refusal,
        )  # fmt: skip

    def start(self, owner: str, dataset_id: str, settings: RunSettings) -> str:
        """The first one works, others wait."""
        self._dataset(owner, dataset_id)
        if settings.name == "greedy":
            raise TrainingError(FULL)
        run_id = f"r{len(self._runs) + 1}"
        run = FakeRun(run_id, owner, dataset_id, settings, _steps(settings), created_s=time.time())
        self._runs[run_id] = run
        self._next()
        return run_id

    def runs(self, owner: str) -> tuple[RunView, ...]:
        """Newest first."""
        return tuple(self.view(owner, run.run_id) for run in reversed(self._own(owner)))

    def view(self, owner: str, run_id: str) -> RunView:
        """As far as the clock has come."""
        run = self._run(owner, run_id)
        self._next()
        waiting = [other.run_id for other in self._runs.values() if self._status(other) == "queued"]
        place = waiting.index(run_id) + 1 if run_id in waiting else 0
        return make_view(run, self._status(run), self._step(run), place, self.pace, self.folder)

    def stop(self, owner: str, run_id: str) -> None:
        """At once."""
        run = self._run(owner, run_id)
        run.step, run.since_s, run.stopped = self._step(run), None, True

    def resume(self, owner: str, run_id: str, more_steps: int = 0) -> None:
        """In the queue again."""
        run = self._run(owner, run_id)
        if self._step(run) >= run.steps and not more_steps:
            raise TrainingError("This run has done all its steps. Give it more to go on.")
        run.step, run.since_s, run.stopped = self._step(run), None, False
        run.steps += more_steps
        self._next()

    def delete(self, owner: str, run_id: str) -> None:
        """Unless it works; an upload as well."""
        if any(mine.reference == f"run:{run_id}" for mine in self.uploaded(owner)):
            self._uploads = [each for each in self._uploads if each[1].reference != f"run:{run_id}"]
            return
        run = self._run(owner, run_id)
        if self._status(run) == "running":
            raise TrainingError("This run is at work. Stop it first.")
        del self._runs[run_id]

    def log_tail(self, owner: str, run_id: str, lines: int = 200) -> str:
        """Two lines."""
        self._run(owner, run_id)
        return "step 11: loss 14.2\nstep 12: loss inf"

    # -- results ---------------------------------------------------------------------------------

    def sample(self, owner: str, run_id: str, step: int) -> Take:
        """Broken chords, longer with every step."""
        self._run(owner, run_id)
        return make_take(1, step)

    def blind_test(
        self,
        owner: str,
        run_id: str,
        seconds: float = 15.0,
        report: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> BlindTest:
        """B is the run's."""
        self._run(owner, run_id)
        for share in range(10):
            time.sleep(4 / self.pace)
            if stop():
                raise TrainingError("The comparison was stopped. Ask for another whenever you like.")
            if report:
                report(share / 10)
        self._duels.setdefault(run_id, [])
        return BlindTest(f"duel-{len(self._duels[run_id])}", make_take(1, 20), make_take(2, 60))

    def reveal(self, owner: str, run_id: str, test_id: str, guess: str) -> BlindTestResult:
        """B was the run's."""
        won = self._duels[run_id]
        won.append(guess == "b")
        return BlindTestResult("b", guess == "b", sum(won), len(won))

    def checkpoints(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """Of runs that have come far enough, and uploads."""
        made = [
            TrainedCheckpoint(f"run:{view.run_id}", view.settings.name, view.settings.method, view.nll_best)
            for view in self.runs(owner)
            if view.can_use
        ]
        return tuple(made + [checkpoint for whose, checkpoint in self._uploads if whose == owner])

    def uploaded(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """Of this visitor."""
        return tuple(checkpoint for whose, checkpoint in self._uploads if whose == owner)

    def check_use(self, owner: str, reference: str) -> None:
        """Only one's own."""
        own = {checkpoint.reference for checkpoint in self.checkpoints(owner)}
        if reference.startswith("run:") and reference not in own:
            raise CheckpointError("This checkpoint is not yours, or is gone. Choose another.")

    def pack(self, owner: str, run_id: str, target: Path) -> Path:
        """A few bytes."""
        path = target / f"{run_id}.zip" if target.is_dir() else target
        path.write_bytes(b"PK" + self._run(owner, run_id).settings.name.encode())
        return path

    def unpack(self, owner: str, path: Path) -> TrainedCheckpoint:
        """What `pack` wrote."""
        if not path.read_bytes().startswith(b"PK"):
            raise CheckpointError(f"{path.name} is no checkpoint. Choose a zip that was downloaded from a Train tab.")
        made = TrainedCheckpoint(f"run:u{len(self._uploads) + 1}", path.stem, "lora", None)
        self._uploads.append((owner, made))
        return made

    # -- inside ----------------------------------------------------------------------------------

    def _dataset(self, owner: str, dataset_id: str) -> tuple[DatasetReport, dict[str, NoteSequence]]:
        self.policy.check(owner)
        try:
            return self._datasets[owner, dataset_id]
        except KeyError:
            raise TrainingError(f"There is no dataset {dataset_id!r}.") from None

    def _run(self, owner: str, run_id: str) -> FakeRun:
        self.policy.check(owner)
        run = self._runs.get(run_id)
        if run is None or run.owner != owner:
            raise TrainingError(f"There is no run {run_id!r}.")
        return run

    def _own(self, owner: str) -> list[FakeRun]:
        return [run for run in self._runs.values() if run.owner == owner]

    def _step(self, run: FakeRun) -> int:
        moved = 0 if run.since_s is None else int((time.monotonic() - run.since_s) * self.pace)
        last = {"breaks": 12, "endless": run.steps - 1}.get(run.settings.name, run.steps)
        return min(run.step + moved, last)

    def _status(self, run: FakeRun) -> str:
        if run.settings.name == "breaks" and self._step(run) >= 12:
            return "failed"
        if self._step(run) >= run.steps:
            return "finished"
        return "stopped" if run.stopped else "queued" if run.since_s is None else "running"

    def _next(self) -> None:
        statuses = {run.run_id: self._status(run) for run in self._runs.values()}
        if "running" not in statuses.values():
            for run in self._runs.values():
                if statuses[run.run_id] == "queued":
                    run.since_s = time.monotonic()
                    return


def _steps(settings: RunSettings) -> int:
    return settings.steps or round(settings.epochs * 3)
