"""What a checkpoint that is shipped tells of the trainings behind it."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from musictx.config import MODEL_PRESETS
from musictx.model.card import CARD_FILE, CheckpointCard
from musictx.training.runs import RunFolder
from scripts.ship_checkpoint import CURVE, Stage, joined, ship


def a_run(path: Path, steps: int, seed: int) -> Path:
    path.mkdir()
    run = RunFolder(path)
    run.write_config({"data": ["/somewhere/mine"], "base": "/elsewhere", "batch_tokens": 64, "seed": seed})
    run.append_metrics(step=0, validation_nll=3.0)
    run.append_metrics(step=steps, nll=2.5, learning_rate=0.001)
    return path


def a_checkpoint(path: Path, stages: list[Stage], with_curve: bool) -> Path:
    """The two files of a shipped folder that a later training reads."""
    path.mkdir()
    *before, last = [settings for stage in stages for settings in stage.settings]
    recipe = {"steps": sum(s.steps for s in stages), "tokens": sum(s.tokens for s in stages), "settings": last}
    card = CheckpointCard("shipped", "", "", MODEL_PRESETS["original"], "", recipe={**recipe, "earlier": before})
    (path / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    if with_curve:
        (path / CURVE).write_text("\n".join(map(json.dumps, joined(stages))), encoding="utf-8")
    return path


def test_trainings_are_drawn_one_behind_the_other(tmp_path: Path) -> None:
    stages = [Stage.of(a_run(tmp_path / "first", 10, 0)), Stage.of(a_run(tmp_path / "second", 5, 1))]
    assert [line["step"] for line in joined(stages)] == [0, 10, 10, 15]
    assert [stage.tokens for stage in stages] == [640, 320]
    assert stages[0].settings == ({"data": ["mine"], "batch_tokens": 64, "seed": 0},)  # paths stay at home


@pytest.mark.parametrize("with_curve", [True, False])
def test_a_shipped_checkpoint_stands_for_the_runs_behind_it(tmp_path: Path, with_curve: bool) -> None:
    runs = [Stage.of(a_run(tmp_path / "first", 10, 0)), Stage.of(a_run(tmp_path / "second", 5, 1))]
    shipped = Stage.of(a_checkpoint(tmp_path / "shipped", runs, with_curve))
    third = Stage.of(a_run(tmp_path / "third", 7, 2))
    assert (shipped.steps, shipped.tokens) == (15, 960)
    assert [settings["seed"] for settings in shipped.settings] == [0, 1]
    drawn = [line["step"] for line in joined([shipped, third])]
    assert drawn == ([0, 10, 10, 15] if with_curve else []) + [15, 22]


def test_a_run_is_not_counted_twice(tmp_path: Path) -> None:
    run = a_run(tmp_path / "first", 10, 0)
    shipped = a_checkpoint(tmp_path / "shipped", [Stage.of(run)], with_curve=True)
    with pytest.raises(SystemExit, match="already in what was given as earlier"):
        ship(Namespace(earlier=[shipped], run=run))
