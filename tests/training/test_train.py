"""The loop: it learns, resumes to the same curve, and leaves whole folders behind."""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musictx.errors import SettingsError, TrainingError
from musictx.midi import vocabulary
from musictx.model.checkpoint import load_checkpoint, weight_arrays
from musictx.training.config import TrainingConfig
from musictx.training.dataset import TrainingWindows, open_corpus
from musictx.training.evaluate import evaluate
from musictx.training.runs import RunFolder
from musictx.training.train import Report, train
from tests.training.conftest import curve


def test_it_learns(whole_run: RunFolder) -> None:
    points = curve(whole_run)
    assert points[12]["nll"] < points[3]["nll"] - 0.3
    assert points[12]["validation_nll"] < points[6]["validation_nll"]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_resumed_run_is_the_uninterrupted_one(
    config: TrainingConfig, whole_run: RunFolder, tmp_path: Path, optimizer: str
) -> None:
    if optimizer == "muon":
        config = dataclasses.replace(config, optimizer="muon", steps=6, lengths=((32, 1.0),))
    whole = whole_run if optimizer == "adamw" else train(config, tmp_path / "whole")
    seen: list[Report] = []
    train(config, tmp_path / "parts", report=seen.append, stop=lambda: bool(seen) and seen[-1].step >= 3)
    parts = train(config, tmp_path / "parts", resume=True)
    for step, values in curve(whole).items():
        assert curve(parts)[step]["nll"] == pytest.approx(values["nll"], abs=1e-4)
    first, second = (load_checkpoint(run.last, vocabulary.fingerprint())[0] for run in (whole, parts))
    for name, array in weight_arrays(first).items():
        np.testing.assert_allclose(weight_arrays(second)[name], array, atol=2e-3)


def test_a_resumed_lora_is_the_uninterrupted_one(config: TrainingConfig, whole_run: RunFolder, tmp_path: Path) -> None:
    tuned = dataclasses.replace(
        config, base=str(whole_run.last), lora_rank=2, steps=6, lengths=((32, 1.0),), save_every=2, learning_rate=1e-2
    )
    whole = train(tuned, tmp_path / "whole")
    seen: list[Report] = []
    train(tuned, tmp_path / "parts", report=seen.append, stop=lambda: bool(seen) and seen[-1].step >= 3)
    parts = train(tuned, tmp_path / "parts", resume=True)
    assert [line["step"] for line in parts.metrics() if "nll" in line] == [3, 6]
    for step, values in curve(whole).items():
        assert {name: curve(parts)[step][name] for name in values} == pytest.approx(values, abs=1e-4)
    assert curve(whole)[0]["validation_nll"] == pytest.approx(curve(whole_run)[12]["validation_nll"], abs=0.01)
    first, second = (weight_arrays(load_checkpoint(run.last, vocabulary.fingerprint())[0]) for run in (whole, parts))
    base = weight_arrays(load_checkpoint(whole_run.last, vocabulary.fingerprint())[0])
    changed = {name for name in base if not np.array_equal(base[name], first[name])}
    assert changed == {name for name in base if name.startswith("block") and name.endswith("/kernel")}
    for name in changed:
        np.testing.assert_allclose(second[name], first[name], atol=2e-3)
    sizes = [sum(path.stat().st_size for path in run.last.glob("*.safetensors")) for run in (whole, whole_run)]
    assert sizes[0] < sizes[1]  # although float32 beside float16
    assert (whole.path / "state.npz").stat().st_size < 0.5 * (whole_run.path / "state.npz").stat().st_size


def test_a_run_planned_by_time_ends_with_its_schedule_done(
    config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(10**6))  # seconds: one passes at each look at the clock
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    planned = dataclasses.replace(
        config,
        minutes=1.0,
        steps=10**6,
        lengths=((16, 0.5), (32, 1.0)),
        schedule="trapezoid",
        decay_share=0.5,
        log_every=1,
    )
    seen: list[Report] = []
    lengths: list[int] = []
    batch = TrainingWindows.batch

    def noted(windows: TrainingWindows, step: int, size: int, length: int) -> Any:
        lengths.append(length)
        return batch(windows, step, size, length)

    monkeypatch.setattr(TrainingWindows, "batch", noted)
    run = train(planned, tmp_path / "run", report=seen.append)
    state = run.read_state()
    assert state is not None and 60 <= state.seconds < 70
    rates = [line["learning_rate"] for line in run.metrics() if "learning_rate" in line]
    assert max(rates) == pytest.approx(config.learning_rate) and rates[-1] < 0.15 * max(rates)
    assert lengths == sorted(lengths) and set(lengths) == {16, 32}
    assert seen[-1].steps == seen[-1].step < 60
    train(planned, tmp_path / "run", resume=True)
    assert [line["step"] for line in run.metrics()][-1] == state.step  # nothing is left to do


