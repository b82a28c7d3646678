"""A training process that kills itself at the worst moment: python -m tests.training.killed FOLDER WHERE.

WHERE is "step" (in the sixth step, a line of the metrics half written), "state" (in the second save of this process,
the file half written) or "checkpoint" (in a later save of the last checkpoint, between its weights and its card).
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from musictx.training import runs, train
from musictx.training.config import TrainingConfig


def die() -> None:
    """As kill -9 does it: nothing is tidied up, no buffer is written."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_step(folder: Path) -> None:
    """Arranges for death in the sixth step."""
    step = train.Loop.step

    def last_step(loop: train.Loop, number: int) -> None:
        step(loop, number)
        if number == 5:
            with (folder / "metrics.jsonl").open("a") as file:
                file.write('{"step": 6, "nll": 5.')
                file.flush()
                die()

    vars(train)["Loop"].step = last_step


def in_a_state(folder: Path) -> None:
    """Arranges for death in the second save of the state."""
    calls: list[int] = []
    savez = np.savez

    def half(file: Any, **arrays: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            file.write(b"PK half of an archive")
            file.flush()
            die()
        savez(file, **arrays)

    vars(np)["savez"] = half


def in_a_checkpoint(folder: Path) -> None:
    """Arranges for death when the last checkpoint is replaced: new weights are there, the card is the old one."""
    replace = os.replace

    def half(source: Any, target: Any) -> None:
        if Path(target) == folder / "last" / "config.json" and Path(target).exists():
            die()
        replace(source, target)

    vars(os)["replace"] = half


def main() -> None:
    """Trains until death."""
    folder, where = Path(sys.argv[1]), sys.argv[2]
    {"step": in_a_step, "state": in_a_state, "checkpoint": in_a_checkpoint}[where](folder)
    config = TrainingConfig.from_dict(runs.RunFolder(folder).read_config())
    train.train(config, folder, resume=True)


if __name__ == "__main__":
    main()
