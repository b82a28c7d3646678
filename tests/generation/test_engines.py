"""Which engine runs: by choice, by the machine, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from musictx.errors import EngineError, SettingsError
from musictx.generation.engines import choose as engines
from musictx.generation.engines.choose import engine_setting, open_engine
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.engines.keras import KerasDecoder
from musictx.generation.engines.onnx.decoder import OnnxDecoder
from tests.tiny import write_tiny_checkpoint

ROOT = Path(__file__).resolve().parents[2]
UNWANTED = ("keras", "tensorflow", "jax", "torch", "onnx")  # onnx, the format's own library, serves the export only


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


def test_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSICTX_ENGINE", raising=False)
    assert engine_setting() == "auto"
    monkeypatch.setenv("MUSICTX_ENGINE", "keras")
    assert engine_setting() == "keras"
    assert engine_setting("onnx-int8") == "onnx-int8"
    with pytest.raises(SettingsError, match="auto, onnx, onnx-int8, keras"):
        engine_setting("onyx")


@pytest.mark.parametrize(
    ("engine", "gpu", "kind"),
    [
        ("auto", False, OnnxDecoder),
        ("auto", True, KerasDecoder),
        ("onnx", True, OnnxDecoder),
        ("onnx-int8", False, OnnxDecoder),
        ("keras", False, KerasDecoder),
    ],
)
def test_choice(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, gpu: bool, kind: type
) -> None:
    monkeypatch.setattr(engines, "gpu_for_keras", lambda: gpu)
    opened = open_engine(tiny, engine, tmp_path, FairLock())
    assert isinstance(opened, kind)
    if isinstance(opened, KerasDecoder):
        assert opened.model.compute_dtype == ("bfloat16" if gpu else "float32")


def test_without_onnx_runtime_the_keras_engine_runs(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "musictx.generation.engines.onnx.decoder", None)  # importing it fails
    assert isinstance(open_engine(tiny, "auto", tmp_path, FairLock()), KerasDecoder)
    assert "pip install onnxruntime" in caplog.text
    with pytest.raises(EngineError, match="pip install onnxruntime"):
        open_engine(tiny, "onnx", tmp_path, FairLock())


def test_without_keras_nothing_asks_for_its_gpu(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Space for a CPU, which installs no Keras."""
    for module in ("keras", "musictx.generation.engines.keras"):
        monkeypatch.setitem(sys.modules, module, None)  # importing it fails
    monkeypatch.setattr(Path, "exists", lambda path: True)  # a device file of a GPU
    assert not engines.gpu_for_keras()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "musictx.generation.engines.keras", None)
    assert isinstance(open_engine(tiny, "auto", tmp_path, FairLock()), OnnxDecoder)
    with pytest.raises(EngineError, match="pip install keras"):
        open_engine(tiny, "keras", tmp_path, FairLock())


@pytest.mark.parametrize(
    "program",
    [
        "from musictx.cli import main\n"
        "main(['generate', 'chorale', '--out', OUT, '--checkpoint', TINY, '--seconds', '5', '--formats', 'mid'])",
        "import pathlib\n"
        "from musictx.ui.page import build_page\n"
        "from musictx.ui.warm_up import WarmUp\n"
        "from musictx.workshop.workshop import open_workshop\n"
        "workshop = open_workshop(pathlib.Path.cwd(), {'MUSICTX_WORKSHOP': OUT, 'MUSICTX_TRAINING': 'on'})\n"
        "warmth = WarmUp(workshop.studio, workshop.studio.checkpoints()[0].name).start()\n"
        "build_page(workshop.studio, warmth, workshop)\n"
        "assert warmth.wait(60) and warmth.state == 'ready', warmth.problem",
        "import pathlib\n"
        "from musictx.python_api import open_studio\n"
        "studio, name = open_studio(TINY)\n"
        "seed = studio.read_seed(studio.built_in_seeds()[0].path)\n"
        "assert studio.score(seed, name).per_token > 0",
    ],
    ids=["command line", "page", "score"],
)
def test_neither_the_page_nor_a_generation_imports_keras(tiny: Path, tmp_path: Path, program: str) -> None:
    code = f"OUT, TINY = {str(tmp_path)!r}, {str(tiny)!r}\n{program}\n"
    code += f"import sys\nprint([name for name in {UNWANTED} if name in sys.modules], 'onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[] True"
