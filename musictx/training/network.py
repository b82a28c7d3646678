"""The network that a run trains: built anew, from a base, or as LoRA beside one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras

from musictx.midi import vocabulary
from musictx.model.card import CARD_FILE, CheckpointCard, read_card
from musictx.model.checkpoint import load_checkpoint, save_checkpoint
from musictx.model.lora import enable_lora
from musictx.model.transformer import MusicTransformer
from musictx.model.weights import SHIPPED, weights_hash
from musictx.training.config import TrainingConfig
from musictx.training.devices import Devices
from musictx.training.optimizer import KeepsNorm, build_optimizer
from musictx.training.plan import shape_of
from musictx.training.runs import OWN_BASE, RunFolder
from musictx.training.schedule import WarmupSchedule


def build_network(config: TrainingConfig, run: RunFolder, devices: Devices) -> tuple[MusicTransformer, CheckpointCard]:
    """The network as the run starts, and the card of its checkpoints.

    Raises:
        CheckpointError: if the base cannot be used.
    """
    model, card = _network(config, run, devices)
    model.set_query_block(config.query_block)
    return model, card


def _network(config: TrainingConfig, run: RunFolder, devices: Devices) -> tuple[MusicTransformer, CheckpointCard]:
    shape = shape_of(config)
    card = CheckpointCard(
        name=run.path.name,
        title=run.path.name,
        licence="as its training data allows",
        model=shape,
        vocabulary=vocabulary.fingerprint(),
    )
    if not config.base:
        return MusicTransformer(shape, dtype=config.precision), card
    base = _base_of(config, run, devices) if config.lora_rank else Path(config.base)
    model, base_card = load_checkpoint(base, vocabulary.fingerprint(), dtype=config.precision)
    if shape != model.config:
        weights = model.get_weights()
        model = MusicTransformer(shape, dtype=config.precision)
        model.set_weights(weights)
    card = dataclasses.replace(
        card, licence=f"that of {base_card.title} ({base_card.licence}), and as its training data allows"
    )
    if config.lora_rank:
        enable_lora(model, config.lora_rank, config.lora_layers)
        adapter = {"base": base.name, "weights": weights_hash(base), "rank": config.lora_rank}
        card = dataclasses.replace(card, adapter=adapter)
    return model, card


def moving_variables(model: MusicTransformer, optimizer: keras.optimizers.Optimizer) -> list[Any]:
    """All that a step changes: trained weights, the dropout's generators, the optimizer's moments and step count."""
    frozen = {id(weight) for weight in model.weights if not weight.trainable}
    given = id(optimizer.learning_rate)  # before each step, by the loop
    return [
        *(variable for variable in model.variables if id(variable) not in frozen),
        *(variable for variable in optimizer.variables if id(variable) != given),
    ]


def optimizer_of(config: TrainingConfig) -> KeepsNorm:
    """The optimizer; its learning rate is a variable, to be set before each step."""
    return build_optimizer(config.optimizer, config.learning_rate, config.weight_decay, config.clip_norm)


def schedule_of(config: TrainingConfig) -> WarmupSchedule:
    """What the learning rate is set to."""
    return WarmupSchedule(config.learning_rate, config.warmup_steps, config.schedule, config.decay_share)


def _base_of(config: TrainingConfig, run: RunFolder, devices: Devices) -> Path:
    """Where a LoRA's base lies for good: with the program, or as a copy in the run's own folder.

    Another run's checkpoint may be trained on or deleted, and a LoRA cannot lie on top of another.
    """
    base, own = Path(config.base).resolve(), run.path / OWN_BASE
    if base.parent == SHIPPED.resolve() and not read_card(base).adapter:
        return base
    if not devices.agree((own / CARD_FILE).is_file()):
        # Every process builds: laying weights out over devices is something that all of them do together.
        model, card = load_checkpoint(base, vocabulary.fingerprint())
        if devices.writes:
            save_checkpoint(model, dataclasses.replace(card, adapter={}), own)
        devices.wait("base")
    return own
