"""app.py: arguments, and what is missing at start."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from musictx.errors import CheckpointError
from musictx.ui.page import own_files, serve
from tests.ui.conftest import free_port
from tests.waiting import until

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    spec = importlib.util.spec_from_file_location("musictx_app", APP)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_defaults_listen_to_this_computer_only(app: ModuleType) -> None:
    options = app.parse([])
    assert (options.host, options.port, options.checkpoint, options.share) == ("127.0.0.1", 7860, None, False)


def test_environment_and_arguments(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/musictx")
    assert app.parse([]).host == "0.0.0.0"
    monkeypatch.setenv("GRADIO_SERVER_NAME", "10.0.0.1")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "8000")
    assert (app.parse([]).host, app.parse([]).port) == ("10.0.0.1", 8000)
    assert app.parse(["--host", "::1", "--port", "9"]).host == "::1"


def test_unknown_checkpoint_is_said_at_start(
    app: ModuleType,
    fake_studio: Any,
    fake_workshop: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CheckpointError, match="There are: enhanced"):
        serve(fake_studio, fake_workshop, host="127.0.0.1", port=0, checkpoint="enhancd")
    monkeypatch.setattr("musictx.workshop.workshop.open_workshop", lambda project, engine: fake_workshop)
    assert app.main(["--checkpoint", "enhancd"]) == 2
    assert "enhancd" in capsys.readouterr().err


def test_unknown_engine_is_said_at_start(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--engine", "onyx"]) == 2
    assert "auto, onnx, onnx-int8, keras" in capsys.readouterr().err


def test_two_pages_of_one_machine_share_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    with own_files() as folder:
        assert folder.is_dir() and os.environ["GRADIO_TEMP_DIR"] == str(folder)
    assert not folder.exists() and "GRADIO_TEMP_DIR" not in os.environ
    with own_files() as another:
        assert another != folder


def test_a_folder_that_was_named_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with own_files() as folder:
        assert folder == tmp_path
    assert tmp_path.is_dir() and os.environ["GRADIO_TEMP_DIR"] == str(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
def test_a_page_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    port, files, log = free_port(), tmp_path / "files", tmp_path / "log"
    files.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    with log.open("wb") as words:
        page = subprocess.Popen(
            [sys.executable, str(APP), "--port", str(port)],
            env=environment | {"TMPDIR": str(files)},
            stdout=words,
            stderr=words,
        )

    def answers() -> bool:
        assert page.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        until(answers)
        assert list(files.glob("musictx-page-*"))
        page.send_signal(signal.SIGTERM)
        assert page.wait(60) == 0, log.read_text()
    finally:
        page.kill()
    assert not list(files.glob("musictx-page-*"))
