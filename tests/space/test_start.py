"""The page of a Space starts from its folder and composes, with no more installed than the folder asks for."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from musictx.midi.files import read_midi
from scripts.space.requirements import PYTHON
from tests.space.conftest import LayOut
from tests.space.test_head import head
from tests.ui.conftest import free_port
from tests.zero_gpu.device_api import DeviceApi

UV = [sys.executable, "-m", "uv"]
# Libraries that are here and not on a Space of that hardware.
ABSENT = {"cpu": ("keras", "tensorflow", "jax", "torch", "onnx"), "zero": ("tensorflow", "jax", "onnx")}
WITHOUT = """
import os, runpy, sys
sys.modules.update(dict.fromkeys(ABSENT))
if "SPACES_ZERO_GPU" in os.environ:  # what the package changes in PyTorch takes a build with CUDA
    sys.modules["torch"] = None
    import spaces
    del sys.modules["torch"]
sys.argv, sys.path[0] = ["app.py", *sys.argv[1:]], ""
runpy.run_path("app.py", run_name="__main__")
"""


def without(hardware: str) -> list[str]:
    """The command that starts the page with nothing but what a Space of that hardware has."""
    return [sys.executable, "-c", f"ABSENT = {ABSENT[hardware]}{WITHOUT}"]


@contextlib.contextmanager
def page(command: Sequence[str], folder: Path, own: Path, **more: str) -> Iterator[str]:
    """The address of the page that `command` starts in a Space's folder; its own files lie in `own`.

    `more` is added to the environment.
    """
    port = free_port()
    hidden = ("PYTHONPATH", "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "KERAS_BACKEND")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"SPACE_ID": "someone/musictx", "MUSICTX_CACHE": str(own / "cache"), "TMPDIR": str(own), **more}
    with (own / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 120
        while b'"ready"' not in health(port):
            assert process.poll() is None and time.monotonic() < deadline, (own / "log.txt").read_text()[-3000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(20)


def health(port: int) -> bytes:
    """What the page says of itself, nothing before it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


def compose(url: str, folder: Path, own: Path) -> str:
    """Has one take made, downloads it, and names the checkpoint that made it."""
    seed = folder / "assets" / "seeds" / "chorale.mid"
    client = Client(url, download_files=str(own / "downloads"), verbose=False)
    midi, _, facts = client.predict(seed_file=handle_file(seed), seconds=6, random_seed=5, api_name="/compose")
    client.close()
    assert read_midi(Path(midi[0])).notes.duration_s > read_midi(seed).notes.duration_s + 2
    return str(facts["settings"]["checkpoint"])


@pytest.mark.parametrize("checkpoint", ["enhanced", "enhanced-open"])
def test_a_page_that_only_plays_needs_no_keras(checkpoint: str, laid_out: LayOut, tmp_path: Path) -> None:
    folder = shutil.copytree(laid_out("--hardware", "cpu", "--checkpoint", checkpoint), tmp_path / "folder")
    own = tmp_path / "own"
    own.mkdir()
    with page(without("cpu"), folder, own) as url:
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200 and "musictx" in answer.read().decode()
        assert compose(url, folder, own) == checkpoint


@pytest.mark.slow
@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
def test_the_page_of_zerogpu_borrows_a_gpu_and_needs_no_tensorflow(laid_out: LayOut, tmp_path: Path) -> None:
    """With a stand-in for the service that lends GPUs; the borrowed one is this machine's processor."""
    folder = shutil.copytree(laid_out("--hardware", "zero"), tmp_path / "folder")
    own = tmp_path / "own"
    own.mkdir()
    with DeviceApi() as service:
        zero = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": service.url}
        with page(without("zero"), folder, own, **zero) as url:
            assert compose(url, folder, own) == "enhanced"
        assert "/schedule" in service.paths() and "/release" in service.paths()


def newest_python() -> str | None:
    """The interpreter of the version that a Space has, if it is here: this one, in the path, or of pyenv."""
    about = "import sys; print('%d.%d' % sys.version_info[:2])"
    kept = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob(f"versions/{PYTHON}.*/bin/python")
    for name in (sys.executable, f"python{PYTHON}", *map(str, sorted(kept))):
        with contextlib.suppress(OSError):
            if subprocess.run([name, "-c", about], capture_output=True, text=True).stdout.strip() == PYTHON:
                return name
    return None


def uv(*arguments: str) -> str:
    """What uv prints; an error carries it."""
    done = subprocess.run([*UV, *arguments], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_a_space_installs(folder: Path) -> list[str]:
    """What is given to the installer: the folder's requirements, and what every Gradio Space gets."""
    return ["-r", str(folder / "requirements.txt"), f"gradio[oauth]=={head(folder)['sdk_version']}"]


@pytest.mark.slow
@pytest.mark.skipif(newest_python() is None, reason=f"no Python {PYTHON} here, which a Space has")
def test_a_fresh_python_composes(laid_out: LayOut, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(laid_out("--hardware", "cpu"), tmp_path / "folder")
    venv, own = tmp_path / "venv", tmp_path / "own"
    own.mkdir()
    uv("venv", "--quiet", "--python", str(newest_python()), str(venv))
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    began = time.monotonic()
    uv("pip", "install", "--quiet", "--python", str(python), *as_a_space_installs(folder))
    took = time.monotonic() - began
    with page([str(python), "app.py"], folder, own) as url:
        assert compose(url, folder, own) == "enhanced"
    size = sum(path.stat().st_size for path in venv.rglob("*") if path.is_file()) / 1e6
    names = [line.split("==")[0] for line in uv("pip", "freeze", "--python", str(python)).splitlines()]
    assert not {"keras", "tensorflow-cpu", "torch", "onnx"} & set(names)
    with capsys.disabled():
        print(f"\na Space on a CPU: {len(names)} packages, {size:.0f} MB, installed in {took:.0f} s")


@pytest.mark.slow
@pytest.mark.parametrize("hardware", ["zero", "gpu"])
def test_versions_go_together_where_they_are_gigabytes(hardware: str, laid_out: LayOut, tmp_path: Path) -> None:
    """Resolved and not installed: PyTorch, or TensorFlow, with the CUDA libraries of a GPU."""
    folder = laid_out("--hardware", hardware)
    wanted = tmp_path / "wanted.in"
    wanted.write_text("\n".join(["-r " + as_a_space_installs(folder)[1], as_a_space_installs(folder)[2]]) + "\n")
    resolved = uv(
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", PYTHON),
        *("--python-platform", "x86_64-manylinux_2_28", str(wanted)),
    )
    assert ("torch==2.9.1" in resolved) == (hardware == "zero") and "nvidia-cudnn-cu12" in resolved
    assert ("tensorflow==" in resolved) == (hardware == "gpu")
