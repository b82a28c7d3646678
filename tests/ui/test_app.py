"""app.py: arguments, and what is missing at start."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from filelock import FileLock

from musictx.errors import CheckpointError, SettingsError
from musictx.hosting.files import remove_abandoned
from musictx.hosting.settings import HostSettings
from musictx.midi.files import write_midi
from musictx.ui.page import own_files, serve
from musictx.ui.server.address import check_address
from tests.ui.conftest import free_port
from tests.ui.fake_studio import broken_chords
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
    monkeypatch.setattr("musictx.workshop.workshop.open_workshop", lambda *_, **__: fake_workshop)
    assert app.main(["--checkpoint", "enhancd"]) == 2
    assert "enhancd" in capsys.readouterr().err


def test_unknown_engine_is_said_at_start(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["--engine", "onyx"]) == 2
    assert "auto, onnx, onnx-int8, keras" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_one_sentence(app: ModuleType, capsys: pytest.CaptureFixture[str], host: str) -> None:
    with socket.socket() as taken:
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert app.main(["--host", host, "--port", str(port)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"Port {port} is in use" in line and "--port" in line


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [("no-such.invalid", 9000, "no address"), ("192.0.2.1", 9000, "no address of this machine")],
)
def test_an_address_that_is_none_is_one_sentence(host: str, port: int, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check_address(host, port)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "8e3", "", "seven", "7860.0"])
def test_a_port_that_is_none_is_one_sentence(
    app: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", port)
    for words in (["--port", port], []):
        with pytest.raises(SystemExit) as ended:
            app.parse(words)
        assert ended.value.code == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert "1 to 65535" in line and repr(port) in line


def test_a_port_that_is_free_is_taken_after_a_page_has_ended() -> None:
    port = free_port()
    check_address("127.0.0.1", port)
    check_address("127.0.0.1", port)  # looking takes nothing


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


def test_the_settings_of_a_host_are_listed_and_checked(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        app.main(["--help"])
    listed = capsys.readouterr().out
    assert all(each.metadata["variable"] in listed for each in dataclasses.fields(HostSettings))
    monkeypatch.setenv("MUSICTX_WAITING", "many")
    assert app.main([]) == 2
    assert "MUSICTX_WAITING is a number" in capsys.readouterr().err


@contextlib.contextmanager
def page_of_its_own(
    folder: Path, door: str = "config", **variables: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process of app.py, whose temporary files lie in `folder`/files; `door`: what answers 200."""
    port, files, log = free_port(), folder / "files", folder / "log"
    files.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    with log.open("wb") as words:
        page = subprocess.Popen(
            [sys.executable, str(APP), "--port", str(port)],
            env=environment | {"TMPDIR": str(files)} | variables,
            stdout=words,
            stderr=words,
        )

    def answers() -> bool:
        assert page.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{door}", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    try:
        until(answers)
        yield f"http://127.0.0.1:{port}/", page
    finally:
        page.kill()
        page.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
def test_a_page_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    """Neither its own files, nor those of a page that was killed; and Gradio's folder may be another user's."""
    files = tmp_path / "files"
    killed = files / "musictx-page-killed"
    killed.mkdir(parents=True)
    (killed / ".in-use").touch()
    (files / "gradio").write_text("no folder that this page could write to")
    with page_of_its_own(tmp_path) as (_, page):
        assert [path.name for path in files.glob("musictx-page-*")] != [] and not killed.exists()
        page.send_signal(signal.SIGTERM)
        assert page.wait(60) == 0, (tmp_path / "log").read_text()
    assert [path.name for path in files.iterdir()] == ["gradio"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once")
def test_a_page_told_to_end_while_it_generates_ends_cleanly(tmp_path: Path) -> None:
    gradio_client = pytest.importorskip("gradio_client")
    with page_of_its_own(tmp_path, MUSICTX_METRICS="on") as (url, page):
        client = gradio_client.Client(url, verbose=False, download_files=str(tmp_path), analytics_enabled=False)
        seed = gradio_client.handle_file(str(write_midi(broken_chords(), tmp_path / "seed.mid")))
        midi, sound, _ = client.predict(seed_file=seed, seconds=5, audio_format="wav", api_name="/compose")
        assert Path(midi[0]).exists() and Path(sound[0]).exists(), "what it makes can be fetched"
        client.submit(seed_file=seed, seconds=180, api_name="/compose")

        def works() -> bool:
            with urllib.request.urlopen(f"{url}metrics", timeout=30) as answer:
                return b"musictx_working 1.0" in answer.read()

        until(works)
        page.send_signal(signal.SIGTERM)
        assert page.wait(60) == 0, (tmp_path / "log").read_text()
    assert list((tmp_path / "files").iterdir()) == []


def test_a_folder_in_use_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    for name in ("musictx-page-used", "musictx-page-left", "musictx-page-new", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "musictx-page-left" / ".in-use").touch()
    with FileLock(tmp_path / "musictx-page-used" / ".in-use"):
        assert [path.name for path in remove_abandoned(tmp_path)] == ["musictx-page-left"]
    assert (tmp_path / "musictx-page-used").is_dir() and (tmp_path / "musictx-page-new").is_dir()
