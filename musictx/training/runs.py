"""A run is a folder: its configuration, its state to resume from, its figures, its weights.

    run.json          the TrainingConfig it was started with
    state.npz         everything needed to go on as if never stopped
    metrics.jsonl     one line a report: step, NLL, learning rate, tokens per second …
    best/             the checkpoint with the lowest validation NLL so far
    last/             the checkpoint of the last saved step
    samples/          one continuation a checkpoint, written by whoever can compose

Files are replaced whole (written beside, then renamed), so a killed run leaves the last whole state.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.errors import TrainingError
from musictx.files import replace_file, whole_file
from musictx.model.card import CARD_FILE

Arrays = list[npt.NDArray[Any]]

OWN_BASE = "base"  # folder in a run, of a base that does not come with the program


@dataclass(frozen=True)
class State:
    """What a run goes on from.

    step: optimizer steps done. best_nll: the lowest validation NLL, infinite without one. arrays: every variable
    that moves. pending: NLL of the steps since the last report. seconds: worked so far.
    """

    step: int
    best_nll: float
    arrays: Arrays
    pending: tuple[float, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class RunFolder:
    """Paths and atomic writes of one run."""

    path: Path

    @property
    def best(self) -> Path:
        """Folder of the best checkpoint by validation."""
        return self.path / "best"

    @property
    def last(self) -> Path:
        """Folder of the last saved checkpoint."""
        return self.path / "last"

    @property
    def result(self) -> Path | None:
        """What the run has come to: the best checkpoint, else the last, None before either."""
        return next((folder for folder in (self.best, self.last) if (folder / CARD_FILE).is_file()), None)

    @property
    def samples(self) -> Path:
        """Folder of the audible samples."""
        return self.path / "samples"

    def read_config(self) -> dict[str, Any]:
        """The stored configuration; TrainingError if this is no run."""
        try:
            values = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ValueError("run.json holds no settings")
            return values
        except (FileNotFoundError, ValueError, RecursionError) as error:
            raise TrainingError(f"{self.path} is no training run ({error}). Start one without --resume.") from error

    def check_vacant(self) -> None:
        """Raises TrainingError if a run has been saved here."""
        if (self.path / "state.npz").exists():
            raise TrainingError(f"{self.path} already holds a run. Resume it with --resume, or give another folder.")

    def write_config(self, config: dict[str, Any]) -> None:
        """Stores the configuration."""
        replace_file(self.path / "run.json", json.dumps(config, indent=2).encode())

    def write_state(self, state: State) -> None:
        """Stores everything to go on from."""
        named: dict[str, Any] = {f"v{number}": array for number, array in enumerate(state.arrays)}
        told = ("step", "best_nll", "pending", "seconds")
        named |= {name: getattr(state, name) for name in told}
        with whole_file(self.path / "state.npz") as unfinished, unfinished.open("wb") as file:
            np.savez(file, **named)
            file.flush()
            os.fsync(file.fileno())

    def read_state(self) -> State | None:
        """What `write_state` stored, or None if nothing was saved yet; TrainingError if it is damaged."""
        path = self.path / "state.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = [stored[f"v{n}"] for n in range(sum(name.startswith("v") for name in stored.files))]
                pending = tuple(stored["pending"].tolist()) if "pending" in stored else ()
                seconds = float(stored["seconds"]) if "seconds" in stored else 0.0
                return State(int(stored["step"]), float(stored["best_nll"]), arrays, pending, seconds)
        except (ValueError, KeyError, OSError) as error:
            raise TrainingError(f"{path} is damaged ({error}). Start the run anew from {self.best}.") from error

    def append_metrics(self, **figures: float | int | str) -> None:
        """Adds one line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The lines of metrics.jsonl; torn ones are left out."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                figures = json.loads(line)
            except ValueError:
                continue
            if isinstance(figures, dict) and isinstance(figures.get("step"), int):
                yield figures

    def rewind(self, step: int) -> None:
        """Makes the folder one that has come to `step`: later figures and samples, torn lines and unfinished
        files go, so that what is done again is not told twice.
        """
        kept = [json.dumps(line) + "\n" for line in self.metrics() if line["step"] <= step]
        replace_file(self.path / "metrics.jsonl", "".join(kept).encode())
        for path in self.samples.glob("step-*.*"):
            if int(path.stem.removeprefix("step-")) > step:
                path.unlink()
        self.tidy()

    def tidy(self) -> None:
        """Removes what a killed or failed write left unfinished."""
        for path in (*self.path.glob("*.part*"), *self.samples.glob("*.part*")):
            path.unlink(missing_ok=True)
        for folder in (*self.path.glob(".best-*"), *self.path.glob(".last-*"), *self.path.glob(".base-*")):
            shutil.rmtree(folder, ignore_errors=True)
