"""The learning rate over a run."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from musictx.errors import SettingsError
from musictx.training.config import SCHEDULES


class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to the peak, then down to `floor` of it by the last step.

    Args:
        peak: learning rate after the warm-up.
        warmup_steps: steps of linear rise from 0.
        total_steps: the step at which `floor * peak` is reached.
        shape: "cosine" falls all the way (Loshchilov & Hutter 2017); "trapezoid" stays at the peak and
            falls linearly over the last `decay_share` of the steps, so that a run can be lengthened
            until its decay begins.
        decay_share: of the total, for "trapezoid".
        floor: share of the peak that is left at the end.
    """

    def __init__(
        self,
        peak: float,
        warmup_steps: int,
        total_steps: int,
        shape: str = "cosine",
        decay_share: float = 0.3,
        floor: float = 0.0,
    ) -> None:
        if shape not in SCHEDULES:
            raise SettingsError(f"schedule must be one of {SCHEDULES}. Received: {shape!r}")
        self.peak, self.warmup_steps, self.total_steps = peak, warmup_steps, total_steps
        self.shape, self.decay_share, self.floor = shape, decay_share, floor

    def __call__(self, step: Any) -> Any:
        """Learning rate at `step` (a tensor or number), float32."""
        step = ops.cast(step, "float32") + 1.0  # the first step already moves
        rise = step / max(self.warmup_steps, 1)
        if self.shape == "cosine":
            length = max(self.total_steps - self.warmup_steps, 1.0)
            done = ops.clip((step - self.warmup_steps) / length, 0.0, 1.0)
            fall = 0.5 * (1.0 + ops.cos(math.pi * done))
        else:
            length = max(self.total_steps * self.decay_share, 1.0)
            fall = ops.clip((self.total_steps - step) / length, 0.0, 1.0)
        fall = self.floor + (1.0 - self.floor) * fall
        return self.peak * ops.minimum(rise, fall)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
            "shape": self.shape,
            "decay_share": self.decay_share,
            "floor": self.floor,
        }
