"""Nothing is sent anywhere: no name is asked for, no address is called, no identifier is left on the disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from musictx.privacy import SWITCHES, send_nothing
from tests.hosting.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def watched(recorder: Recorder, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=recorder.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_what_a_shell_exports_does_not_undo_it() -> None:
    environment = {"GRADIO_ANALYTICS_ENABLED": "True", "ORT_DISABLE_TELEMETRY": "0", "HOME": "/home/me"}
    send_nothing(environment)
    assert environment == {**SWITCHES, "HOME": "/home/me"}


def test_the_recorder_hears_questions_and_calls(recorder: Recorder) -> None:
    code = (
        "import socket\n"
        "try: socket.getaddrinfo('nobody.invalid', 80)\n"
        "except OSError: pass\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))\n"
        "socket.create_server(('localhost', 0)).close()\n"
    )
    watched(recorder, "-c", code)
    assert recorder.outside() == ["asks nobody.invalid", "calls 192.0.2.1"]


def test_importing_the_engine_through_musictx_leaves_no_identifier(recorder: Recorder) -> None:
    watched(
        recorder,
        "-c",
        "import musictx, onnxruntime, gradio, huggingface_hub.constants as c; assert c.HF_HUB_DISABLE_TELEMETRY",
    )
    left = [path for path in recorder.home.rglob("*") if path.name in ("deviceid", "onnxruntime.db")]
    assert left == [] and recorder.outside() == []


@pytest.mark.slow
def test_page_generation_and_training_ask_nothing(recorder: Recorder, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    watched(recorder, "-m", "tests.hosting.everything", str(work))
    assert recorder.outside() == []
    assert not [path for path in recorder.home.rglob("*") if path.name == "deviceid"]
