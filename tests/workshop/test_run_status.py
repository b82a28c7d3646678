"""A run's process: its turn, its end, what is said when it dies, all without a network."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from musictx.errors import TrainingError
from musictx.files import replace_file
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder, State
from musictx.workshop.runs import worker as child
from musictx.workshop.runs.status import (
    DIED,
    ask_to_stop,
    is_alive,
    queue,
    read_status,
    write_process,
    write_status,
)
from musictx.workshop.runs.worker import DISK_FULL, NO_MEMORY, in_plain_words, launch, recorded, work
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
# Stands for `python -m musictx train --run FOLDER`: the real process around a training that only waits.
STAND_IN = """
import sys, time
from pathlib import Path
from musictx.workshop.runs.worker import work
from musictx.training.runs import RunFolder, State
def train(config, folder, stop):
    step = 0
    while step < config.steps and not stop():
        time.sleep(0.02)
        step += 1
        RunFolder(folder).append_metrics(step=step, nll=1.0)
    RunFolder(folder).write_state(State(step, 1.0, []))
print(work(Path(sys.argv[1]), train))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where runs are laid out; whatever is still at work at the end is asked to stop, and does."""
    monkeypatch.setattr(child, "_command", lambda folder: [sys.executable, "-c", STAND_IN, str(folder)])
    yield tmp_path
    for folder in tmp_path.iterdir():
        if folder.is_dir() and is_alive(folder):
            ask_to_stop(folder)
            until(lambda folder=folder: not is_alive(folder))  # type: ignore[misc]


def lay_out(store: Path, name: str, steps: int = 10_000) -> Path:
    RunFolder(store / name).write_config({"steps": steps, "preset": "tiny", "lengths": [[512, 1.0]]})
    return store / name


def test_a_second_run_waits_for_the_first_and_outlives_whoever_asked(store: Path) -> None:
    first, second, third = (lay_out(store, name) for name in ("first", "second", "third"))
    for folder in (first, second, third):
        launch(folder)
        until(lambda folder=folder: is_alive(folder))  # type: ignore[misc]
    until(lambda: read_status(first).status == "running")
    assert [read_status(folder).status for folder in (second, third)] == ["queued", "queued"]
    assert queue(store) == [second, third]
    # A process of its own session: what ends the page's does not reach it.
    assert os.getsid(int_in(first / "process.json")) != os.getsid(0)
    ask_to_stop(second)  # leaves the queue without having trained
    until(lambda: read_status(second).status == "stopped")
    assert not (second / "state.npz").exists()
    ask_to_stop(first)
    assert read_status(first).status in ("stopping", "stopped")
    until(lambda: read_status(third).status == "running")
    assert read_status(first).status == "stopped"
    assert RunFolder(first).read_state() is not None


def int_in(path: Path) -> int:
    import json

    return int(json.loads(path.read_text())["pid"])


def test_stop_takes_effect_within_two_steps(store: Path) -> None:
    folder = lay_out(store, "run")
    launch(folder)
    until(lambda: any(True for _ in RunFolder(folder).metrics()))
    before = max(line["step"] for line in RunFolder(folder).metrics())
    ask_to_stop(folder)
    asked = max(line["step"] for line in RunFolder(folder).metrics())
    until(lambda: read_status(folder).status == "stopped")
    state = RunFolder(folder).read_state()
    assert state is not None and before <= state.step <= asked + 2


def test_a_finished_run_says_so(store: Path) -> None:
    folder = lay_out(store, "run", steps=2)
    launch(folder)
    until(lambda: read_status(folder).status == "finished")
    until(lambda: not is_alive(folder))  # its last word comes after the record
    assert (folder / "log.txt").read_text().strip() == "finished"


def test_a_killed_run_frees_its_turn_and_is_told_of(store: Path) -> None:
    first, second = lay_out(store, "first"), lay_out(store, "second")
    launch(first)
    until(lambda: read_status(first).status == "running")
    launch(second)
    os.kill(int_in(first / "process.json"), signal.SIGKILL)
    until(lambda: read_status(second).status == "running")
    assert read_status(first).status == "failed" and read_status(first).error == DIED
    launch(first)  # and can be started again
    until(lambda: read_status(first).status == "queued")


def test_a_stopped_run_is_resumed_while_its_process_is_still_leaving(store: Path) -> None:
    folder = lay_out(store, "run")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1.5)"]) as leaving:
        write_process(folder, leaving.pid)
        write_status(folder, "stopped")
        launch(folder)
        assert int_in(folder / "process.json") != leaving.pid
    until(lambda: read_status(folder).status == "running")


def test_the_number_of_another_process_is_not_ours(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, "run")
    write_status(folder, "running")
    write_process(folder, os.getpid())
    assert read_status(folder).status == "running"
    recorded_text = (folder / "process.json").read_text().replace('"started": 1', '"started": 0')
    (folder / "process.json").write_text(recorded_text)  # the number lives, but began at another time
    assert not is_alive(folder) and read_status(folder).status == "failed"


def test_two_processes_never_work_on_one_folder(store: Path) -> None:
    folder = lay_out(store, "run")
    launch(folder)
    until(lambda: read_status(folder).status == "running")
    with pytest.raises(TrainingError, match="at work already"):
        launch(folder)
    number = int_in(folder / "process.json")
    assert work(folder, lambda *_: pytest.fail("it must not train")) == "failed"
    assert int_in(folder / "process.json") == number and read_status(folder).status == "running"


def test_a_full_disk_ends_the_run_cleanly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lay_out(tmp_path, "run", steps=4)
    run = RunFolder(folder)
    run.write_state(State(2, 1.0, []))

    def train(*_: object) -> None:
        (folder / "state.part.npz").write_bytes(b"as far as it went")
        (folder / ".best-x").mkdir()
        raise OSError(28, "No space left on device")

    assert in_process(folder, train) == "failed"
    assert read_status(folder).error == DISK_FULL
    state = run.read_state()
    assert state is not None and state.step == 2
    assert not (folder / "state.part.npz").exists() and not (folder / ".best-x").exists()
    with FileLock(tmp_path / "turn.lock", timeout=0):  # the turn is free
        pass


def in_process(folder: Path, train: Callable[..., None]) -> str:
    """`work` here, without its signal handlers."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return work(folder, train)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (TrainingError("The loss is not finite."), "The loss is not finite."),
        (MemoryError(), NO_MEMORY),
        (RuntimeError("RESOURCE_EXHAUSTED: OOM when allocating"), NO_MEMORY),
        (RuntimeError("I/O error: No space left on device (os error 28)"), DISK_FULL),
        (ValueError("odd shape\nwith details"), "ValueError: odd shape. The log holds the rest"),
    ],
)
def test_failures_in_plain_words(failure: Exception, words: str) -> None:
    assert in_plain_words(failure).startswith(words)


