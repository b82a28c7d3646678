"""A person's runs: folders beside each other, each with a process of its own while it is at work."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from musictx.errors import CheckpointError, TrainingError
from musictx.files import replace_file
from musictx.settings import check_whole
from musictx.training.config import MANY, TrainingConfig
from musictx.training.runs import RunFolder
from musictx.workshop.owned import OwnedFolders, new_id
from musictx.workshop.policy import WorkshopLimits
from musictx.workshop.runs.reader import view_run
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.status import ask_to_stop, read_status
from musictx.workshop.runs.view import LIVE, RunView
from musictx.workshop.runs.worker import Runner, process_runner

OWN_DATA = "data"  # folder in a run: its dataset as it was at the start


@dataclass(frozen=True)
class RunStore:
    """All runs in `folder`; `owner` "" sees those of everybody."""

    folder: Path
    limits: WorkshopLimits
    runner: Runner = field(default_factory=process_runner)

    @property
    def _owned(self) -> OwnedFolders:
        return OwnedFolders(self.folder, "run.json", whose="about.json")

    def _mine(self, owner: str) -> list[Path]:
        return [folder for folder, _ in self._owned.known(owner)]

    def check_new(self, owner: str) -> None:
        """Raises TrainingError if the owner has as many runs as are kept, or as many that wait or work."""
        mine = self._mine(owner)
        live = sum(read_status(folder).status in LIVE for folder in mine)
        if owner and len(mine) >= self.limits.runs:
            raise TrainingError(f"You have {len(mine)} runs, as many as are kept. Delete one first.")
        if owner and live >= self.limits.queued:
            raise TrainingError(
                f"{live} of your runs are at work or waiting, as many as one person may have. Stop one, or wait."
            )

    def add(self, owner: str, dataset_id: str, dataset: Path, settings: RunSettings, config: TrainingConfig) -> str:
        """Lays a run's folder out and starts its process; its id."""
        folder = self.folder / new_id(settings.name)
        own = folder / OWN_DATA
        own.mkdir(parents=True)
        # The dataset may be split anew or deleted while the run goes on: the run has its own.
        _link(dataset / "tokens.npy", own / "tokens.npy")
        shutil.copyfile(dataset / "pieces.json", own / "pieces.json")
        about = {"owner": owner, "dataset_id": dataset_id, "settings": asdict(settings), "created_s": time.time()}
        replace_file(folder / "about.json", json.dumps(about, indent=2).encode())
        RunFolder(folder).write_config(asdict(replace(config, data=(str(own.resolve()),))))
        self.runner.launch(folder)
        return folder.name

    def runs(self, owner: str) -> tuple[RunView, ...]:
        """The owner's runs, newest first."""
        views = [view_run(folder) for folder in self._mine(owner)]
        return tuple(sorted(views, key=lambda view: -view.created_s))

    def find(self, owner: str, run_id: str) -> Path:
        """The folder of a run; TrainingError if the owner has none of that id."""
        folder = self._owned.find(owner, run_id)
        if folder is None:
            raise TrainingError(f"There is no run {run_id!r} of yours. It may have been deleted.")
        return folder

    def stop(self, owner: str, run_id: str) -> None:
        """Asks a run to save and stop; nothing if it does not work or wait."""
        folder = self.find(owner, run_id)
        if read_status(folder).status in LIVE:
            ask_to_stop(folder)

    def resume(self, owner: str, run_id: str, more_steps: int) -> None:
        """Starts the process again; see `Workshop.resume`."""
        check_whole("more steps", more_steps, 0, MANY)
        folder = self.find(owner, run_id)
        if read_status(folder).status in LIVE:
            raise TrainingError("This run is at work already, or waits for its turn.")
        run = RunFolder(folder)
        config = TrainingConfig.from_dict(run.read_config())
        if more_steps:
            config = replace(config, steps=config.steps + more_steps)
        state = run.read_state()
        if state is not None and state.step >= config.steps:
            raise TrainingError(f"This run has done all its {config.steps:,} steps. Give more steps to go on.")
        if owner:
            left = self.limits.minutes - (state.seconds if state else 0.0) / 60
            if left <= 0:
                raise TrainingError(f"This run has worked {self.limits.minutes:,.0f} minutes, the most that one may.")
            config = replace(config, max_minutes=min(config.max_minutes or left, left))
        run.write_config(asdict(config))
        self.runner.launch(folder)

    def delete(self, owner: str, run_id: str) -> None:
        """Removes a run's folder; TrainingError while a process is at work on it."""
        folder = self.find(owner, run_id)
        if read_status(folder).status in LIVE:
            raise TrainingError("This run is at work or waits for its turn. Stop it first.")
        shutil.rmtree(folder)

    def checkpoint(self, owner: str, run_id: str) -> Path:
        """The folder of what a run has come to; CheckpointError before it has come to anything."""
        try:
            folder = self.find(owner, run_id)
        except TrainingError as error:
            raise CheckpointError(str(error)) from error
        result = RunFolder(folder).result
        if result is None:
            raise CheckpointError(f"The run {run_id!r} has saved no weights yet. Wait for its first checkpoint.")
        return result


def _link(source: Path, target: Path) -> None:
    """The same file under a second name, a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
