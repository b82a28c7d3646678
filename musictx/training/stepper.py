"""One optimizer step: Keras's own on any backend, and on one JAX device one that never waits for the host."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from keras import backend

from musictx.training.objective import NextToken
from musictx.types import Ids

Scalar = Any  # a number, or a device's that `float` waits for


class Stepper(Protocol):
    """Trains a compiled `NextToken` a batch at a time."""

    def step(self, inputs: Ids, targets: Ids, rate: float) -> Scalar:
        """One step with learning rate `rate` on int32 (B, T) each; the batch's NLL before it."""

    def settle(self) -> None:
        """Brings the variables of network and optimizer up to date; until then they may not be read."""


def stepper_of(trainer: NextToken, jit: bool, devices: int, scaled: bool) -> Stepper:
    """The fastest that does what is asked.

    Args:
        trainer: compiled, its optimizer built.
        jit: compile with XLA.
        devices: that share a batch.
        scaled: the loss is scaled, as float16 needs it.
    """
    if backend.backend() == "jax" and jit and devices == 1 and not scaled:
        return JaxStepper(trainer)
    return KerasStepper(trainer)


class KerasStepper:
    """`train_on_batch`, with a compiled step for each window length."""

    def __init__(self, trainer: NextToken) -> None:
        self._trainer = trainer
        self._traced: dict[int, Any] = {}

    def step(self, inputs: Ids, targets: Ids, rate: float) -> Scalar:
        """See `Stepper`."""
        length = inputs.shape[1]
        if length not in self._traced:
            # A new traced step for each window length: Keras would make the one it has shape-agnostic.
            self._trainer.make_train_function(force=True)
            self._traced[length] = self._trainer.train_function
        self._trainer.train_function = self._traced[length]
        self._trainer.optimizer.learning_rate = rate
        self._trainer.train_on_batch(inputs, targets)
        return float(self._trainer.nll.result())  # Keras starts it anew at each step

    def settle(self) -> None:
        """Nothing to do: Keras keeps the variables up to date."""


class JaxStepper:
    """The step as a function of its state, which stays on the device between steps.

    `train_on_batch` copies every variable in and out of Keras and waits for the result, some 7 ms a step in which a
    GPU has nothing to do. Here the host prepares a step while the device works on the one before.
    """

    def __init__(self, trainer: NextToken) -> None:
        import jax

        self._trainer = trainer
        # Where `stateless_apply` expects the rate among the optimizer's variables.
        rate = trainer.optimizer.learning_rate
        self._rate = next(n for n, variable in enumerate(trainer.optimizer.variables) if variable is rate)
        self._step = jax.jit(self._pure_step, donate_argnums=0)
        self._state: Any = None
        self._latest: Any = None

    def step(self, inputs: Ids, targets: Ids, rate: float) -> Scalar:
        """See `Stepper`. Returns when the step before this one is done."""
        if self._state is None:
            self._state = [[variable.value for variable in group] for group in self._variables()]
        before = self._latest
        self._state, self._latest = self._step(self._state, inputs, targets, np.float32(rate))
        if before is not None:
            before.block_until_ready()
        return self._latest

    def settle(self) -> None:
        """See `Stepper`."""
        if self._state is None:
            return
        for group, values in zip(self._variables(), self._state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        self._state = None

    def _variables(self) -> tuple[list[Any], list[Any], list[Any]]:
        trainer = self._trainer
        return trainer.trainable_variables, trainer.non_trainable_variables, trainer.optimizer.variables

    def _pure_step(self, state: Any, inputs: Any, targets: Any, rate: Any) -> Any:
        import jax

        weights, others, moments = state
        moments = [rate if number == self._rate else value for number, value in enumerate(moments)]

        def loss_of(weights: Any) -> Any:
            logits, after = self._trainer.stateless_call(weights, others, inputs, training=True)
            loss, nll = self._trainer.loss_and_nll(logits, targets)
            return loss, (nll, after)

        (_, (nll, others)), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights)
        weights, moments = self._trainer.optimizer.stateless_apply(moments, gradients, weights)
        return [weights, others, moments], nll
