"""Optimizers by name: AdamW as in the recipe, and Muon."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from musictx.errors import SettingsError
from musictx.training.config import OPTIMIZERS


class HalfMuon(keras.optimizers.Muon):
    """Keras's Muon with its Newton-Schulz steps in bfloat16, as its author runs them.

    They only have to find a nearly orthogonal direction, and in float32 they take a third of a
    step's time on a CPU.

    Reference: Jordan et al. 2024, https://github.com/KellerJordan/Muon.
    """

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        """Nearly orthogonal matrix with the row and column space of `x` (2-D), in the type of `x`."""
        return ops.cast(super().zeropower_via_newtonschulz5(ops.cast(x, "bfloat16"), steps), x.dtype)


def build_optimizer(name: str, rate: Any, weight_decay: float, clip_norm: float) -> keras.optimizers.Optimizer:
    """The optimizer `name` with learning rate (schedule) `rate`.

    Raises:
        SettingsError: for an unknown name.
    """
    if name == "adamw":
        return keras.optimizers.AdamW(
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
