"""One run on one device, on two devices, and over two processes: the same curve to 1e-4."""

import dataclasses
import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from musictx.errors import TrainingError
from musictx.training.config import TrainingConfig
from musictx.training.devices import Devices, use_all_devices
from musictx.training.runs import RunFolder
from tests.training.conftest import curve

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")


def start(config: TrainingConfig, folder: Path, devices: str = "1", **environment: str) -> subprocess.Popen[bytes]:
    """The training command as a user gives it, on so many CPU devices of JAX."""
    # Compiled without optimisation, which takes longer than three steps do.
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    words = [f"--{name.replace('_', '-')}" for name in ("data", "preset", "steps", "batch_tokens")]
    values = [config.data[0], config.preset, str(config.steps), str(config.batch_tokens)]
    options = [word for pair in zip(words, values, strict=True) for word in pair]
    more = [
        "--blocks",
        "1",
        "--lengths",
        "32",
        "--warmup-steps",
        "2",
        "--log-every",
        "1",
        "--validate-every",
        "3",
        "--save-every",
        "3",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "musictx", "train", str(folder), *options, *more, "--validation-length", "64"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def finish(*processes: subprocess.Popen[bytes]) -> None:
    said = [process.communicate()[1].decode()[-3000:] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_devices_and_processes_share_a_run(config: TrainingConfig, tmp_path: Path) -> None:
    short = dataclasses.replace(config, steps=3)
    alone, devices = start(short, tmp_path / "alone"), start(short, tmp_path / "devices", devices="2")
    finish(alone, devices)
    cluster = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": f"127.0.0.1:{free_port()}",
        "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
    }
    finish(
        *(
            start(short, tmp_path / "processes", **cluster, KERAS_DISTRIBUTION_PROCESS_ID=str(number))
            for number in range(2)
        )
    )
    whole = curve(RunFolder(tmp_path / "alone"))
    assert sorted(whole) == [1, 2, 3] and "validation_nll" in whole[3]
    for name in ("devices", "processes"):
        run = RunFolder(tmp_path / name)
        assert len(list(run.metrics())) == 4  # one process tells
        for step, values in whole.items():
            assert curve(run)[step] == pytest.approx(values, abs=1e-4), name
        assert (run.last / "config.json").is_file() and run.read_state() is not None


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(TrainingError, match="7 windows a step cannot be shared by 2 devices"):
        Devices(0, 1, 2).check(7)
    Devices(0, 1, 2).check(8)


def test_several_hosts_need_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_DISTRIBUTION_JOB_ADDRESSES", "127.0.0.1:1")
    monkeypatch.setattr("keras.backend.backend", lambda: "tensorflow")
    with pytest.raises(TrainingError, match="KERAS_BACKEND=jax"):
        use_all_devices()
