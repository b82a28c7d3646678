"""Notes to token ids and back, vectorised.

The quantisation contract
    Onsets and ends are rounded to steps of 10 ms (half a step rounds up); a note
    lasts at least one step. Notes of one pitch that fall on the same step become one
    (the louder velocity, the later end), and a note ends at the latest where the next
    one of its pitch begins. Velocity v becomes bin v // 4 and comes back as 4 bin + 2.

The order of tokens
    Time runs from 0. Whatever happens at one step follows its time shifts: note-offs
    by ascending pitch, then note-ons by ascending pitch, a velocity token before a
    note-on whose bin differs from that of the note-on before it. A gap is written as
    shifts of 100, 100, ..., rest. No special tokens.

    decode(encode(notes)) == quantise(notes)
    encode(decode(encode(notes))) == encode(notes)

Source: the performance encoding of Oore et al. 2018, with velocity written on change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.midi import vocabulary
from musictx.midi.notes import PITCHES, NoteSequence

IntArray = npt.NDArray[np.int64]

VELOCITY_STEP = 128 // vocabulary.VELOCITY_BINS
UNHEARD_BIN = 16  # velocity 66, for a note-on that no velocity token precedes
NO_BIN = -1  # a note-on whose velocity was set before the first token: nothing to write
OFF, ON = 0, 1  # note-offs sort before note-ons of the same step


def quantise(notes: NoteSequence) -> NoteSequence:
    """The notes as the tokens can say them; see the contract above."""
    return _to_notes(*_to_steps(notes))


def encode(notes: NoteSequence, end_s: float = 0.0) -> npt.NDArray[np.int32]:
    """The token ids of `notes`, int32 (T,), without specials; silence up to `end_s` closes them."""
    pitch, bins, start, end = _to_steps(notes)
    steps = np.concatenate([end, start])
    kind = np.repeat([OFF, ON], pitch.size)
    last = int(_rounded(np.array(end_s * vocabulary.STEPS_PER_SECOND)))
    return _assemble(steps, kind, np.concatenate([pitch, pitch]), np.concatenate([bins, bins]), last)


def decode(ids: npt.ArrayLike) -> NoteSequence:
    """The notes that `ids`, (T,), say; any ids of the vocabulary mean something.

    Specials are skipped, the note-off of a silent key is ignored, a repeated note-on
    ends the former, notes still held close at the last time. A note-on without a
    velocity before it sounds at 66.

    Raises:
        ValueError: if `ids` is not one row of ids of the vocabulary.
    """
    row = _checked(ids)
    now = _steps_after(row)
    steps, kind, pitch, bins = _key_events(row, now)
    order = _by_key(pitch)
    steps, kind, pitch, bins = steps[order], kind[order], pitch[order], bins[order]
    last = now[-1] if now.size else 0
    ends = np.append(steps[1:], last)
    if pitch.size:
        ends[np.flatnonzero(pitch[1:] != pitch[:-1])] = last
    is_on = kind == ON
    bins = np.where(bins == NO_BIN, UNHEARD_BIN, bins)
    return _to_notes(*_without_overlaps(pitch[is_on], bins[is_on], steps[is_on], ends[is_on]))


def token_times(ids: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Seconds of music elapsed after each token, float64 (T,), counted from 0."""
    return _steps_after(_checked(ids)) / vocabulary.STEPS_PER_SECOND


def stretch(ids: npt.ArrayLike, factor: float) -> npt.NDArray[np.int32]:
    """The same events with all times multiplied by `factor` and rounded again, int32 (T',).

    Works on any window of a piece: notes held across its edges stay held. Every note
    keeps at least one step, events that now share a step are put in the codec's order,
    and specials at the head and the tail stay there.

    Raises:
        ValueError: if `factor` is not a finite number above 0, or `ids` is no row of ids.
    """
    if not (np.isfinite(factor) and factor > 0):
        raise ValueError(f"factor must be a finite number above 0. Received: {factor!r}")
    row = _checked(ids)
    music = np.flatnonzero(row < vocabulary.EVENTS)
    if not music.size:
        return row.astype(np.int32)
    head, tail = row[: music[0]], row[music[-1] + 1 :]
    now = _steps_after(row)
    steps, kind, pitch, bins = _key_events(row, now)
    steps = _in_playable_order(_rounded(steps * factor), kind, pitch)
    body = _assemble(steps, kind, pitch, bins, int(_rounded(now[-1:] * factor)[0]))
    return np.concatenate([head, body, tail]).astype(np.int32)


def _checked(ids: npt.ArrayLike) -> IntArray:
    row: npt.NDArray[Any] = np.asarray(ids)
    if row.size == 0:
        return np.zeros(0, np.int64)
    if row.ndim != 1 or row.dtype.kind not in "iu":
        raise ValueError(f"ids must be whole numbers of shape (T,). Received: {row.dtype} {row.shape}")
    if row.min() < 0 or row.max() >= vocabulary.SIZE:
        raise ValueError(f"ids must lie in 0..{vocabulary.SIZE - 1}. Received: {row.min()}..{row.max()}")
    return row.astype(np.int64)


def _rounded(steps: npt.NDArray[Any]) -> IntArray:
    return np.floor(steps + 0.5).astype(np.int64)


