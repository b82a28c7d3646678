"""Who may train, what they may choose, and what fits the machine."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.errors import SettingsError, TrainingError
from musictx.model.lora import enable_lora
from musictx.model.shapes import parameter_count
from musictx.model.transformer import MusicTransformer
from musictx.workshop.datasets.report import DatasetReport
from musictx.workshop.policy import TrainingPolicy, WorkshopLimits, owner_of
from musictx.workshop.runs.plan import (
    check_room,
    default_settings,
    disk_bytes,
    lora_parameters,
    memory_bytes,
    shape,
    steps_of,
    training_config,
)
from musictx.workshop.runs.settings import RunSettings
from tests.tiny import write_tiny_checkpoint


def test_training_is_off_unless_it_is_opened() -> None:
    policy = TrainingPolicy.from_environment({})
    assert "MUSICTX_TRAINING=on" in policy.refusal(owner_of(None, "x")) and not policy.server_folders
    with pytest.raises(TrainingError, match="off on this server"):
        policy.check(owner_of("alice", ""))
    assert TrainingPolicy.from_environment({"MUSICTX_TRAINING": "on"}).refusal(owner_of(None, "x")) == ""
    assert TrainingPolicy.from_environment({"MUSICTX_TRAINING": "off"}).refusal(owner_of(None, "x"))


def test_named_people_may_train_once_they_have_signed_in() -> None:
    policy = TrainingPolicy.from_environment({"MUSICTX_TRAINERS": "alice, bob"})
    assert policy.refusal(owner_of("alice", "")) == "" and policy.refusal(owner_of("bob", "")) == ""
    assert "carol" in policy.refusal(owner_of("carol", ""))
    # A browser's secret is no name, whatever it says.
    assert "Sign in" in policy.refusal(owner_of(None, "alice")) and "Sign in" in policy.refusal("alice")
    assert "Sign in" in policy.refusal(owner_of(None, "user:alice"))


def test_a_browsers_secret_is_not_written_down() -> None:
    owner = owner_of(None, "secret")
    assert owner == owner_of(None, "secret") != owner_of(None, "other") and "secret" not in owner


def test_settings_survive_their_file() -> None:
    settings = RunSettings(name="Night pieces", lora_layers=("query", "value"), lora_rank=4)
    assert RunSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize(
    "values",
    [
        {"name": " "},
        {"architecture": "huge"},
        {"method": "lora", "base": ""},
        {"lora_layers": ["head"]},
        {"lora_layers": []},
        {"learning_rate": 1.0},
        {"learning_rate": float("nan")},
        {"steps": "many"},
        {"steps": 0, "epochs": 0},
        {"unknown": 1},
        {"method": "full", "base": "", "architecture": "custom", "width": 100},
    ],
)
def test_unfit_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        RunSettings.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "[]", "7", "{"])
def test_other_files_are_no_settings(text: str) -> None:
    with pytest.raises(SettingsError, match="no settings file"):
        RunSettings.from_json(text)


def report(tokens: int) -> DatasetReport:
    return DatasetReport("id", "Mine", (), 1.0, 1.0, tokens, 10, 3, 1, "")


def test_defaults_follow_the_size_of_the_dataset() -> None:
    little, much = (default_settings(report(tokens), "enhanced", 2048) for tokens in (20_000, 5_000_000))
    assert (little.method, much.method) == ("lora", "full")
    assert steps_of(little, 20_000) < steps_of(much, 5_000_000)
    assert default_settings(report(20_000), "", 2048).method == "full"
    assert default_settings(report(20_000), "tiny", 128).length == 128


def test_epochs_become_steps() -> None:
    settings = RunSettings(steps=0, epochs=3, batch=2, length=100)
    assert steps_of(settings, 1000) == 15
    assert steps_of(dataclasses.replace(settings, steps=7), 1000) == 7


def test_a_custom_network_has_the_width_and_depth_asked_for() -> None:
    settings = RunSettings(base="", method="full", architecture="custom", width=128, blocks=3, length=64)
    config = training_config(settings, Path("data"), 1000, None, WorkshopLimits())
    network = shape(settings, None)
    assert (network.width, network.blocks, network.ffn_width) == (128, 3, 512)
    assert (config.width, config.blocks) == (128, 3)
    assert config.max_minutes == WorkshopLimits().minutes


def test_windows_longer_than_the_base_reads_are_refused(tmp_path: Path) -> None:
    base = write_tiny_checkpoint(tmp_path / "tiny")
    assert shape(RunSettings(length=128), base) == MODEL_PRESETS["tiny"]
    with pytest.raises(SettingsError, match="Windows of 129 tokens do not fit this network, which reads 128"):
        shape(RunSettings(length=129), base)


def test_fine_tuning_begins_where_the_base_stands(tmp_path: Path) -> None:
    base = write_tiny_checkpoint(tmp_path / "tiny")
    settings = default_settings(report(20_000), "tiny", 128)
    config = training_config(settings, Path("data"), 20_000, base, WorkshopLimits())
    assert config.dropout == shape(settings, base).dropout and config.label_smoothing == 0


@pytest.mark.parametrize("network", [MODEL_PRESETS["tiny"], MODEL_PRESETS["original"], ModelConfig(128, 2, 512)])
def test_weights_are_counted_right(network: ModelConfig) -> None:
    model = MusicTransformer(network)
    assert parameter_count(network) == model.count_params()
    settings = RunSettings(lora_rank=4, lora_layers=("query", "merge", "expand"))
    enable_lora(model, 4, settings.lora_layers)
    assert lora_parameters(network, settings) == sum(int(np.prod(w.shape)) for w in model.trainable_variables)


def test_what_does_not_fit_is_refused_with_the_figures() -> None:
    limits = WorkshopLimits()
    small = RunSettings(batch=1, length=256)
    large = RunSettings(batch=64, length=2048)
    enhanced = MODEL_PRESETS["enhanced"]
    assert memory_bytes(small, enhanced) < 4 * 2**30 < memory_bytes(large, enhanced)
    assert check_room(2**30, 2**20, 2**33, 2**33, limits) == ""
    assert "10.0 GB of memory, and 8.0 GB are free" in check_room(10 * 2**30, 2**20, 2**33, 2**33, limits)
    assert "of disk, and 1.00 GB are free" in check_room(2**30, 2**30, 2**33, 2**30, limits)
    full = dataclasses.replace(small, method="full")
    assert disk_bytes(small, enhanced) < disk_bytes(full, enhanced)
