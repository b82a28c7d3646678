"""A checkpoint of unknown origin: tried in a process of its own, and nothing of a refused one is left."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from musictx.config import MODEL_PRESETS
from musictx.errors import CheckpointError
from musictx.midi import vocabulary
from musictx.model.card import CARD_FILE, CheckpointCard
from musictx.model.shapes import weight_shapes
from musictx.workshop.checkpoints import uploads
from musictx.workshop.checkpoints.uploads import Uploads
from musictx.workshop.leftovers import UNFINISHED_S, remove_unfinished
from musictx.workshop.policy import WorkshopLimits

ROOT = Path(__file__).resolve().parents[2]
TINY = MODEL_PRESETS["tiny"]
NAME = "weights-1-of-1.safetensors"


def packed(path: Path, value: float = 0.0, copies: int = 1, **changes: Any) -> Path:
    """A checkpoint of one value as a zip, its shard in it so many times."""
    arrays = {name: np.full(shape, value, np.float16) for name, shape in weight_shapes(TINY).items()}
    save_file(arrays, str(path.with_suffix(".safetensors")))
    card = CheckpointCard("x", "Tiny", "CC0", TINY, vocabulary.fingerprint(), shards=(NAME,))
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice, as is meant here
        archive.writestr(CARD_FILE, json.dumps({**json.loads(card.to_json()), **changes}))
        for _ in range(copies):
            archive.write(path.with_suffix(".safetensors"), NAME)
    return path


def test_a_whole_one_is_taken_and_can_be_deleted(tmp_path: Path) -> None:
    store = Uploads(tmp_path / "uploads", WorkshopLimits())
    made = store.add("me", packed(tmp_path / "a.zip"), [])
    assert [about["title"] for _, about in store.known("me")] == ["Tiny"]
    store.delete("me", made)
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("value", "copies", "changes"),
    [
        (float("inf"), 1, {}),
        (float("nan"), 1, {}),
        (0.0, 3, {}),
        (0.0, 1, {"title": 12}),
        (0.0, 1, {"vocabulary": "0" * 16}),
        (0.0, 1, {"model": {**TINY.to_dict(), "vocabulary_size": 4096}}),
        (0.0, 1, {"model": {**TINY.to_dict(), "width": 2048, "blocks": 48}}),
        (0.0, 1, {"shards": [NAME] * 20_000}),
    ],
)
def test_a_refused_one_leaves_nothing(tmp_path: Path, value: float, copies: int, changes: Any) -> None:
    store = Uploads(tmp_path / "uploads", WorkshopLimits())
    with pytest.raises(CheckpointError):
        store.add("me", packed(tmp_path / "a.zip", value, copies, **changes), [])
    assert list((tmp_path / "uploads").iterdir()) == []


def test_whatever_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(uploads, "replace_file", broken)
    with pytest.raises(OSError, match="No space"):
        Uploads(tmp_path / "uploads", WorkshopLimits()).add("me", packed(tmp_path / "a.zip"), [])
    assert list((tmp_path / "uploads").iterdir()) == []


def test_the_serving_process_loads_no_training_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from musictx.workshop.policy import WorkshopLimits\nfrom musictx.workshop.checkpoints.uploads import Uploads\n"
        "Uploads(Path(sys.argv[2]), WorkshopLimits()).add('me', Path(sys.argv[1]), [])\n"
        "print([name for name in ('tensorflow', 'keras', 'jax', 'torch') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(packed(tmp_path / "a.zip")), str(tmp_path / "uploads")]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_what_a_killed_process_left_is_removed_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("whole", "half"):
        (tmp_path / name).mkdir()
    (tmp_path / "whole" / "about.json").write_text("{}")
    assert remove_unfinished(tmp_path, "about.json") == [], "it may be in the making"
    later = (tmp_path / "half").stat().st_mtime + UNFINISHED_S + 1
    monkeypatch.setattr("musictx.workshop.leftovers.time.time", lambda: later)
    assert remove_unfinished(tmp_path, "about.json") == [tmp_path / "half"] and (tmp_path / "whole").is_dir()
