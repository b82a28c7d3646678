"""What an evaluation keeps of each piece, and that it does not measure a piece twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musictx.config import MODEL_PRESETS
from musictx.errors import TrainingError
from musictx.model.transformer import MusicTransformer
from musictx.training.evaluate import PieceLoss, evaluate
from musictx.training.piece_log import PieceLog

LOSS = PieceLoss(nats=12.5, tokens=5, notes=2, seconds=1.25)
PIECES = [np.arange(length, dtype=np.int32) for length in (40, 90)]


def test_a_piece_is_found_under_its_own_terms_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.jsonl"
    PieceLog(path, "these weights").add(PIECES[0], LOSS)
    again = PieceLog(path, "these weights")
    assert again.find(PIECES[0]) == LOSS
    assert again.find(PIECES[1]) is None
    assert PieceLog(path, "other weights").find(PIECES[0]) is None


def test_lines_that_are_none_of_its_own_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    PieceLog(path, "").add(PIECES[0], LOSS)
    path.write_bytes(b'[]\n{"piece": 1}\n\xff\xfe\n' + path.read_bytes() + b'{"piece": "ab')
    PieceLog(path, "").add(PIECES[1], LOSS)
    assert [PieceLog(path, "").find(piece) for piece in PIECES] == [LOSS, LOSS]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"cannot be used to keep results \(Is a directory\)"):
        PieceLog(tmp_path, "")


def test_what_was_kept_is_not_measured_again(tmp_path: Path) -> None:
    model = MusicTransformer(MODEL_PRESETS["tiny"])
    path = tmp_path / "kept.jsonl"
    whole = evaluate(model, PIECES, window=64)
    assert whole.tokens == 39 + 89
    evaluate(model, PIECES[1:], window=64, kept=PieceLog(path, ""))
    steps: list[tuple[int, int]] = []
    figures = evaluate(model, PIECES, 64, report=lambda *step: steps.append(step), kept=PieceLog(path, ""))
    assert steps == [(40, 130)]  # the first piece's one window
    assert figures.per_token == pytest.approx(whole.per_token)
    assert evaluate(model, PIECES, 64, batch_size=2).per_token == pytest.approx(whole.per_token, rel=1e-5)
