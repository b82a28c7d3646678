"""A run killed with kill -9 at the worst moments goes on to the same curve as one that nobody interrupted."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from musictx.midi import vocabulary
from musictx.model.checkpoint import load_checkpoint, weight_arrays
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder
from musictx.training.train import train
from tests.training.conftest import curve

ROOT = Path(__file__).resolve().parents[2]


def die(folder: Path, where: str) -> None:
    """A process that goes on with the run until it is killed at `where`."""
    command = [sys.executable, "-m", "tests.training.killed", str(folder), where]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_run_killed_three_times_is_the_uninterrupted_one(
    config: TrainingConfig, whole_run: RunFolder, tmp_path: Path
) -> None:
    run = RunFolder(tmp_path / "killed")
    run.write_config(dataclasses.asdict(config))
    die(run.path, "step")
    assert saved_step(run) == 3  # step 6 was under way, its line half written
    assert [line["step"] for line in run.metrics() if "nll" in line] == [3]
    die(run.path, "checkpoint")
    assert saved_step(run) == 6
    _, card = load_checkpoint(run.last, vocabulary.fingerprint())  # still the whole one before
    assert card.recipe["step"] == 3
    die(run.path, "state")
    assert saved_step(run) == 9 and list(run.path.glob(".*.part.npz"))
    train(config, run.path, resume=True)

    lines = list(run.metrics())
    assert [line["step"] for line in lines] == [line["step"] for line in whole_run.metrics()]  # nothing told twice
    for step, values in curve(whole_run).items():
        assert curve(run)[step] == pytest.approx(values, abs=1e-4)
    assert not list(run.path.glob("*.part*")) and not list(run.path.glob(".last-*"))
    first, second = (
        weight_arrays(load_checkpoint(each.last, vocabulary.fingerprint())[0]) for each in (whole_run, run)
    )
    for name, array in first.items():
        np.testing.assert_allclose(second[name], array, atol=2e-3)


def saved_step(run: RunFolder) -> int:
    state = run.read_state()
    assert state is not None
    return state.step


def test_a_run_goes_back_to_what_was_saved(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for step in range(1, 6):
        run.append_metrics(step=step, nll=float(step))
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "nl')
    run.samples.mkdir()
    for step in (2, 4):
        (run.samples / f"step-{step:06d}.mid").touch()
    run.rewind(3)
    run.append_metrics(step=4, nll=4.5)
    assert [(line["step"], line["nll"]) for line in run.metrics()] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.5)]
    assert [path.name for path in run.samples.iterdir()] == ["step-000002.mid"]
