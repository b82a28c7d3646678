"""From ticks to seconds, and what a file says about its tempo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musictx.midi.container import Container
from musictx.midi.events import DEFAULT_TEMPO_US, Events
from musictx.midi.messages import TEMPO

FASTEST_TEMPO_US = 10_000  # microseconds a quarter note, 6,000 bpm: beyond it a tempo is damage

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Clock:
    """Turns a file's ticks into seconds: its tempo map, or the fixed rate of a file in SMPTE frames.

    Attributes:
        ticks, tempo_us: (C,) where each tempo begins, ascending, and its microseconds a quarter note.
        ticks_per_quarter: of the file.
        has_tempo: whether the file sets one. has_bars: whether it counts in quarter notes.
    """

    def __init__(self, events: Events, container: Container, warnings: list[str]) -> None:
        rows = np.flatnonzero(events.kind == TEMPO)
        ticks, tempo_us = events.tick[rows], events.value[rows, 0].astype(np.float64)
        usable = tempo_us >= FASTEST_TEMPO_US
        if container.ticks_per_second is not None:
            # One tempo for the whole file: the one at which its ticks last as long as its frames say.
            tempo_us = np.array([1e6 * container.ticks_per_quarter / container.ticks_per_second])
            ticks, usable = np.zeros(1, np.int64), np.ones(1, bool)
        elif not usable.all():
            warnings.append(f"{np.sum(~usable)} impossible tempo marks (above 6,000 bpm) were ignored.")
        self.ticks, self.tempo_us = ticks[usable], tempo_us[usable]
        self.ticks_per_quarter = container.ticks_per_quarter
        self.has_bars = container.ticks_per_second is None
        self.has_tempo = self.has_bars and self.ticks.size > 0

    def seconds(self, ticks: IntArray) -> FloatArray:
        """Seconds at `ticks`, any shape."""
        return seconds_at(ticks, self.ticks, self.tempo_us, self.ticks_per_quarter)

    def tempo_bpm(self, first_tick: int, last_tick: int) -> float | None:
        """The median tempo between two ticks, weighted by time; None if the file sets none."""
        if not self.has_tempo:
            return None
        begins = np.concatenate([[0], self.ticks])
        tempo_us = np.concatenate([[DEFAULT_TEMPO_US], self.tempo_us])
        edges = np.clip(np.append(begins, max(last_tick, begins[-1])), first_tick, max(last_tick, first_tick + 1))
        weight = np.diff(self.seconds(edges))
        order = np.argsort(tempo_us)
        reached = np.cumsum(weight[order])
        middle = order[np.searchsorted(reached, reached[-1] / 2)] if reached[-1] > 0 else -1
        return float(60e6 / tempo_us[middle])


def seconds_at(ticks: IntArray, tempo_ticks: IntArray, tempo_us: FloatArray, ticks_per_quarter: int) -> FloatArray:
    """Seconds at each of `ticks`, any shape, through the tempo map.

    tempo_ticks, tempo_us: (C,) where each tempo begins, ascending, and its microseconds per quarter, all above 0.
    Before the first of them the tempo is 120 bpm; of several at one tick the last counts.
    """
    begins = np.concatenate([[0], tempo_ticks])
    per_tick = np.concatenate([[DEFAULT_TEMPO_US], tempo_us]) / (1e6 * ticks_per_quarter)
    elapsed = np.concatenate([[0.0], np.cumsum(np.diff(begins) * per_tick[:-1])])
    segment = np.searchsorted(begins, ticks, side="right") - 1
    return elapsed[segment] + (ticks - begins[segment]) * per_tick[segment]