def test_ctrl_c_asks_once_and_ends_at_the_second(store: Path) -> None:
    folder = lay_out(store, "run")
    process = subprocess.Popen([sys.executable, "-c", STAND_IN, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
    until(lambda: read_status(folder).status == "running")
    process.send_signal(signal.SIGINT)
    assert process.communicate()[0].split() == [b"stopped"]


def test_what_is_recorded_of_a_run_from_the_command_line(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, "run", steps=3)
    with recorded(folder, TrainingConfig(steps=3)):
        assert read_status(folder).status == "running"
    assert read_status(folder).status == "stopped"
    RunFolder(folder).write_state(State(3, 1.0, []))
    with recorded(folder, TrainingConfig(steps=3)):
        pass
    assert read_status(folder).status == "finished"
    RunFolder(folder).write_state(State(3, 1.0, [], seconds=60.0))
    for minutes, status in ((1.0, "finished"), (2.0, "stopped")):
        with recorded(folder, TrainingConfig(minutes=minutes)):
            pass
        assert read_status(folder).status == status
    with pytest.raises(ZeroDivisionError), recorded(folder, TrainingConfig(steps=3)):
        raise ZeroDivisionError
    assert read_status(folder).status == "failed"


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "a", b"old")
    monkeypatch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError):
        replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_clock_that_is_set_does_not_make_a_live_run_seem_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_process(tmp_path, os.getpid())
    created = psutil.Process.create_time
    for step_s in (3.0, -3600.0):
        with monkeypatch.context() as patch:
            patch.setattr(psutil.Process, "create_time", lambda process, step_s=step_s: created(process) + step_s)
            assert is_alive(tmp_path) == sys.platform.startswith("linux")
    assert is_alive(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems tell only the time of day")
def test_a_number_that_another_process_has_by_now_is_not_the_run(tmp_path: Path) -> None:
    write_process(tmp_path, os.getpid())
    recorded_row = json.loads((tmp_path / "process.json").read_text())
    boot, ticks = recorded_row["since_boot"].split()
    for other in (f"{boot} {int(ticks) - 1}", f"0{boot[1:-1]}x {ticks}"):
        (tmp_path / "process.json").write_text(json.dumps({**recorded_row, "since_boot": other}))
        assert not is_alive(tmp_path)
