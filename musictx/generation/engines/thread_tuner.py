"""Which of several ways to do the same work is the fastest just now, found out while working.

Two threads beat one on a quiet machine; where a browser or the synthesiser holds one of two cores, each waits
for the other at every matrix, and one thread alone is up to twice as fast. Nobody knows beforehand, and it
changes within seconds: so every now and then each way does a few steps, and the quickest does all others.
"""

from __future__ import annotations

TRIAL = 4  # steps of each way in a row: one may be unlucky
PERIOD = 192  # steps from trial to trial: about a second, so that the slower way costs next to nothing
MEMORY = 0.5  # weight of what earlier trials said


class ThreadTuner:
    """Chooses among `ways` by the time their steps take; the first is preferred until something is known."""

    def __init__(self, ways: int) -> None:
        self._ways = ways
        self._steps = 0
        self._trial_s = [0.0] * ways
        self._scores = [0.0] * ways  # time of a step over that of the quickest way, smoothed
        self._best = 0

    def pick(self) -> int:
        """The way for the next step."""
        in_trial = self._steps // TRIAL
        return in_trial if in_trial < self._ways and self._ways > 1 else self._best

    def took(self, way: int, seconds: float) -> None:
        """The step that was picked last is done."""
        if self._ways == 1:
            return
        if self._steps < TRIAL * self._ways:
            self._trial_s[way] += seconds
        self._steps += 1
        if self._steps == TRIAL * self._ways:
            self._judge()
        if self._steps >= PERIOD:
            self._steps = 0

    def _judge(self) -> None:
        quickest_s = min(self._trial_s) or 1e-9
        for way, seconds in enumerate(self._trial_s):
            ratio, before = seconds / quickest_s, self._scores[way]
            self._scores[way] = MEMORY * before + (1 - MEMORY) * ratio if before else ratio
        self._best = self._scores.index(min(self._scores))
        self._trial_s = [0.0] * self._ways
