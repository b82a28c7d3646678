"""A run is a folder: its configuration, its state to resume from, its figures, its best weights.

    run.json          the TrainingConfig it was started with
    state.npz         everything needed to go on as if never stopped
    metrics.jsonl     one line a report: step, NLL, learning rate, tokens per second …
    best/             the checkpoint with the lowest validation NLL so far
    last/             the checkpoint of the last saved step

Files are replaced whole (written beside, then renamed), so a killed run leaves the last whole state.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.errors import TrainingError


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

    def read_config(self) -> dict[str, Any]:
        """The stored configuration; TrainingError if this is no run."""
        try:
            return dict(json.loads((self.path / "run.json").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError) as error:
            raise TrainingError(f"{self.path} is no training run ({error}). Start one without --resume.") from error

    def write_config(self, config: dict[str, Any]) -> None:
        """Stores the configuration."""
        self.path.mkdir(parents=True, exist_ok=True)
        _replace(self.path / "run.json", json.dumps(config, indent=2).encode())

    def write_state(self, step: int, best_nll: float, arrays: list[npt.NDArray[Any]]) -> None:
        """Stores the step, the best validation NLL and every variable of model and optimizer."""
        unfinished = self.path / "state.part.npz"
        named: dict[str, Any] = {f"v{number}": array for number, array in enumerate(arrays)}
        np.savez(unfinished, step=step, best_nll=best_nll, **named)
        os.replace(unfinished, self.path / "state.npz")

    def read_state(self) -> tuple[int, float, list[npt.NDArray[Any]]] | None:
        """What `write_state` stored, or None if nothing was saved yet."""
        path = self.path / "state.npz"
        if not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = [stored[f"v{n}"] for n in range(len(stored.files) - 2)]
                return int(stored["step"]), float(stored["best_nll"]), arrays
        except (ValueError, KeyError, OSError) as error:
            raise TrainingError(f"{path} is damaged ({error}). Start the run anew from {self.best}.") from error

    def append_metrics(self, **figures: float | int | str) -> None:
        """Adds one line to metrics.jsonl."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The lines of metrics.jsonl; a torn last line is left out."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)