def _to_steps(notes: NoteSequence) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Pitch, velocity bin, start and end step of the quantised notes."""
    start = _rounded(notes.start_s * vocabulary.STEPS_PER_SECOND)
    end = _rounded(notes.end_s * vocabulary.STEPS_PER_SECOND)
    return _without_overlaps(notes.pitch.astype(np.int64), notes.velocity.astype(np.int64) // VELOCITY_STEP, start, end)


def _to_notes(pitch: IntArray, bins: IntArray, start: IntArray, end: IntArray) -> NoteSequence:
    return NoteSequence(
        pitch.astype(np.int16),
        (bins * VELOCITY_STEP + VELOCITY_STEP // 2).astype(np.int16),
        start / vocabulary.STEPS_PER_SECOND,
        end / vocabulary.STEPS_PER_SECOND,
    )


def _without_overlaps(
    pitch: IntArray, bins: IntArray, start: IntArray, end: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """One key sounds once at a time, for at least a step: sorted by pitch, then start."""
    if not pitch.size:
        return pitch, bins, start, end
    order = np.argsort(pitch * (int(start.max()) + 1) + start, kind="stable")
    pitch, bins, start, end = pitch[order], bins[order], start[order], np.maximum(end, start + 1)[order]
    first = np.flatnonzero(np.append(True, (np.diff(pitch) != 0) | (np.diff(start) != 0)))
    bins, end = np.maximum.reduceat(bins, first), np.maximum.reduceat(end, first)
    pitch, start = pitch[first], start[first]
    same_key = pitch[1:] == pitch[:-1]
    end[:-1] = np.where(same_key, np.minimum(end[:-1], start[1:]), end[:-1])
    return pitch, bins, start, end


def _steps_after(row: IntArray) -> IntArray:
    """Steps elapsed after each token."""
    return np.cumsum(shift_steps(row))


def _key_events(row: IntArray, now: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Step, kind, pitch and velocity bin in force of each note-on and note-off, in their order."""
    is_velocity = (row >= vocabulary.VELOCITY) & (row < vocabulary.EVENTS)
    latest = np.maximum.accumulate(np.where(is_velocity, np.arange(row.size), -1)) if row.size else row
    bins = np.where(latest >= 0, row[latest] - vocabulary.VELOCITY, NO_BIN) if row.size else row
    key = np.flatnonzero(row < vocabulary.TIME_SHIFT)
    kind = np.where(row[key] < vocabulary.NOTE_OFF, ON, OFF)
    return now[key], kind, row[key] % PITCHES, bins[key]


def _by_key(pitch: IntArray) -> IntArray:
    """The order that puts each key's events together, in time."""
    return np.argsort(pitch.astype(np.int16), kind="stable")  # of 16 bits: a radix sort


def _in_playable_order(steps: IntArray, kind: IntArray, pitch: IntArray) -> IntArray:
    """Moves events later where needed, so that per key a note keeps at least one step.

    Along one key's events t[k] >= t[k-1] + gap[k], where gap is 1 after a note-on and 0
    after a note-off: a running maximum of t - cumsum(gap) solves the chain in one pass.
    """
    if not steps.size:
        return steps
    order = _by_key(pitch)
    gaps = np.cumsum(np.append(0, kind[order][:-1] == ON))
    apart = pitch[order] * (int(steps.max()) + 2 * steps.size + 2)  # no key's chain reaches the next key's
    moved = np.maximum.accumulate(steps[order] - gaps + apart) + gaps - apart
    result = np.empty_like(steps)
    result[order] = moved
    return result


def _assemble(
    steps: IntArray, kind: IntArray, pitch: IntArray, bins: IntArray, last_step: int
) -> npt.NDArray[np.int32]:
    """Key events in any order to ids; silence up to `last_step` closes the row."""
    order = np.argsort((steps * 2 + kind) * PITCHES + pitch, kind="stable")
    steps, kind, pitch, bins = steps[order], kind[order], pitch[order], bins[order]
    gaps = np.diff(steps, prepend=0)
    shifts = -(-gaps // vocabulary.MAX_SHIFT_STEPS)
    is_on = kind == ON
    writes_velocity = np.zeros(steps.size, np.int64)
    writes_velocity[is_on] = (np.diff(bins[is_on], prepend=NO_BIN) != 0) & (bins[is_on] != NO_BIN)
    at = np.cumsum(shifts + writes_velocity + 1) - 1  # where each event's own token stands
    closing = max(last_step - (int(steps[-1]) if steps.size else 0), 0)
    size = (int(at[-1]) + 1 if at.size else 0) - (-closing // vocabulary.MAX_SHIFT_STEPS)
    ids = np.full(size, vocabulary.TIME_SHIFT + vocabulary.MAX_SHIFT_STEPS - 1, np.int32)
    ids[at] = np.where(is_on, vocabulary.NOTE_ON, vocabulary.NOTE_OFF) + pitch
    louder = writes_velocity > 0
    ids[at[louder] - 1] = vocabulary.VELOCITY + bins[louder]
    moves = gaps > 0
    ids[(at - writes_velocity - 1)[moves]] = vocabulary.TIME_SHIFT + (gaps[moves] - 1) % vocabulary.MAX_SHIFT_STEPS
    if closing:
        ids[-1] = vocabulary.TIME_SHIFT + (closing - 1) % vocabulary.MAX_SHIFT_STEPS
    return ids


def shift_steps(ids: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """10 ms steps that each token waits, shape as `ids`; 0 for what is no time shift."""
    steps = ids.astype(np.int64) - (vocabulary.TIME_SHIFT - 1)
    return np.where(
        (ids >= vocabulary.TIME_SHIFT) & (ids < vocabulary.TIME_SHIFT + vocabulary.MAX_SHIFT_STEPS), steps, 0
    )
