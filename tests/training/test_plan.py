"""What a run's settings mean together: found out before Keras is loaded and anything is written."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musictx.errors import MusictxError, SettingsError
from musictx.training.config import TrainingConfig
from musictx.training.plan import planned
from musictx.training.train import train
from tests.tiny import write_tiny_checkpoint


def test_validation_fits_the_network_of_itself(config: TrainingConfig) -> None:
    unset = dataclasses.replace(config, validation_length=0)
    assert planned(unset).validation_length == 128  # the window of tiny
    assert planned(dataclasses.replace(unset, preset="enhanced")).validation_length == 1024
    assert planned(config) == config  # what was asked for is kept


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lengths": ((128, 0.5), (129, 1.0)), "batch_tokens": 512}, "windows of 129 tokens .* reads 128"),
        ({"validation_length": 129}, "validation_length: windows of 129 tokens .* 0 chooses"),
        ({"data": ()}, "Give at least one prepared corpus"),
        ({"data": ("no-such",)}, "no-such is no prepared corpus"),
        ({"weights": (1.0, 2.0)}, "a weight of 0 or more"),
        ({"weights": (0.0,)}, "a weight of 0 or more"),
        ({"width": 17}, "multiple of head_size"),
        ({"base": "no-such"}, "No checkpoint at no-such"),
    ],
)
def test_what_does_not_fit_together_is_a_sentence_and_no_folder(
    config: TrainingConfig, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    wrong = dataclasses.replace(config, **changes)
    with pytest.raises(MusictxError, match=words):
        planned(wrong)
    with pytest.raises(MusictxError, match=words):
        train(wrong, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_window_is_that_of_the_base(config: TrainingConfig, tmp_path: Path) -> None:
    base = str(write_tiny_checkpoint(tmp_path / "tiny"))
    tuned = dataclasses.replace(config, preset="enhanced", base=base, validation_length=0)
    assert planned(tuned).validation_length == 128
    with pytest.raises(SettingsError, match="reads 128"):
        planned(dataclasses.replace(tuned, lengths=((256, 1.0),)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 10**12])
@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(TrainingConfig) if type(field.default) in (int, float)]
)
def test_no_number_is_taken_that_makes_no_sense(config: TrainingConfig, name: str, value: float) -> None:
    changed: dict[str, Any] = {name: value}
    with pytest.raises(SettingsError, match=name):
        dataclasses.replace(config, **changed)


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(TrainingConfig) if type(field.default) is int]
)
def test_whole_numbers_are_whole(config: TrainingConfig, name: str) -> None:
    changed: dict[str, Any] = {name: 2.5}
    with pytest.raises(SettingsError, match=f"{name} must be a whole number"):
        dataclasses.replace(config, **changed)


@pytest.mark.parametrize("lengths", [(), ((64, 1.0), (32, 0.5)), ((64, float("nan")),), ((32.5, 1.0),), ((0, 1.0),)])
def test_lengths_follow_each_other(config: TrainingConfig, lengths: Any) -> None:
    with pytest.raises(SettingsError, match="length"):
        dataclasses.replace(config, lengths=lengths)


def test_planning_loads_no_keras() -> None:
    code = "import sys, musictx.training.plan; sys.exit(' '.join({'keras', 'tensorflow'} & set(sys.modules)) or 0)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
