"""One run from its turn to its end, in a process of its own that outlives whoever started it.

`launch` starts it, `work` is what it does: wait until no other run of the folder is at work and no earlier one
waits, train, and record how it ended. One file lock a folder of runs is the turn, one a run keeps two processes
off the same folder; the system opens both when a process dies, however it dies.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from musictx.errors import MusictxError, TrainingError
from musictx.files import child_environment
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder
from musictx.workshop.runs.status import (
    ask_to_stop,
    clear_request,
    is_alive,
    queue,
    read_status,
    stop_asked,
    write_process,
    write_status,
)
from musictx.workshop.runs.view import LIVE

LOOK_S = 0.3  # between two looks at the queue
LEAVING_S = 30.0  # that a process which has said how it ended may take to be gone
DISK_FULL = (
    "The disk is full: the last step could not be saved. What was saved before is whole. Free some space, then resume."
)
NO_MEMORY = "There was not enough memory. Resume does not help; start a run with a smaller batch or shorter windows."

Train = Callable[[TrainingConfig, Path, Callable[[], bool]], Any]


@dataclass(frozen=True)
class Runner:
    """What works on runs, given their folders.

    launch: starts the work on a run, new or to be resumed, and returns at once. measure: times a few steps of one.
    """

    launch: Callable[[Path], None]
    measure: Callable[[Path], None]


def process_runner() -> Runner:
    """Processes of this machine."""
    return Runner(launch, measure_elsewhere)


def launch(folder: Path) -> None:
    """Starts the process of the run in `folder`, new or to be resumed; returns at once.

    Raises:
        TrainingError: if one is at work on it already.
    """
    begin(folder, lambda: _start_process(folder))


def begin(folder: Path, start: Callable[[], int]) -> None:
    """Puts the run in `folder` into the queue and has it started by `start`, which returns the process at work on it.

    Raises:
        TrainingError: if one is at work on it already.
    """
    with FileLock(folder / "launch.lock"):
        _wait_for_leaving(folder)
        if is_alive(folder):
            raise TrainingError("This run is at work already, or waits for its turn.")
        clear_request(folder)
        (folder / "process.json").unlink(missing_ok=True)
        write_status(folder, "queued", queued_s=time.time())
        write_process(folder, start())


def _start_process(folder: Path) -> int:
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            _command(folder),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows: what Ctrl-C does not reach
        )
    # Collects the process's end while this one lives, so that it is no zombie meanwhile.
    threading.Thread(target=child.wait, daemon=True).start()
    return child.pid


def _wait_for_leaving(folder: Path) -> None:
    """Waits for a process that has ended its run, and so may be followed, but is not gone yet."""
    until = time.monotonic() + LEAVING_S
    while read_status(folder).status not in LIVE and is_alive(folder) and time.monotonic() < until:
        time.sleep(LOOK_S)


def measure_elsewhere(folder: Path) -> None:
    """Times a few steps of the run in `folder` in a process of its own; see `measure.measured`.

    Raises:
        TrainingError: if that process failed, with its last words.
    """
    command = [*_command(folder), "--measure"]
    done = subprocess.run(
        command, env=child_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words = (done.stderr.strip() or "killed, perhaps for want of memory").splitlines()[-1]
        raise TrainingError(f"A few steps of such a run could not be timed: {words.removeprefix('musictx: ')}")


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "musictx.workshop.runs.job", str(folder.resolve())]


def work(folder: Path, train: Train) -> str:
    """Waits for the turn, trains, records the end; returns the status: finished, stopped or failed.

    Args:
        folder: of the run; its store is the folder around it.
        train: called with the configuration, the folder and what says whether to stop.
    """
    try:
        with FileLock(folder / "run.lock", timeout=LOOK_S):
            return _work_alone(folder, train)
    except Timeout:
        print(f"{folder.name}: another process is at work on it", flush=True)
        return "failed"


def _work_alone(folder: Path, train: Train) -> str:
    write_process(folder, os.getpid())
    stop = _until_asked(folder)
    turn = FileLock(folder.parent / "turn.lock")
    if not _wait_for(turn, folder, stop):
        write_status(folder, "stopped")
        return "stopped"
    try:
        config = TrainingConfig.from_dict(RunFolder(folder).read_config())
        with recorded(folder, config):
            train(config, folder, stop)
    except Exception as failure:  # whatever it is, it is recorded for whoever watches; here is the log
        traceback.print_exception(failure)
    finally:
        turn.release()
    return read_status(folder).status


@contextmanager
def recorded(folder: Path, config: TrainingConfig) -> Iterator[None]:
    """Records that the run is at work by this process, and how it ends: as `config` planned, stopped, or failed."""
    if os.environ.get("KERAS_DISTRIBUTION_PROCESS_ID", "0") != "0":  # the first process of a cluster records
        yield
        return
    run = RunFolder(folder)
    write_process(folder, os.getpid())
    write_status(folder, "running")
    try:
        yield
    except BaseException as failure:
        run.tidy()  # on a full disk this makes the room for what is written next
        write_status(folder, "failed", in_plain_words(failure))
        raise
    state = run.read_state()
    whole = state is not None and config.share_done(state.step, state.seconds) == 1
    write_status(folder, "finished" if whole else "stopped")


def _wait_for(turn: FileLock, folder: Path, stop: Callable[[], bool]) -> bool:
    """Holds `turn` when True is returned; False if the run was asked to stop instead."""
    queued_s = read_status(folder).queued_s or time.time()
    write_status(folder, "queued", queued_s=queued_s)
    while not stop():
        if [path.name for path in queue(folder.parent)[:1]] == [folder.name]:
            try:
                turn.acquire(timeout=0)
                return True
            except Timeout:
                pass
        time.sleep(LOOK_S)
    return False


def _until_asked(folder: Path) -> Callable[[], bool]:
    """What says whether to stop: the flag in the folder, or a signal to end; a second Ctrl-C ends at once."""

    def asked(number: int, _: Any) -> None:
        ask_to_stop(folder)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    return lambda: stop_asked(folder)


def in_plain_words(failure: BaseException) -> str:
    """What went wrong, for whoever watches the run."""
    text = str(failure)
    if isinstance(failure, MusictxError):
        return text
    full = isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "No space left on device" in text:  # safetensors has an error of its own
        return DISK_FULL
    if isinstance(failure, MemoryError) or "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower():
        return NO_MEMORY
    first = text.strip().splitlines()[0][:200] if text.strip() else "no message"
    return f"{type(failure).__name__}: {first}. The log holds the rest; resume goes on from the last saved step."
