"""One tolerant pass over the bytes of a track: what happens in it, as arrays.

Runs of channel messages are taken apart at once (`runs.py`). Where that fits no more, events are read one by one; what
makes no sense is skipped up to the next place that does.
Source: the Standard MIDI File 1.0 specification; running status is kept across meta and system exclusive events, as
players do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from musictx.midi.messages import (
    CONTROL,
    END_OF_TRACK,
    KEPT_CONTROLS,
    KEY,
    META,
    META_SIZES,
    METER,
    NAME,
    NOTE_ON,
    PLAUSIBLE,
    PORT,
    PROGRAM,
    STRAY_SIZES,
    TEMPO,
    TEXT,
    TEXTS,
    is_no_text,
    makes_sense,
    next_place,
    quantity,
    text,
)
from musictx.midi.runs import read_run

MOST_EVENTS = 2_000_000  # of those that are kept, in all tracks: sanity, not a musical limit
FIRST_WINDOW, LARGEST_WINDOW = 2**10, 2**16  # bytes taken apart at once
MOST_TEXTS, LONGEST_TEXT_BYTES = 32, 2**16  # text events that are kept; karaoke has thousands
PATIENCE = 24  # simple events in a row, after which a run is tried again

Columns = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.int32]]


class TooManyEvents(Exception):
    """A track, or a file, has more events than memory is given to."""


@dataclass(frozen=True, eq=False)
class TrackEvents:
    """What a track holds, in the order of the file.

    tick int64, channel int32 (16 times the port, and the MIDI channel), kind int16, value int32 (N, 2): the events that
        matter to a piano and its bars. Values are key and velocity, controller and value, program, microseconds a
        quarter note, numerator and denominator, sharps and whether it is minor.
    name: the first that the track gives itself. end_tick: of its end mark, or of its last event.
    lost_bytes: that could not be understood. texts: its first `MOST_TEXTS` text events; a longer one than
        `LONGEST_TEXT_BYTES` is none of them.
    """

    tick: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]
    value: npt.NDArray[np.int32]
    name: str
    end_tick: int
    lost_bytes: int
    texts: tuple[str, ...] = ()


def read_track(body: bytes) -> TrackEvents:
    """The events of a track of these bytes.

    Raises:
        TooManyEvents: if there are more than `MOST_EVENTS`.
    """
    reader = _Reader(body)
    reader.read()
    tick, channel, kind, value = (np.concatenate(column) for column in zip(*reader.columns, strict=True))
    end_tick = max(reader.end_tick, reader.last_tick)
    return TrackEvents(tick, channel, kind, value, reader.name, end_tick, reader.lost_bytes, tuple(reader.texts))


@dataclass
class _Reader:
    """Where the pass stands, and what it has found."""

    body: bytes
    columns: list[Columns] = field(default_factory=lambda: [_columns([])])
    name: str = ""
    end_tick: int = -1
    last_tick: int = 0  # of channel messages
    lost_bytes: int = 0
    texts: list[str] = field(default_factory=list)
    _tick: int = 0
    _running: int = 0  # status in force, 0 for none
    _port: int = 0
    _found: int = 0
    _pending: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def read(self) -> None:
        """Runs and single events by turns, to the end."""
        raw = np.frombuffer(self.body, np.uint8)
        at, window = 0, FIRST_WINDOW
        while at < len(self.body):
            done = self._run(raw[at : at + window])
            at += done
            if done < window // 2 or done == 0:
                window = FIRST_WINDOW
                at = self._singly(at)
            else:
                window = min(4 * window, LARGEST_WINDOW)
        self._flush()

    def _run(self, window: npt.NDArray[np.uint8]) -> int:
        """Takes a run of channel messages of two data bytes; returns how many bytes it has."""
        run = read_run(window, self._running)
        if not run.size:
            return 0
        tick = run.delta.cumsum() + self._tick
        self._tick = self.last_tick = int(tick[-1])
        self._running = int(run.status[-1])
        self._flush()
        kind = run.status >> 4
        kept = np.flatnonzero((kind <= NOTE_ON) | ((kind == CONTROL) & KEPT_CONTROLS[run.first]))
        channel = (run.status[kept] & 0xF).astype(np.int32) + 16 * self._port
        value = np.stack([run.first[kept], run.second[kept]], axis=1).astype(np.int32)
        self._add((tick[kept], channel, kind[kept].astype(np.int16), value))
        return run.size

    def _flush(self) -> None:
        if self._pending:
            rows, self._pending = self._pending, []
            self._add(_columns(rows))

    def _add(self, columns: Columns) -> None:
        self._found += columns[0].size
        if self._found > MOST_EVENTS:
            raise TooManyEvents
        self.columns.append(columns)

    def _note(self, kind: int, first: int, second: int = 0, channel: int = -1) -> None:
        self._pending.append((self._tick, channel, kind, first, second))
        if len(self._pending) >= 4096:
            self._flush()

    def _singly(self, at: int) -> int:
        """Reads events one by one, until several simple ones have followed each other; returns where it stands."""
        simple, end = 0, len(self.body)
        while at < end and simple < PATIENCE:
            begin = at
            delta, at = quantity(self.body, at)
            if at < 0 or at == end:  # no delta time, or nothing behind it
                at = self._skipped(begin, begin)
                continue
            told = self.body[at] >= 0x80
            status = self.body[at] if told else self._running
            stop = self._event(begin, at + told, status, delta)
            if stop < 0:
                self._tick += delta if told else 0  # its time was said before it went wrong
                stop = self._skipped(begin, at if told else begin)
            simple = simple + 1 if status < 0xF0 else 0
            at = stop
        return at

    def _event(self, begin: int, at: int, status: int, delta: int) -> int:
        """Reads what follows a status; returns where it ends, -1 if it makes no sense."""
        if status == 0xFF:
            return self._meta(at, delta)
        if status >= 0xF0:
            return self._system(at, status, delta)
        return self._message(begin, at, status, delta) if status else self._unknown(begin, at, delta)

    def _unknown(self, begin: int, at: int, delta: int) -> int:
        """A message whose status nobody knows: most have two data bytes, and its time goes by."""
        data = self.body[at : at + 2]
        if len(data) < 2 or max(data) >= 0x80:
            return -1
        self._tick += delta
        self.lost_bytes += at + 2 - begin
        return at + 2

    def _message(self, begin: int, at: int, status: int, delta: int) -> int:
        """A channel message."""
        size = 1 if 0xC0 <= status < 0xE0 else 2
        data = self.body[at : at + size]
        if len(data) < size:
            return -1
        if max(data) >= 0x80:
            # Of a value beyond 127 a player takes 127, if it is one and not the beginning of something else.
            if begin and self.body[begin] >= 0x80 and PLAUSIBLE.match(self.body, begin - 1):
                return self._late(begin)
            if data[0] >= 0x80 or not makes_sense(self.body, at + size, status):
                return -1
            data = bytes((data[0], 0x7F))
            self.lost_bytes += 1
        self._running = status
        self._tick += delta
        self.last_tick = self._tick
        kind = status >> 4
        if kind <= NOTE_ON or kind == PROGRAM or (kind == CONTROL and KEPT_CONTROLS[data[0]]):
            self._note(kind, data[0], data[1] if size == 2 else 0, 16 * self._port + (status & 0xF))
        return at + size

    def _meta(self, at: int, delta: int) -> int:
        """A meta event whose type stands at `at`."""
        body = self.body
        length, start = quantity(body, at + 1)
        if at >= len(body) or body[at] >= 0x80 or start < 0:
            return -1
        kind, stop = META + body[at], start + length
        wanted = META_SIZES.get(kind, length)
        if length != wanted and self._fits(start + wanted) and not self._fits(stop):
            stop = start + wanted  # the length is wrong and not the event
            self.lost_bytes += 1
        if stop > len(body):
            return -1
        self._tick += delta
        if kind == END_OF_TRACK:
            return self._end(stop)
        if kind in TEXTS and is_no_text(body[start:stop]) and (inside := next_place(body, start)) < stop:
            self.lost_bytes += 1  # the length is wrong: it would swallow events
            stop = inside
        self._mark(kind, body[start:stop])
        if PLAUSIBLE.match(body, stop) or self._fits(stop):
            return stop
        return self._swallowed(start, stop)

    def _mark(self, kind: int, data: bytes) -> None:
        """Remembers what a meta event says about tempo, bars, key, port or name, and texts."""
        if kind == TEMPO and len(data) >= 3:
            self._note(TEMPO, int.from_bytes(data[:3], "big"))
        elif kind == METER and len(data) >= 2 and data[0] and data[1] < 8:
            self._note(METER, data[0], 1 << data[1])
        elif kind == KEY and len(data) >= 2 and abs(sharps := int.from_bytes(data[:1], "big", signed=True)) <= 7:
            self._note(KEY, sharps, int(data[1] == 1))
        elif kind == PORT and data:
            self._port = data[0] & 0x7F
        elif kind == NAME and not self.name:
            self.name = text(data)
        elif kind == TEXT and len(self.texts) < MOST_TEXTS and len(data) <= LONGEST_TEXT_BYTES:
            self.texts.append(text(data))

    def _end(self, at: int) -> int:
        """Behind an end mark: to the end, unless music follows it (scanned piano rolls have such tracks)."""
        self.end_tick = max(self.end_tick, self._tick)
        rest = self.body[at:]
        if not rest.strip(b"\0"):
            return len(self.body)
        if next_place(self.body, at) == at:
            return at
        self.lost_bytes += len(rest)
        return len(self.body)

    def _system(self, at: int, status: int, delta: int) -> int:
        """A system message: it has no place in a file, or is for one device."""
        if status not in (0xF0, 0xF7):
            self._tick += delta
            self.lost_bytes += 1
            usual = at + STRAY_SIZES.get(status, 0)
            return next((place for place in (usual, at) if self._fits(place)), usual)
        length, start = quantity(self.body, at)
        stop = start + length if start > 0 else len(self.body) + 1
        is_odd = status == 0xF0 and max(self.body[start : stop - 1], default=0) >= 0x80  # of its data only the last is
        if stop > len(self.body) or is_odd or not self._fits(stop):
            mark = self.body.find(b"\xf7", at) + 1  # where the message itself says that it ends
            if mark and mark != stop and self._fits(mark):
                self.lost_bytes += 1
                stop = mark
        if stop > len(self.body):
            return -1
        self._tick += delta
        return stop

    def _fits(self, at: int) -> bool:
        return makes_sense(self.body, at, self._running)

    def _swallowed(self, start: int, stop: int) -> int:
        """Where to go on if what follows data makes no sense: within them, if events stand there."""
        found = next_place(self.body, start)
        if found >= stop:
            return stop
        self.lost_bytes += found - start
        return found

    def _late(self, begin: int) -> int:
        """Where an event really begins whose first byte was taken for the last of the event before, which lacks one."""
        self.lost_bytes += 1
        return begin - 1 if makes_sense(self.body, begin - 1, 0) else -1

    def _skipped(self, begin: int, after: int) -> int:
        """The next place behind `after` where events make sense; what lies between `begin` and it is lost."""
        found = next_place(self.body, after + 1)
        self.lost_bytes += found - begin
        return found


def _columns(rows: list[tuple[int, int, int, int, int]]) -> Columns:
    table = np.array(rows, np.int64).reshape(-1, 5)
    return (
        table[:, 0],
        table[:, 1].astype(np.int32),
        table[:, 2].astype(np.int16),
        table[:, 3:].astype(np.int32),
    )
