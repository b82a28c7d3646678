"""From what a person chose to what a run needs: its TrainingConfig, its memory and its disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import psutil

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.errors import SettingsError, TrainingError
from musictx.model.card import read_card
from musictx.model.shapes import parameter_count
from musictx.training.config import TrainingConfig
from musictx.workshop.datasets.report import DatasetReport
from musictx.workshop.policy import WorkshopLimits
from musictx.workshop.runs.measure import measured
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.view import Estimate

CUSTOM_PRESET = "enhanced"  # whose other sizes a custom network has
LITTLE_TOKENS = 400_000  # about two and a half hours of piano: below it LoRA is the better choice
PASSES = 12.0  # over the training music, by default
FEWEST_STEPS, MOST_STEPS = 60, 3000  # by default
CHECKPOINTS = 8  # of a run, by default
XLA_STEPS = 60  # fewer steps do not win back what XLA takes to compile
FLOAT = 4  # bytes
PROCESS_BYTES = 1200 * 2**20  # Python, TensorFlow and its compiler, before any weight
# Activations that a step keeps for its gradients, in values a token and block: about so many of the width,
# of the feed-forward network, and of each head's row of attention weights. Set so that `enhanced` with 4 windows of
# 512 tokens comes to 2.8 GB, of which 2.7 were seen.
KEPT_WIDTHS, KEPT_FFN, KEPT_ATTENTION = 24, 4, 5
GB = 2**30


def default_settings(report: DatasetReport, base: str, window: int) -> RunSettings:
    """Settings that fit a dataset; `base` is the checkpoint to start from, "" for none, `window` its length."""
    length = min(512, window)
    batch = 4
    steps = report.training_tokens * PASSES / (batch * length)
    steps = int(min(max(steps, FEWEST_STEPS), MOST_STEPS))
    lora = bool(base) and report.training_tokens < LITTLE_TOKENS
    return RunSettings(
        name=report.name[:60] or "My run",
        base=base,
        method="lora" if lora else "full",
        steps=steps,
        epochs=PASSES,
        learning_rate=1e-3 if lora else (1e-4 if base else 3e-4),
        batch=batch,
        length=length,
        sample_every=max(10, -(-steps // CHECKPOINTS)),
    )


def steps_of(settings: RunSettings, training_tokens: int) -> int:
    """Optimizer steps of the run."""
    if settings.steps:
        return settings.steps
    return max(1, math.ceil(settings.epochs * training_tokens / (settings.batch * settings.length)))


def shape(settings: RunSettings, base: Path | None) -> ModelConfig:
    """The network's shape; CheckpointError if the base cannot be read, SettingsError if the windows do not fit it."""
    if base is not None:
        config = read_card(base).model
    elif settings.architecture == "custom":
        config = MODEL_PRESETS[CUSTOM_PRESET].sized(settings.width, settings.blocks)
    else:
        config = MODEL_PRESETS[settings.architecture]
    if settings.length > config.window:
        raise SettingsError(
            f"Windows of {settings.length} tokens do not fit this network, which reads {config.window}. Choose a "
            "shorter length."
        )
    return config


