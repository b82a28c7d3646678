"""The training loop: the same on tensorflow, jax and torch, resumable to the same curve."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import backend, ops

from musictx.errors import TrainingError
from musictx.model.card import carry_notice
from musictx.model.checkpoint import save_checkpoint
from musictx.model.transformer import MusicTransformer
from musictx.training.config import TrainingConfig
from musictx.training.devices import Devices, use_all_devices
from musictx.training.network import build_network, moving_variables, optimizer_of, schedule_of
from musictx.training.objective import NextToken
from musictx.training.plan import corpora_of, planned, windows_of
from musictx.training.prefetch import Prefetch
from musictx.training.runs import RunFolder, State
from musictx.training.stepper import Scalar, stepper_of
from musictx.training.validation import Validation
from musictx.types import Ids

Listener = Callable[[int, MusicTransformer], None]


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
    listen: Listener | None = None,
) -> RunFolder:
    """Trains to the end that `config` plans, or until `stop()` or the time limit; what was learned is saved.

    On JAX all devices of this machine, and of the others that the environment names, share each batch
    (see `devices.py`).

    Args:
        config: of the run; on resume it replaces the stored one, so that steps may be added.
        folder: of the run.
        resume: go on from the folder's last saved state (start anew if it has none).
        report: called every `log_every` steps and after each validation.
        stop: asked after every step.
        listen: called with (step, network) after each save, and before the first step of a fine-tune; whoever can
            compose writes a sample then. Not called where several processes train together.

    Raises:
        SettingsError: if the settings do not fit together, see `plan.planned`.
        TrainingError: if the corpora cannot be used, the state does not fit, or the loss is not finite.
        CheckpointError: if the base cannot be used.
    """
    run = RunFolder(folder)
    if not resume:
        run.check_vacant()
    config = planned(config)
    devices = use_all_devices()
    if devices.writes:
        run.write_config(dataclasses.asdict(config))
    devices.wait("config")
    return Loop(config, run, devices, report or (lambda _: None), stop, listen or (lambda *_: None)).go(resume)


class Loop:
    """One process's share of a run; arguments as those of `train`."""

    def __init__(
        self,
        config: TrainingConfig,
        run: RunFolder,
        devices: Devices,
        report: Callable[[Report], None],
        stop: Callable[[], bool],
        listen: Listener,
    ) -> None:
        self.config, self.run, self.devices = config, run, devices
        self.report, self.stop, self.listen = report, stop, listen
        if config.minutes and devices.processes > 1:
            raise TrainingError(
                "Several processes have no common clock: plan their run by steps, and leave minutes at 0."
            )
        keras.utils.set_random_seed(config.seed)
        corpora = corpora_of(config)
        self.windows = windows_of(config, corpora)
        self.ahead = Prefetch(self._draw, config.steps)
        self.schedule = schedule_of(config)
        for length, _ in config.lengths:
            devices.check(config.batch_tokens // length)
        self.model, self.card = build_network(config, run, devices)
        self.trainer = NextToken(self.model, config.label_smoothing)
        # torch.compile wants a C++ compiler at hand; in eager steps torch does without.
        jit = config.xla and backend.backend() != "torch"
        self.trainer.compile(optimizer=optimizer_of(config), jit_compile=jit)
        self.trainer.optimizer.build(self.trainer.trainable_variables)
        self.validation = Validation(
            self.model, corpora, config.validation_length, config.validation_windows, jit, self.devices
        )
        self.best_nll = math.inf
        self.stepper = stepper_of(self.trainer, jit, devices.devices, config.precision == "mixed_float16")
        self.pending: list[Scalar] = []  # NLL of each step since the last report
        self.seconds, self.mark = 0.0, time.monotonic()

    def go(self, resume: bool) -> RunFolder:
        """Runs the steps that are left."""
        step = self._restore() if resume else 0
        began = self.mark = time.monotonic()
        if step == 0 and self.config.base:
            self.validate(step)
            self._let_hear(step)
            self._tick()
        spent = 0.0
        ends = self.config.share_done(step, self.seconds) == 1
        while not ends:
            self.step(step)
            step += 1
            if step % self.config.log_every == 0:
                self.stepper.settle()  # the time of the steps that are told of is all in it then
            spent += self._tick()
            done = self.config.share_done(step, self.seconds) == 1
            if step % self.config.log_every == 0 or done:
                self._log(step, len(self.pending) * self.config.batch_tokens / spent)
                spent = 0.0
            over = self.config.max_minutes and time.monotonic() - began > self.config.max_minutes * 60
            ends = self.devices.agree(done or bool(over) or self.stop())
            if step % self.config.validate_every == 0 or ends:
                self.validate(step)
            if step % self.config.save_every == 0 or ends:
                self.save(step)
            self._tick()
        return self.run

    def _tick(self) -> float:
        """Seconds since the last call, added to those of the run."""
        now = time.monotonic()
        passed, self.mark = now - self.mark, now
        self.seconds += passed
        return passed

    def _draw(self, step: int) -> tuple[Ids, Ids]:
        """Inputs and targets of a step; where time decides, its length is that of the moment at which it is drawn."""
        length = self.config.length_at(self.config.share_done(step, self.seconds))
        return self.windows.batch(step, self.config.batch_tokens // length, length)

    def step(self, step: int) -> None:
        """One optimizer step."""
        batch = self.ahead.take(step)
        rate = self.schedule.at(step, self.config.share_done(step + 1, self.seconds))
        inputs, targets = self.devices.share(*batch)
        self.pending.append(self.stepper.step(inputs, targets, rate))

    def _log(self, step: int, tokens_per_second: float) -> None:
        nll = float(np.mean([float(nll) for nll in self.pending]))
        self.pending = []
        if not math.isfinite(nll):
            raise TrainingError(
                f"The loss is not a finite number at step {step}. Resume from the last saved state with a lower "
                "learning rate."
            )
        self.stepper.settle()
        optimizer = self.trainer.optimizer
        rate, norm = (
            float(ops.convert_to_numpy(value)) for value in (optimizer.learning_rate, optimizer.gradient_norm)
        )
        self._tell(step, nll=nll, learning_rate=rate, gradient_norm=norm, tokens_per_second=tokens_per_second)
        self.report(Report(step, self._steps(step), nll, rate, tokens_per_second))

    def _steps(self, step: int) -> int:
        """Steps in all: as many as time will allow at the pace until now, where time decides."""
        return round(step / self.config.share_done(step, self.seconds)) if step else self.config.steps

    def _tell(self, step: int, **figures: float) -> None:
        if self.devices.writes:
            self.run.append_metrics(step=step, **figures, seconds=round(self.seconds, 3))

    def validate(self, step: int) -> None:
        """Measures the validation NLL and keeps the weights if they are the best."""
        if not len(self.validation):
            return
        self.stepper.settle()
        nll = self.validation.nll()
        self._tell(step, validation_nll=nll)
        self.report(Report(step, self._steps(step), math.nan, math.nan, math.nan, nll))
        if nll < self.best_nll:
            self.best_nll = nll
            self._write(step, nll, self.run.best)

    def save(self, step: int) -> None:
        """Writes the state and the last checkpoint, and lets it be heard."""
        self.stepper.settle()
        arrays = [np.asarray(ops.convert_to_numpy(variable)) for variable in self._variables()]
        if self.devices.writes:
            self.run.write_state(State(step, self.best_nll, arrays, tuple(map(float, self.pending)), self.seconds))
        self._write(step, self.best_nll, self.run.last)
        self._let_hear(step)
        self.devices.wait(f"saved {step}")

    def _let_hear(self, step: int) -> None:
        # Over several processes the weights belong to all, and composing to one of them.
        if self.devices.processes == 1:
            self.listen(step, self.model)

    def _write(self, step: int, nll: float, folder: Path) -> None:
        """A checkpoint of the weights as they are, by the process that writes."""
        if not self.devices.writes:
            return
        recipe = {"step": step, **dataclasses.asdict(self.config)}
        figures = {"validation_nll_per_token": nll} if math.isfinite(nll) else {}
        save_checkpoint(self.model, dataclasses.replace(self.card, recipe=recipe, figures=figures), folder)
        if self.config.base:
            carry_notice(Path(self.config.base), folder)

    def _restore(self) -> int:
        state = self.run.read_state()
        if self.devices.writes:
            self.run.rewind(state.step if state else -1)
        self.devices.wait("restored")
        if state is None:
            return 0
        self.best_nll, self.pending, self.seconds = state.best_nll, list(state.pending), state.seconds
        variables = self._variables()
        if len(state.arrays) != len(variables):
            raise TrainingError(
                f"The state in {self.run.path} has {len(state.arrays)} variables, this configuration "
                f"{len(variables)}. Resume with the model and optimizer that the run was started with."
            )
        for variable, array in zip(variables, state.arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                raise TrainingError(f"The state in {self.run.path} does not fit this configuration at {variable.path}.")
            variable.assign(array)
        return state.step

    def _variables(self) -> list[Any]:
        return moving_variables(self.model, self.trainer.optimizer)
