"""The work of one run in this process: `python -m musictx.workshop.runs.job FOLDER [--measure]`.

`worker.launch` starts it; `musictx train --run FOLDER` does the same in the foreground.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from musictx.errors import MusictxError, TrainingError
from musictx.files import replace_file
from musictx.training.allocator import keep_freed_memory
from musictx.workshop.runs.status import read_status
from musictx.workshop.runs.worker import work

if TYPE_CHECKING:
    from musictx.training.config import TrainingConfig

FAILED = 2  # exit code, as of the command line


def work_on(folder: Path, timed: bool) -> None:
    """Does a run's work in this process: waits for its turn and trains, or only times a few steps.

    Raises:
        TrainingError: if there is no such run, or it failed; the reason is in its status as well.
    """
    if not (folder / "run.json").is_file():
        raise TrainingError(f"{folder} is no run: run.json is missing. Lay one out with: python -m musictx runs start")
    if timed:
        time_steps(folder)
    elif work(folder, train_and_sample) == "failed":
        raise TrainingError(read_status(folder).error or "Another process is at work on this run.")


def train_and_sample(config: TrainingConfig, folder: Path, stop: Callable[[], bool]) -> None:
    """Trains the run in `folder` from its last state, or anew, and writes its samples; told on standard output."""
    from musictx.training.train import Report, train

    def tell(now: Report) -> None:
        told = f"validation nll {now.validation_nll:.4f}" if now.validation_nll is not None else f"nll {now.nll:.4f}"
        print(f"{time.strftime('%H:%M:%S')} step {now.step} of {now.steps}: {told}", flush=True)

    train(config, folder, resume=True, report=tell, stop=stop, listen=_sampler(config, folder))


def _sampler(config: TrainingConfig, folder: Path) -> Callable[..., None]:
    from musictx.training.dataset import open_corpus
    from musictx.training.runs import RunFolder
    from musictx.workshop.runs.samples import SampleWriter

    return SampleWriter(RunFolder(folder), open_corpus(Path(config.data[0])), config.seed)


def time_steps(folder: Path) -> None:
    """Times a few steps of the run in `folder` and writes what they took beside it."""
    from musictx.training.config import TrainingConfig
    from musictx.training.runs import RunFolder
    from musictx.workshop.runs.measure import FILE, measure

    config = TrainingConfig.from_dict(RunFolder(folder).read_config())
    figures = measure(config, folder, _sampler(config, folder))
    replace_file(folder / FILE, json.dumps(dataclasses.asdict(figures)).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """The process that `worker.launch` starts; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--measure", action="store_true", help="only time a few steps")
    options = parser.parse_args(arguments)
    keep_freed_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings do not belong into a run's log
    try:
        work_on(options.folder, options.measure)
    except MusictxError as error:
        print(f"musictx: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:  # a disk that is full, a file that may not be read: nothing that a trace would mend
        place = f"{error.filename}: " if error.filename else ""
        print(f"musictx: {place}{error.strerror or error}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
