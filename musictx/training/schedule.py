"""The learning rate over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from musictx.errors import SettingsError
from musictx.training.config import SCHEDULES


@dataclass(frozen=True)
class WarmupSchedule:
    """Linear warm-up to the peak, then down to `floor` of it by the end of the run.

    The end may be a step or a time: a rate is asked for by the step, which the warm-up counts, and by the share
    of the run that is done, which the decay follows.

    peak: learning rate after the warm-up.
    warmup_steps: steps of linear rise from 0.
    shape: "cosine" falls all the way (Loshchilov & Hutter 2017); "trapezoid" stays at the peak and
        falls linearly over the last `decay_share` of the run, so that a run can be lengthened
        until its decay begins.
    decay_share: of the run, for "trapezoid".
    floor: share of the peak that is left at the end.
    """

    peak: float
    warmup_steps: int
    shape: str = "cosine"
    decay_share: float = 0.3
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.shape not in SCHEDULES:
            raise SettingsError(f"schedule must be one of {SCHEDULES}. Received: {self.shape!r}")

    def at(self, step: int, share: float) -> float:
        """Learning rate of a step, the first is 0; `share` of the run is done when it is, 0 to 1."""
        rise = (step + 1) / max(self.warmup_steps, 1)  # the first step already moves
        if self.shape == "cosine":
            warm = min(self.warmup_steps / (step + 1) * share, 1.0)  # the share at which the warm-up ended
            done = min(max((share - warm) / max(1.0 - warm, 1e-9), 0.0), 1.0)
            fall = 0.5 * (1.0 + math.cos(math.pi * done))
        else:
            fall = min(max((1.0 - share) / max(self.decay_share, 1e-9), 0.0), 1.0)
        return self.peak * min(rise, self.floor + (1.0 - self.floor) * fall)
