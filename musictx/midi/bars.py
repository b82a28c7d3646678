"""Tempo, bars and key as a file sets them, so that what is written later lies on the same bar lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from musictx.midi.clock import DEFAULT_TEMPO_US, Clock, FloatArray, IntArray, seconds_at
from musictx.midi.events import Events
from musictx.midi.messages import KEY, METER, TEMPO

LONGEST_QUARTER_US = 2**24 - 1  # what a tempo mark can say: 3.6 bpm
FINEST_QUARTER = 2**15 - 1  # ticks a quarter note that a file's header can say
FINEST_TICK_S = 0.001  # wanted of written files: times are then right to half of it
COMMON_TICKS = 480  # a quarter note, of a file without bars of its own: divides into all usual notes
COMMON_METER = (4, 4)


def _no_marks() -> IntArray:
    return np.zeros((0, 4), np.int64)


@dataclass(frozen=True, eq=False)
class Bars:
    """What lies under the notes of a file.

    ticks_per_quarter: in which its ticks are counted.
    marks: (M, 4), by tick: tick, kind (TEMPO, METER or KEY of `messages.py`), and the two values of that kind.
    first_s: seconds from the file's beginning to the first onset, which a NoteSequence counts as 0.
    """

    ticks_per_quarter: int = COMMON_TICKS
    marks: IntArray = field(default_factory=_no_marks)
    first_s: float = 0.0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bars):
            return NotImplemented
        same = (self.ticks_per_quarter, self.first_s) == (other.ticks_per_quarter, other.first_s)
        return same and np.array_equal(self.marks, other.marks)

    @classmethod
    def of(cls, events: Events, clock: Clock, first_s: float) -> Bars | None:
        """Those of a file that was read; None if it counts in SMPTE frames and so has none."""
        if not clock.has_bars:
            return None
        rows = np.flatnonzero((events.kind == METER) | (events.kind == KEY))
        tempo = np.full(clock.ticks.size, TEMPO)
        marks = np.concatenate(
            [
                np.column_stack([events.tick[rows], events.kind[rows], events.value[rows]]),
                np.column_stack([clock.ticks, tempo, clock.tempo_us.astype(np.int64), np.zeros_like(tempo)]),
            ]
        ).astype(np.int64)
        return cls(clock.ticks_per_quarter, marks[np.argsort(marks[:, 0], kind="stable")], first_s)

    @classmethod
    def steady(cls, tempo_bpm: float) -> Bars:
        """One tempo from the beginning on."""
        return cls().and_tempo(0.0, tempo_bpm)

    def and_tempo(self, second: float, tempo_bpm: float) -> Bars:
        """With another tempo from `second` of the notes on, and nothing of its own behind that."""
        at = int(self.ticks([second])[0])
        tempo_us = round(min(60e6 / tempo_bpm, LONGEST_QUARTER_US))
        kept = self.marks[self.marks[:, 0] < max(at, 1)]
        past = Bars(self.ticks_per_quarter, kept, self.first_s)
        if past._tempos()[1][-1] == tempo_us:
            return past
        return Bars(self.ticks_per_quarter, np.vstack([kept, [at, TEMPO, tempo_us, 0]]), self.first_s)

    def from_second(self, second: float) -> Bars:
        """For notes of which `second` is the beginning: tempo, bars and key as they are there, and from there on."""
        if self.ticks_per_quarter < self.finer().ticks_per_quarter:
            return self.finer().from_second(second)
        at = int(self.ticks([second])[0])
        past, coming = self.marks[self.marks[:, 0] <= at], self.marks[self.marks[:, 0] > at]
        in_force = [past[past[:, 1] == kind][-1] for kind in (METER, KEY, TEMPO) if (past[:, 1] == kind).any()]
        begin = self._bar_line(at)
        moved = np.array([*in_force, *coming], np.int64).reshape(-1, 4)
        moved[:, 0] = np.maximum(moved[:, 0] - begin, 0)
        lead_s = self.seconds(np.array([at])) - self.seconds(np.array([begin]))
        return Bars(self.ticks_per_quarter, moved, float(lead_s[0]))

    def _bar_line(self, tick: int) -> int:
        """The last bar line up to `tick`."""
        meters = self.marks[(self.marks[:, 1] == METER) & (self.marks[:, 0] <= tick)]
        since, _, beats, unit = meters[-1].tolist() if len(meters) else (0, METER, *COMMON_METER)
        bar = max(4 * self.ticks_per_quarter * beats // unit, 1)
        return int(since + (tick - since) // bar * bar)

    def finer(self) -> Bars:
        """The same in ticks of a millisecond or less, as far as a file can say it."""
        slowest_s = self._tempos()[1].max() / 1e6 / self.ticks_per_quarter
        times = max(1, min(int(np.ceil(slowest_s / FINEST_TICK_S)), FINEST_QUARTER // self.ticks_per_quarter))
        marks = self.marks.copy()
        marks[:, 0] *= times
        return Bars(self.ticks_per_quarter * times, marks, self.first_s)

    def ticks(self, seconds: npt.ArrayLike) -> IntArray:
        """The ticks nearest to `seconds` of the notes, any shape."""
        at_s = np.asarray(seconds, np.float64) + self.first_s
        begins, tempo_us = self._tempos()
        begins_s = self.seconds(begins)
        segment = np.maximum(np.searchsorted(begins_s, at_s, side="right") - 1, 0)
        per_tick = tempo_us / (1e6 * self.ticks_per_quarter)
        return np.rint(begins[segment] + (at_s - begins_s[segment]) / per_tick[segment]).astype(np.int64)

    def seconds(self, ticks: IntArray) -> FloatArray:
        """Seconds from the file's beginning to `ticks`."""
        return seconds_at(ticks, *self._tempos(), self.ticks_per_quarter)

    def _tempos(self) -> tuple[IntArray, FloatArray]:
        """Where each tempo begins, from tick 0 on, and its microseconds a quarter note."""
        tempos = self.marks[self.marks[:, 1] == TEMPO]
        return np.append(0, tempos[:, 0]), np.append(float(DEFAULT_TEMPO_US), tempos[:, 2])