def test_the_best_checkpoint_has_the_nll_it_claims(whole_run: RunFolder, config: TrainingConfig) -> None:
    model, card = load_checkpoint(whole_run.best, vocabulary.fingerprint())
    corpus = open_corpus(Path(config.data[0]))
    pieces = [corpus.ids(piece) for piece in corpus.split("validation")]
    figures = evaluate(model, pieces, window=64)
    assert figures.per_token == pytest.approx(card.figures["validation_nll_per_token"], abs=0.01)
    assert figures.notes == 80 and figures.pieces == 2
    assert figures.tokens == sum(len(ids) - 2 for ids in pieces)
    assert figures.per_note * figures.notes == pytest.approx(figures.per_token * figures.tokens)
    assert figures.per_second * figures.seconds == pytest.approx(figures.per_token * figures.tokens)


def test_evaluation_does_not_depend_on_the_batch(whole_run: RunFolder, config: TrainingConfig) -> None:
    model, _ = load_checkpoint(whole_run.best, vocabulary.fingerprint())
    corpus = open_corpus(Path(config.data[0]))
    pieces = [corpus.ids(piece) for piece in corpus.pieces[:3]]
    alone, together = evaluate(model, pieces, 48, batch_size=1), evaluate(model, pieces, 48, batch_size=5)
    assert alone.per_token == pytest.approx(together.per_token, abs=1e-5)


def test_a_run_is_not_overwritten_by_mistake(whole_run: RunFolder, config: TrainingConfig) -> None:
    with pytest.raises(TrainingError, match="already holds a run"):
        train(config, whole_run.path)


def test_a_state_of_another_model_is_refused(whole_run: RunFolder, config: TrainingConfig, tmp_path: Path) -> None:
    other = dataclasses.replace(config, optimizer="muon")
    (tmp_path / "state.npz").write_bytes((whole_run.path / "state.npz").read_bytes())
    with pytest.raises(TrainingError, match="variables"):
        train(other, tmp_path, resume=True)
    (tmp_path / "state.npz").write_bytes(b"PK torn")
    with pytest.raises(TrainingError, match="damaged"):
        train(config, tmp_path, resume=True)


def test_a_torn_last_line_of_metrics_is_left_out(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.append_metrics(step=1, nll=2.0)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "nl')
    assert [line["step"] for line in run.metrics()] == [1]


def test_the_stored_configuration_comes_back(whole_run: RunFolder, config: TrainingConfig) -> None:
    assert TrainingConfig.from_dict(whole_run.read_config()) == config
    assert json.loads((whole_run.path / "run.json").read_text())["preset"] == "tiny"


def test_fine_tuning_starts_from_the_base(whole_run: RunFolder, config: TrainingConfig, tmp_path: Path) -> None:
    tuned = dataclasses.replace(config, base=str(whole_run.last), dropout=0.0, steps=3, learning_rate=1e-5)
    points = curve(train(tuned, tmp_path / "tuned"))
    assert points[3]["validation_nll"] == pytest.approx(curve(whole_run)[12]["validation_nll"], abs=0.05)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("preset", "huge"),
        ("precision", "int4"),
        ("optimizer", "sgd"),
        ("label_smoothing", 0.9),
        ("batch_tokens", 16),
        ("steps", 0),
    ],
)
def test_unfit_configurations_are_refused(config: TrainingConfig, field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=field):
        dataclasses.replace(config, **{field: value})


@pytest.mark.parametrize(
    "values", [{"lengths": 5}, {"lengths": [[1]]}, {"lengths": "ab"}, {"data": 1}, {"weights": None}]
)
def test_a_configuration_with_lists_that_are_none_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        TrainingConfig.from_dict(values)


@pytest.mark.parametrize("content", ["3", "[]", "null", '"steps"', "[" * 5000])
def test_a_run_whose_settings_are_no_names_with_values_is_refused(tmp_path: Path, content: str) -> None:
    """Found by fuzzing: a number took the reader out of its errors."""
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainingError, match="no training run"):
        RunFolder(tmp_path).read_config()
    with pytest.raises(SettingsError, match="names with their values"):
        TrainingConfig.from_dict(3)  # type: ignore[arg-type]
