"""Optimizers by name: AdamW as in the recipe, and Muon."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from musictx.errors import SettingsError
from musictx.training.config import OPTIMIZERS


class KeepsNorm(keras.optimizers.Optimizer):
    """Mixed into an optimizer: keeps the global norm of the last gradient, before it is clipped, in `gradient_norm`."""

    def build(self, variables: list[Any]) -> None:
        """Creates the optimizer's variables, and the scalar for the norm."""
        super().build(variables)
        self.gradient_norm = self.add_variable((), initializer="zeros", dtype="float32", name="gradient_norm")

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """One step; `grads` are those of all built variables."""
        squares = [ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in grads if gradient is not None]
        self.gradient_norm.assign(ops.sqrt(ops.sum(ops.stack(squares))))
        super().apply(grads, trainable_variables)


class WatchedAdamW(KeepsNorm, keras.optimizers.AdamW):
    """Keras's AdamW, its gradients watched."""


class HalfMuon(KeepsNorm, keras.optimizers.Muon):
    """Keras's Muon with its Newton-Schulz steps in bfloat16, as its author runs them, and for all matrices of one shape
    together.

    They only have to find a nearly orthogonal direction, and in float32 they take a third of a
    step's time on a CPU. One by one, the matrices of a small network are hundreds of products that a GPU
    is done with before the next one has been launched.

    Reference: Jordan et al. 2024, https://github.com/KellerJordan/Muon.
    """

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        together: dict[tuple[int, ...], list[tuple[int, Any]]] = {}
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            if not self._should_use_adamw(variable):
                index = self._get_variable_index(variable)
                old = ops.convert_to_tensor(self.momentums[index])
                momentum = self.momentum * old + gradient
                sought = gradient + self.momentum * momentum if self.nesterov else momentum
                together.setdefault(tuple(variable.shape), []).append((index, sought))
        self._directions = {}
        for group in together.values():
            found = self.zeropower_via_newtonschulz5(ops.stack([sought for _, sought in group]), self.ns_steps)
            self._directions.update({index: found[place] for place, (index, _) in enumerate(group)})
        super()._backend_update_step(grads, trainable_variables, learning_rate)
        self._directions = {}

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        """As Keras's, but the direction of the new momentum is there already."""
        self.assign_add(m, gradient + m * (self.momentum - 1))
        direction = self._directions[self._get_variable_index(variable)]
        self.assign_sub(variable, self.lr_adjust(lr * direction))

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Nearly orthogonal matrices with the row and column spaces of `x` (..., M, N), in the type of `x`."""
        return ops.cast(super().zeropower_via_newtonschulz5(ops.cast(x, "bfloat16"), steps), x.dtype)


def build_optimizer(name: str, rate: Any, weight_decay: float, clip_norm: float) -> KeepsNorm:
    """The optimizer `name` with learning rate (schedule) `rate`.

    Raises:
        SettingsError: for an unknown name.
    """
    if name == "adamw":
        return WatchedAdamW(
            rate, weight_decay=weight_decay, beta_1=0.9, beta_2=0.98, epsilon=1e-9, global_clipnorm=clip_norm
        )
    if name == "muon":
        return HalfMuon(
            rate,
            weight_decay=weight_decay,
            adam_weight_decay=weight_decay,
            adam_beta_2=0.98,
            # Embeddings, the relative rows and the head are no matrices between activations.
            exclude_layers=["relative", "head"],
            adam_lr_ratio=0.5,
            global_clipnorm=clip_norm,
        )
    raise SettingsError(f"optimizer must be one of {OPTIMIZERS}. Received: {name!r}")
