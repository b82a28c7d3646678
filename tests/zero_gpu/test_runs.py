"""Runs of the Train tab on lent GPUs: call by call, refused, stopped, gone on with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musictx.errors import TrainingError
from musictx.midi.files import write_midi
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder, State
from musictx.workshop.runs.status import ask_to_stop, read_status
from musictx.zero_gpu import runs
from musictx.zero_gpu.runs import GpuRuns
from tests.tiny import write_tiny_checkpoint
from tests.training.conftest import little_piece
from tests.waiting import until
from tests.zero_gpu.device_api import DeviceApi

ROOT = Path(__file__).resolve().parents[2]


class Service:
    """Lends at once, in this process, for so many calls; asked: the seconds of each."""

    def __init__(self, calls: int = 1000) -> None:
        self.calls, self.asked = calls, list[float]()

    def __call__(self, work: Callable[..., Any], seconds: Callable[..., float]) -> Callable[..., Any]:
        def lent(*given: Any) -> Any:
            if len(self.asked) == self.calls:
                raise RuntimeError("ZeroGPU quota exceeded")
            self.asked.append(seconds(*given))
            return work(*given)

        return lent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose training does two steps a call, and stops when it is asked."""

    def train(config: TrainingConfig, folder: Path, stop: Callable[[], bool]) -> None:
        run = RunFolder(folder)
        step, seconds = runs._done(folder)
        for _ in range(2):
            if step < config.steps and not stop():
                step, seconds = step + 1, seconds + 10
        run.write_state(State(step, 1.0, [], (), seconds))
        print(f"step {step}")

    monkeypatch.setattr(runs, "train_and_sample", train)
    return lay_out(tmp_path / "run", steps=5)


def lay_out(folder: Path, **settings: Any) -> Path:
    RunFolder(folder).write_config({"preset": "tiny", "lengths": [[512, 1.0]], **settings})
    return folder


def ended(folder: Path) -> str:
    until(lambda: read_status(folder).status not in ("queued", "running", "stopping"))
    until(lambda: not (folder / "process.json").exists())
    return read_status(folder).status


def test_a_run_takes_the_calls_that_it_needs(folder: Path) -> None:
    service = Service()
    GpuRuns(service).launch(folder)
    assert ended(folder) == "finished"
    assert runs._done(folder) == (5, 50.0)
    assert service.asked == [runs.TRAINED_S + runs.EDGES_S] * 3
    assert (folder / "log.txt").read_text().splitlines() == ["step 2", "step 4", "step 5"]


def test_a_refused_call_ends_it_and_resume_goes_on(folder: Path) -> None:
    service = Service(calls=1)
    gpu = GpuRuns(service)
    gpu.launch(folder)
    assert ended(folder) == "failed" and runs._done(folder)[0] == 2
    assert read_status(folder).error == "Today's GPU minutes are used up. Resume goes on from the last saved step."
    service.calls = 1000
    gpu.launch(folder)
    assert ended(folder) == "finished" and runs._done(folder)[0] == 5


def test_it_stops_when_it_is_asked_and_at_its_most_minutes(folder: Path, tmp_path: Path) -> None:
    gpu = GpuRuns(Service())
    ask_to_stop(folder)
    gpu._call_by_call(folder, TrainingConfig.from_dict(RunFolder(folder).read_config()))
    assert runs._done(folder)[0] == 0
    short = lay_out(tmp_path / "short", steps=500, max_minutes=0.5)
    gpu.launch(short)
    assert ended(short) == "stopped" and runs._done(short) == (4, 40.0)  # 20 s a call


def test_a_run_at_work_is_not_begun_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = GpuRuns(Service())
    go_on = False
    monkeypatch.setattr(runs, "train_and_sample", lambda *_: until(lambda: go_on))
    gpu.launch(folder)
    until(lambda: read_status(folder).status == "running")
    with pytest.raises(TrainingError, match="at work already"):
        gpu.launch(folder)
    go_on = True
    assert ended(folder) == "failed" and "not one step" in read_status(folder).error


def test_a_measurement_without_a_gpu_says_why(folder: Path) -> None:
    with pytest.raises(TrainingError, match="Today's GPU minutes are used up, so a few steps could not be timed"):
        GpuRuns(Service(calls=0)).measure(folder)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a checkpoint and five pieces."""
    write_tiny_checkpoint(tmp_path / "checkpoints" / "tiny")
    for number in range(5):
        write_midi(little_piece(number), tmp_path / "midi" / f"{number}.mid")
    return tmp_path


@pytest.mark.parametrize("refused_at", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_lora_run_passes_through_two_real_calls(place: Path, refused_at: int) -> None:
    """The real package and its forked processes; the service may refuse the second call, which is then asked again."""
    pytest.importorskip("spaces", reason="the package spaces is missing: see requirements-dev.txt")
    pytest.importorskip("torch", reason="PyTorch is missing: `make test` installs it")
    with DeviceApi(refused_at) as api:
        environment = {
            **os.environ,
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": api.url,
            "HOME": str(place),
            "MUSICTX_CACHE": str(place / "cache"),
        }
        command = [sys.executable, "-m", "tests.zero_gpu.train", str(place), "2"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    if refused_at:
        assert told["status"] == "failed" and told["error"].startswith("Today's GPU minutes are used up"), told
        assert told["resumed"] == "finished"
    else:
        assert (told["status"], told["error"]) == ("finished", ""), told
    assert told["samples"] == [0, 1, 2] and told["checkpoints"] > 0
    assert api.paths().count("/schedule") == (3 if refused_at else 2)
    lent = [call["allowToken"] for path, call in api.calls if path == "/allow"]
    released = [call["allowToken"] for path, call in api.calls if path == "/release" and call["fail"] == "false"]
    assert len(lent) == 2 and released == lent
