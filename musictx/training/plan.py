"""What a run's settings mean together with its files: checked before anything heavy is loaded or written."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.errors import SettingsError, TrainingError
from musictx.model.card import read_card
from musictx.training.config import TrainingConfig
from musictx.training.dataset import Augmentation, Corpus, TrainingWindows, open_corpus

VALIDATION_LENGTH = 1024  # of a validation window, where the network reads as much and nothing else is asked for


def planned(config: TrainingConfig) -> TrainingConfig:
    """`config` with what it leaves open decided, once all of it is known to fit together.

    Raises:
        SettingsError: if windows do not fit the network.
        CheckpointError: if the base cannot be read.
        TrainingError: if there is no corpus, or one cannot be used.
    """
    window = shape_of(config).window
    for length, _ in config.lengths:
        if length > window:
            raise SettingsError(
                f"lengths: windows of {length} tokens do not fit this network, which reads {window}. "
                f"Give --lengths {window} or less."
            )
    if config.validation_length > window:
        raise SettingsError(
            f"validation_length: windows of {config.validation_length} tokens do not fit this network, which reads "
            f"{window}. Give --validation-length {window} or less; 0 chooses."
        )
    windows_of(config, corpora_of(config))
    return dataclasses.replace(config, validation_length=config.validation_length or min(VALIDATION_LENGTH, window))


def shape_of(config: TrainingConfig) -> ModelConfig:
    """The network's shape; CheckpointError if the base cannot be read."""
    if config.base:
        shape = read_card(Path(config.base)).model
    else:
        shape = MODEL_PRESETS[config.preset].sized(config.width, config.blocks)
    return shape if config.dropout is None else dataclasses.replace(shape, dropout=config.dropout)


def corpora_of(config: TrainingConfig) -> list[Corpus]:
    """The corpora of a run, opened; TrainingError if there is none or one cannot be used."""
    if not config.data:
        raise TrainingError("Give at least one prepared corpus: --data FOLDER (made with: python -m musictx prepare).")
    return [open_corpus(Path(path)) for path in config.data]


def windows_of(config: TrainingConfig, corpora: list[Corpus]) -> TrainingWindows:
    """Where the steps of a run draw from; TrainingError for weights or corpora that nothing can be drawn by."""
    augmentation = Augmentation(
        config.transpose_semitones, config.transpose_probability, config.stretch, config.velocity_shift
    )
    return TrainingWindows(corpora, config.weights or (1.0,) * len(corpora), augmentation, config.seed)
