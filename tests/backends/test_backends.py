"""One network, one loop, one sampler: the same numbers on tensorflow, jax and torch."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from musictx.config import MODEL_PRESETS
from musictx.midi import vocabulary
from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.model.card import CheckpointCard
from musictx.model.checkpoint import save_checkpoint
from musictx.model.transformer import MusicTransformer
from musictx.training.prepare import prepare

BACKENDS = ("tensorflow", "jax", "torch")

pytestmark = pytest.mark.timeout(600)  # three processes that import and compile; a minute on a quiet machine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint and a corpus that every backend starts from."""
    folder = tmp_path_factory.mktemp("backends")
    tiny = MODEL_PRESETS["tiny"]
    card = CheckpointCard("start", "Start", "CC0", tiny, vocabulary.fingerprint())
    save_checkpoint(MusicTransformer(tiny), card, folder / "start")
    notes = [(48 + 5 * n % 24, 40 + n, 0.2 * n, 0.2 * n + 0.3) for n in range(60)]
    for number in range(20):  # enough that the split by hash holds some out
        write_midi(NoteSequence.from_tuples(notes[number % 7 :]), folder / "midi" / f"{number}.mid")
    prepare(folder / "midi", folder / "corpus", workers=1)
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """What each installed backend computed, each in a process of its own."""
    results = {}
    for backend in BACKENDS:
        if importlib.util.find_spec(backend) is None:
            continue
        out = folder / f"{backend}.npz"
        subprocess.run(
            [sys.executable, "-m", "tests.backends.check", str(folder), str(out)],
            # One thread: PyTorch's, on products this small, wait for each other for minutes on a busy machine.
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2", "OMP_NUM_THREADS": "1"},
            cwd=Path(__file__).parents[2],
            check=True,
            timeout=500,
        )
        results[backend] = dict(np.load(out))
    return results


@pytest.mark.parametrize("backend", BACKENDS)
def test_cached_is_uncached(results: dict[str, dict[str, np.ndarray]], backend: str) -> None:
    if backend not in results:
        pytest.skip(f"{backend} is not installed")
    np.testing.assert_allclose(results[backend]["cached"], results[backend]["whole"], atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_backends_agree_with_tensorflow(results: dict[str, dict[str, np.ndarray]], backend: str) -> None:
    if backend not in results:
        pytest.skip(f"{backend} is not installed")
    mine, theirs = results[backend], results["tensorflow"]
    np.testing.assert_allclose(mine["whole"], theirs["whole"], atol=1e-4)
    np.testing.assert_allclose(mine["curve"], theirs["curve"], atol=1e-4)
    np.testing.assert_allclose(mine["muon"], theirs["muon"], atol=3e-3)  # its Newton-Schulz steps are in bfloat16
    np.testing.assert_allclose(mine["lora"], theirs["lora"], atol=1e-4)
    assert np.abs(mine["lora"]).max() > 0.1
    for curve in (mine["curve"], mine["muon"]):
        assert curve[-1] < curve[0]  # and it learned
    assert json.loads(str(mine["ids"])) == json.loads(str(theirs["ids"]))
