"""What the fingers and the foot did, turned into how long each note sounds.

Pure functions on arrays: tempo maps, pedal, one key sounding once at a time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DEFAULT_MICROSECONDS_PER_QUARTER = 500_000  # 120 bpm, what a file without a tempo means
PEDAL_DOWN = 64  # controller values from here on hold the strings free
SHORTEST_NOTE_S = 0.01  # what a note of length 0 gets


def seconds_at(ticks: IntArray, tempo_ticks: IntArray, tempo_us: IntArray, ticks_per_quarter: int) -> FloatArray:
    """Seconds at each of `ticks`, any shape, through the tempo map.

    tempo_ticks, tempo_us: (C,) where each tempo begins, ascending, and its microseconds per quarter, all above 0.
    Before the first of them the tempo is 120 bpm; of several at one tick the last counts.
    """
    begins = np.concatenate([[0], tempo_ticks])
    per_tick = np.concatenate([[DEFAULT_MICROSECONDS_PER_QUARTER], tempo_us]) / (1e6 * ticks_per_quarter)
    elapsed = np.concatenate([[0.0], np.cumsum(np.diff(begins) * per_tick[:-1])])
    segment = np.searchsorted(begins, ticks, side="right") - 1
    return elapsed[segment] + (ticks - begins[segment]) * per_tick[segment]


def first_release(pitch: IntArray, start: IntArray, end: IntArray) -> IntArray:
    """Ends, in ticks, when a note-off silences its key, however often the key was struck before it.

    The parser pairs the first note-on with the first note-off. One missing note-off
    would so prolong every later note of its key; a synthesiser (FluidSynth, and
    pretty_midi) lets a note-off end all that sounds on the key, and so do we.
    """
    apart = np.int64(2) ** 40  # beyond any tick: keys do not mix
    releases = np.sort(pitch * apart + end)
    following = np.searchsorted(releases, pitch * apart + start, side="right")
    first = releases[np.minimum(following, releases.size - 1)] - pitch * apart
    return np.where(end > start, first, end)


def pedal_spans(time_s: FloatArray, value: IntArray, end_s: float) -> tuple[FloatArray, FloatArray]:
    """When the pedal went down and when it came up, both (P,), from one controller's events in order.

    A pedal that never comes up does so at `end_s`.
    """
    down = value >= PEDAL_DOWN
    changes = np.flatnonzero(np.diff(down, prepend=False))
    presses, releases = time_s[changes[::2]], time_s[changes[1::2]]
    if presses.size > releases.size:
        releases = np.append(releases, max(end_s, float(presses[-1])))
    return presses, releases


def joined_spans(presses: FloatArray, releases: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The union of spans: several tracks may carry the one pedal of a piano.

    A pedal changed at one moment (up and down again) stays two spans: the dampers fell.
    """
    if not presses.size:
        return presses, releases
    order = np.argsort(presses, kind="stable")
    presses, releases = presses[order], np.maximum.accumulate(releases[order])
    opens = np.append(True, presses[1:] >= releases[:-1])
    closes = np.append(opens[1:], True)
    return presses[opens], releases[closes]


def sustained(end_s: FloatArray, presses: FloatArray, releases: FloatArray) -> FloatArray:
    """Ends moved to the pedal's release where a key is let go while the pedal is down.

    A key let go at the very moment the pedal comes up is not held: as in Music Transformer.
    """
    if not presses.size:
        return end_s
    span = np.searchsorted(presses, end_s, side="right") - 1
    held = (span >= 0) & (end_s < releases[np.maximum(span, 0)])
    return np.where(held, releases[np.maximum(span, 0)], end_s)


def one_sound_per_key(
    pitch: IntArray, velocity: IntArray, start_s: FloatArray, end_s: FloatArray
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """A note ends where the next of its pitch starts; of notes struck together one is kept.

    The one kept has the louder velocity and the later end. Sorted by pitch, then onset.
    """
    if not pitch.size:
        return pitch, velocity, start_s, end_s
    order = np.lexsort((start_s, pitch))
    pitch, velocity, start_s, end_s = pitch[order], velocity[order], start_s[order], end_s[order]
    first = np.flatnonzero(np.append(True, (np.diff(pitch) != 0) | (np.diff(start_s) != 0)))
    velocity, end_s = np.maximum.reduceat(velocity, first), np.maximum.reduceat(end_s, first)
    pitch, start_s = pitch[first], start_s[first]
    end_s = np.maximum(end_s, start_s + SHORTEST_NOTE_S * (end_s <= start_s))
    same_key = pitch[1:] == pitch[:-1]
    end_s[:-1] = np.where(same_key, np.minimum(end_s[:-1], start_s[1:]), end_s[:-1])
    return pitch, velocity, start_s, end_s
