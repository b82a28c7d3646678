"""A run of the Train tab on ZeroGPU: as many calls as it needs, each saved and gone on from like any interruption.

    launch -> a thread of the page: call, call, ... -> each: resume, train for a minute, save

The calls count against the minutes of the visitor who started the run. What they do stands in the run's folder, as of
any other run: state, metrics, samples, log.
"""

from __future__ import annotations

import contextvars
import os
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from musictx.errors import TrainingError
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder
from musictx.workshop.runs.job import time_steps, train_and_sample
from musictx.workshop.runs.status import stop_asked
from musictx.workshop.runs.worker import Runner, begin, recorded
from musictx.zero_gpu.refusals import reason

TRAINED_S = 60.0  # of training in a call: little is lost if it is cut off, and a free visitor has a few of them a day
EDGES_S = 30.0  # of a call besides: the fork, loading, the first step, validation, saving, a sample

Lend = Callable[[Callable[..., Any], Callable[..., float]], Callable[..., Any]]


class GpuRuns:
    """Works on runs with a lent GPU, see `worker.Runner`.

    Args:
        lend: makes a function that runs on a GPU of a function and one that says for how many seconds.
    """

    def __init__(self, lend: Lend) -> None:
        self._train = lend(train_for, lambda _, seconds: seconds + EDGES_S)
        self._measure = lend(measure, lambda _: TRAINED_S + EDGES_S)

    def runner(self) -> Runner:
        """For a `Workshop`."""
        return Runner(self.launch, self.measure)

    def launch(self, folder: Path) -> None:
        """Starts the work on the run in `folder`, new or to be resumed; TrainingError if it is at work already."""
        begin(folder, partial(self._start, folder))

    def measure(self, folder: Path) -> None:
        """Times a few steps of the run in `folder`.

        Raises:
            TrainingError: if no GPU comes.
        """
        try:
            self._measure(str(folder))
        except Exception as error:
            raise TrainingError(f"{reason(error)}, so a few steps could not be timed.") from error

    def _start(self, folder: Path) -> int:
        # The visitor's request, by which `spaces` knows whose minutes are used, is a context variable.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work, folder), name=f"run-{folder.name}", daemon=True).start()
        return os.getpid()

    def _work(self, folder: Path) -> None:
        with FileLock(folder / "run.lock"):
            try:
                config = TrainingConfig.from_dict(RunFolder(folder).read_config())
                with recorded(folder, config):
                    self._call_by_call(folder, config)
            except Exception:  # recorded for whoever watches; here is the log
                with (folder / "log.txt").open("a", encoding="utf-8") as log:
                    traceback.print_exc(file=log)
            finally:
                # The page's process goes on, but no longer with this run.
                (folder / "process.json").unlink(missing_ok=True)

    def _call_by_call(self, folder: Path, config: TrainingConfig) -> None:
        step, seconds = _done(folder)
        first_s = seconds
        while not stop_asked(folder):
            left_s = config.max_minutes * 60 - (seconds - first_s) if config.max_minutes else TRAINED_S
            if config.share_done(step, seconds) == 1 or left_s <= 0:
                return
            try:
                self._train(str(folder), min(TRAINED_S, left_s))
            except Exception as error:
                raise TrainingError(f"{reason(error)}. Resume goes on from the last saved step.") from error
            before, (step, seconds) = step, _done(folder)
            if step == before and not stop_asked(folder):
                raise TrainingError(
                    f"In {TRAINED_S:.0f} s of GPU not one step was done. Start a run with a smaller batch."
                )


def _done(folder: Path) -> tuple[int, float]:
    """Steps and seconds of the last saved state."""
    state = RunFolder(folder).read_state()
    return (state.step, state.seconds) if state else (0, 0.0)


def train_for(folder: str, seconds: float) -> None:
    """In the process that has the GPU: goes on with the run for so long, and saves."""
    place = Path(folder)
    config = TrainingConfig.from_dict(RunFolder(place).read_config())
    began = time.monotonic()

    def enough() -> bool:
        return stop_asked(place) or time.monotonic() - began > seconds

    with (place / "log.txt").open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        train_and_sample(config, place, enough)


def measure(folder: str) -> None:
    """In the process that has the GPU: times a few steps of the run."""
    time_steps(Path(folder))
