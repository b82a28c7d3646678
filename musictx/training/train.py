"""The training loop: the same on tensorflow, jax and torch, resumable to the same curve."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import backend, ops

from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.model.card import CheckpointCard
from musictx.model.checkpoint import load_checkpoint, save_checkpoint
from musictx.model.transformer import MusicTransformer
from musictx.training.config import TrainingConfig
from musictx.training.dataset import Augmentation, Corpus, Ids, TrainingWindows, open_corpus, validation_windows
from musictx.training.evaluate import summed_nll
from musictx.training.objective import NextToken
from musictx.training.optimizer import build_optimizer
from musictx.training.runs import RunFolder
from musictx.training.schedule import WarmupSchedule


@dataclass(frozen=True)
class Report:
    """Where a run stands: shown as a progress line, and stored in metrics.jsonl."""

    step: int
    steps: int
    nll: float
    learning_rate: float
    tokens_per_second: float
    validation_nll: float | None = None


def train(
    config: TrainingConfig,
    folder: Path,
    resume: bool = False,
    report: Callable[[Report], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunFolder:
    """Trains to `config.steps`, or until `stop()` or the time limit; what was learned is saved.

    Args:
        config: of the run; on resume it replaces the stored one, so that steps may be added.
        folder: of the run.
        resume: go on from the folder's last saved state (start anew if it has none).
        report: called every `log_every` steps and after each validation.
        stop: asked after every step.

    Raises:
        TrainingError: if the corpora cannot be used, the state does not fit, or the loss is not finite.
    """
    run = RunFolder(folder)
    if not resume and run.read_state() is not None:
        raise TrainingError(f"{folder} already holds a run. Resume it with --resume, or give another folder.")
    run.write_config(dataclasses.asdict(config))
    return _Loop(config, run, report or (lambda _: None), stop).go(resume)


class _Loop:
    """One process's share of a run."""

    def __init__(
        self, config: TrainingConfig, run: RunFolder, report: Callable[[Report], None], stop: Callable[[], bool]
    ) -> None:
        self.config, self.run, self.report, self.stop = config, run, report, stop
        keras.utils.set_random_seed(config.seed)
        corpora = [open_corpus(Path(path)) for path in config.data]
        weights = config.weights or (1.0,) * len(corpora)
        augmentation = Augmentation(config.transpose_semitones, config.transpose_probability, config.stretch)
        self.windows = TrainingWindows(corpora, weights, augmentation, config.seed)
        self.held_out = _spread(corpora, config.validation_length, config.validation_windows)
        self.model = _build_model(config)
        self.trainer = NextToken(self.model, config.label_smoothing)
        # torch.compile wants a C++ compiler at hand; in eager steps torch does without.
        jit = config.xla and backend.backend() != "torch"
        self.trainer.compile(optimizer=_build_optimizer(config), jit_compile=jit)
        self.trainer.optimizer.build(self.trainer.trainable_variables)
        self.best_nll = math.inf
        self.length = 0  # of the windows that the compiled step was traced for

    def go(self, resume: bool) -> RunFolder:
        """Runs the steps that are left."""
        step = self._restore() if resume else 0
        began = mark = time.monotonic()
        tokens = 0
        while step < self.config.steps:
            tokens += self._step(step)
            step += 1
            if step % self.config.log_every == 0 or step == self.config.steps:
                now = time.monotonic()
                self._log(step, tokens / (now - mark))
                mark, tokens = now, 0
            over = self.config.max_minutes and time.monotonic() - began > self.config.max_minutes * 60
            ends = step == self.config.steps or bool(over) or self.stop()
            if step % self.config.validate_every == 0 or ends:
                self._validate(step)
                mark, tokens = time.monotonic(), 0
            if step % self.config.save_every == 0 or ends:
                self._save(step)
            if ends:
                break
        return self.run

    def _step(self, step: int) -> int:
        length = self.config.length_at(step)
        if length != self.length:
            # A new traced step for each window length: Keras would make the one it has shape-agnostic.
            self.trainer.make_train_function(force=True)
            self.length = length
        inputs, targets = self.windows.batch(step, self.config.batch_tokens // length, length)
        self.trainer.train_on_batch(inputs, targets)
        return inputs.size

    def _log(self, step: int, tokens_per_second: float, validation_nll: float | None = None) -> None:
        nll = float(self.trainer.nll.result())
        self.trainer.reset_metrics()
        if not math.isfinite(nll):
            raise TrainingError(
                f"The loss is not a finite number at step {step}. Resume from the last saved state with a lower "
                "learning rate."
            )
        rate = float(ops.convert_to_numpy(self.trainer.optimizer.learning_rate))
        self.run.append_metrics(step=step, nll=nll, learning_rate=rate, tokens_per_second=tokens_per_second)
        self.report(Report(step, self.config.steps, nll, rate, tokens_per_second))

    def _validate(self, step: int) -> None:
        if not len(self.held_out):
            return
        total, tokens = summed_nll(self.model, self.held_out, max(1, 4096 // self.config.validation_length))
        nll = total / tokens
        self.run.append_metrics(step=step, validation_nll=nll)
        self.report(Report(step, self.config.steps, math.nan, math.nan, math.nan, nll))
        if nll < self.best_nll:
            self.best_nll = nll
            save_checkpoint(self.model, self._card(step, nll), self.run.best)

    def _save(self, step: int) -> None:
        arrays = [np.asarray(ops.convert_to_numpy(variable)) for variable in self._variables()]
        self.run.write_state(step, self.best_nll, arrays)
        save_checkpoint(self.model, self._card(step, self.best_nll), self.run.last)

    def _restore(self) -> int:
        state = self.run.read_state()
        if state is None:
            return 0
        step, self.best_nll, arrays = state
        variables = self._variables()
        if len(arrays) != len(variables):
            raise TrainingError(
                f"The state in {self.run.path} has {len(arrays)} variables, this configuration {len(variables)}. "
                "Resume with the model and optimizer that the run was started with."
            )
        for variable, array in zip(variables, arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                raise TrainingError(f"The state in {self.run.path} does not fit this configuration at {variable.path}.")
            variable.assign(array)
        return step

    def _variables(self) -> list[Any]:
        """Weights, seed generators of the dropout, and the optimizer's moments and step count."""
        return [*self.model.variables, *self.trainer.optimizer.variables]

    def _card(self, step: int, nll: float) -> CheckpointCard:
        return CheckpointCard(
            name=self.run.path.name,
            title=self.run.path.name,
            licence="as its training data allows",
            model=self.model.config,
            vocabulary=vocabulary.fingerprint(),
            recipe={"step": step, **dataclasses.asdict(self.config)},
            figures={"validation_nll_per_token": nll} if math.isfinite(nll) else {},
        )


def _build_model(config: TrainingConfig) -> MusicTransformer:
    if config.base:
        model, _ = load_checkpoint(Path(config.base), vocabulary.fingerprint(), dtype=config.precision)
        if config.dropout is None or config.dropout == model.config.dropout:
            return model
        weights = model.get_weights()
        model = MusicTransformer(dataclasses.replace(model.config, dropout=config.dropout), dtype=config.precision)
        model.set_weights(weights)
        return model
    shape: ModelConfig = MODEL_PRESETS[config.preset]
    if config.dropout is not None:
        shape = dataclasses.replace(shape, dropout=config.dropout)
    return MusicTransformer(shape, dtype=config.precision)


def _build_optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    rate = WarmupSchedule(config.learning_rate, config.warmup_steps, config.steps, config.schedule, config.decay_share)
    return build_optimizer(config.optimizer, rate, config.weight_decay, config.clip_norm)


def _spread(corpora: Sequence[Corpus], length: int, most: int) -> Ids:
    """At most `most` validation windows, evenly spread over the first corpus's held-out pieces."""
    rows = validation_windows([corpora[0].ids(piece) for piece in corpora[0].split("validation")], length)
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))] if len(rows) else rows