def training_config(
    settings: RunSettings, data: Path, training_tokens: int, base: Path | None, limits: WorkshopLimits
) -> TrainingConfig:
    """Everything that decides the run.

    Raises:
        SettingsError, CheckpointError: see `shape`.
    """
    network = shape(settings, base)
    steps = steps_of(settings, training_tokens)
    custom = base is None and settings.architecture == "custom"
    return TrainingConfig(
        data=(str(data),),
        preset=CUSTOM_PRESET if custom else settings.architecture,
        base=str(base) if base else "",
        # As the base was trained: weights that never knew dropout lose 0.3 nats to a tenth of it (docs/experiments.md).
        dropout=network.dropout,
        width=settings.width if custom else 0,
        blocks=settings.blocks if custom else 0,
        lora_rank=settings.lora_rank if settings.method == "lora" else 0,
        lora_layers=settings.lora_layers,
        steps=steps,
        batch_tokens=settings.batch * settings.length,
        lengths=((settings.length, 1.0),),
        learning_rate=settings.learning_rate,
        warmup_steps=min(100, 1 + steps // 10),
        label_smoothing=settings.label_smoothing,
        transpose_semitones=settings.transpose,
        transpose_probability=1.0 if settings.transpose else 0.0,
        stretch=settings.stretch,
        precision=settings.precision,
        xla=steps >= XLA_STEPS,
        seed=settings.seed,
        log_every=max(1, min(20, steps // 50)),
        validate_every=settings.sample_every,
        save_every=settings.sample_every,
        validation_windows=32,
        validation_length=settings.length,
        max_minutes=min(settings.max_minutes or limits.minutes, limits.minutes),
    )


def lora_parameters(network: ModelConfig, settings: RunSettings) -> int:
    """Weights that LoRA trains."""
    sides = {"expand": network.width + network.ffn_width, "contract": network.ffn_width + network.width}
    each = (sides.get(layer, 2 * network.width) for layer in settings.lora_layers)
    return network.blocks * settings.lora_rank * sum(each)


def memory_bytes(settings: RunSettings, network: ModelConfig) -> int:
    """About what the process takes at most, from the shapes alone: a first look, before anything is measured."""
    whole = parameter_count(network)
    trained = lora_parameters(network, settings) if settings.method == "lora" else whole
    weights = 2 * whole + 3 * trained  # the network and the one that samples; gradients and two moments
    tokens = settings.batch * settings.length
    kept = KEPT_WIDTHS * network.width + KEPT_FFN * network.ffn_width
    kept += KEPT_ATTENTION * network.heads * settings.length // 2
    activations = tokens * (network.blocks * kept + 4 * network.vocabulary_size)
    return PROCESS_BYTES + FLOAT * (weights + activations)


def disk_bytes(settings: RunSettings, network: ModelConfig) -> int:
    """What the run's folder takes at most: the state and two checkpoints, each beside its successor."""
    whole = parameter_count(network)
    trained = lora_parameters(network, settings) if settings.method == "lora" else whole
    checkpoint = FLOAT * trained if settings.method == "lora" else 2 * whole
    own_base = 2 * whole if settings.method == "lora" else 0
    return 2 * 3 * FLOAT * trained + 3 * checkpoint + own_base + 20 * 2**20


def check_room(memory: int, disk: int, free_memory: int, free_disk: int, limits: WorkshopLimits) -> str:
    """ "" if a run of these sizes fits here now, else a sentence with the figures."""
    if memory > limits.memory_share * free_memory:
        return (
            f"This run needs about {memory / GB:.1f} GB of memory, and {free_memory / GB:.1f} GB are free. Choose a "
            "smaller batch, shorter windows or a smaller network, or close other programs."
        )
    if disk > limits.disk_share * free_disk:
        return (
            f"This run needs about {disk / GB:.2f} GB of disk, and {free_disk / GB:.2f} GB are free. Delete old runs."
        )
    return ""


def free_room(folder: Path) -> tuple[int, int]:
    """Free memory and free disk for `folder`, in bytes."""
    while not folder.exists():
        folder = folder.parent
    return int(psutil.virtual_memory().available), int(psutil.disk_usage(str(folder)).free)


def check_start(
    settings: RunSettings, training_tokens: int, network: ModelConfig, memory: int, folder: Path, limits: WorkshopLimits
) -> None:
    """Raises TrainingError for a run that has nothing to train on or no room here."""
    if not training_tokens:
        raise TrainingError("Nothing is left to train on in this dataset. Move a piece into training.")
    refusal = check_room(memory, disk_bytes(settings, network), *free_room(folder), limits)
    if refusal:
        raise TrainingError(refusal)


def estimate(
    settings: RunSettings, config: TrainingConfig, folder: Path, limits: WorkshopLimits, run: Callable[[Path], None]
) -> Estimate:
    """What a run takes, measured by `run` (see `measure.measured`) unless the shapes alone say that it cannot be.

    Args:
        folder: of the workshop; figures are kept in its folder `measured`.
    """
    network = shape(settings, Path(config.base) if config.base else None)
    whole, disk = parameter_count(network), disk_bytes(settings, network)
    trained = lora_parameters(network, settings) if settings.method == "lora" else whole
    free_memory, free_disk = free_room(folder)
    memory = memory_bytes(settings, network)
    refusal = check_room(memory, disk, free_memory, free_disk, limits)
    if refusal:
        return Estimate(0, 0, memory, disk, free_memory, free_disk, config.steps, trained, whole, 0, refusal)
    figures = measured(folder / "measured", config, run)
    assert figures is not None  # `run` was given
    seconds, memory = figures.seconds(config), figures.memory_bytes
    refusal = check_room(memory, disk, free_memory, free_disk, limits)
    note = ""
    if seconds > 60 * config.max_minutes:
        note = f"The run will be stopped and kept after {config.max_minutes:.0f} minutes, the most that is allowed."
    return Estimate(
        seconds,
        figures.compile_s,
        memory,
        disk,
        free_memory,
        free_disk,
        config.steps,
        figures.trained,
        figures.parameters,
        config.batch_tokens / figures.step_s,
        refusal,
        note,
    )
