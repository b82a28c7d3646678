"""What can be measured of a passage of music: the figures by which continuations are compared.

Each measure is a pure function of notes whose times count from the passage's own beginning.
None of them says whether music is good; together they show where it differs from what people play.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from musictx.midi.notes import NoteSequence
from musictx.midi.passages import TOGETHER_S

FloatArray = npt.NDArray[np.float64]

FRAME_S = 1.0  # of the frames that are compared for self-similarity
FAR_S = 20.0  # lag from which a resemblance is form, not the texture going on
DENSITY_SPAN_S = 5.0  # the window of the greatest density
STEADY = 0.1  # how much one gap may be longer than another and still be as long


@dataclass(frozen=True)
class Measures:
    """One passage in figures.

    density: onsets a second over the whole passage; densest: over its densest 5 s.
    polyphony: keys sounding on average while any sounds. span: semitones between the pitches' 5th and 95th percentile.
    longest_gap_s: from onset to onset, the passage's beginning and end included.
    longest_note_s: the longest any key sounds.
    repetition: notes of the longest passage that occurs twice, pitches and order alike, as a share of all notes, 0..1.
    last_pitches: different pitches struck in its last 10 s.
    steadiness: share of the gaps from chord to chord that are as long as the one before, within a tenth, 0..1. A
        machine that plays eighths has 1, pianists 0.2, since they play several lines and bend the time.
    """

    density: float
    densest: float
    polyphony: float
    span: float
    longest_gap_s: float
    longest_note_s: float
    repetition: float
    last_pitches: int
    steadiness: float


def measure(notes: NoteSequence, length_s: float) -> Measures:
    """All measures of a passage of `length_s` seconds; zeros where it holds no notes."""
    return Measures(
        density=len(notes) / length_s,
        densest=densest(notes),
        polyphony=polyphony(notes),
        span=float(np.subtract(*np.percentile(notes.pitch, (95, 5)))) if len(notes) else 0.0,
        longest_gap_s=longest_gap(notes, length_s),
        longest_note_s=float((notes.end_s - notes.start_s).max()) if len(notes) else 0.0,
        repetition=longest_repeat(notes.pitch) / len(notes) if len(notes) else 0.0,
        last_pitches=np.unique(notes.pitch[notes.start_s >= length_s - 10]).size,
        steadiness=steadiness(notes),
    )


def pitch_classes(notes: NoteSequence) -> FloatArray:
    """Share of the sounding time of each of the twelve pitch classes, (12,); zeros without notes."""
    weight = np.bincount(notes.pitch % 12, weights=notes.end_s - notes.start_s, minlength=12).astype(np.float64)
    return np.asarray(weight / max(weight.sum(), 1e-9))


def pitch_class_distance(one: NoteSequence, other: NoteSequence) -> float:
    """Total variation between the pitch-class shares of two passages: 0 alike, 1 nothing in common."""
    return float(np.abs(pitch_classes(one) - pitch_classes(other)).sum() / 2)


def foreign_share(notes: NoteSequence, seed: NoteSequence) -> float:
    """Share of the notes whose pitch class `seed` does not have, 0..1; 0 without notes, or after a seed without any."""
    if not len(notes) or not len(seed):
        return 0.0
    return float(np.mean(~np.isin(notes.pitch % 12, seed.pitch % 12)))


def density_distance(one: Measures, other: Measures) -> float:
    """How many times denser one passage is than the other, in octaves: 1 is twice or half as dense."""
    least = 0.1  # onsets a second: silence is not infinitely far from music
    return float(abs(np.log2(max(one.density, least) / max(other.density, least))))


def densest(notes: NoteSequence) -> float:
    """Onsets a second in the densest 5 s."""
    if not len(notes):
        return 0.0
    within = np.searchsorted(notes.start_s, notes.start_s + DENSITY_SPAN_S) - np.arange(len(notes))
    return float(within.max() / DENSITY_SPAN_S)


def polyphony(notes: NoteSequence) -> float:
    """Keys that sound at once, averaged over the time in which any does; 0 without notes."""
    if not len(notes):
        return 0.0
    times = np.concatenate([notes.start_s, notes.end_s])
    order = np.argsort(times, kind="stable")
    sounding = np.cumsum(np.repeat([1, -1], len(notes))[order])[:-1]
    lasting = np.diff(times[order])
    return float((sounding * lasting).sum() / max(lasting[sounding > 0].sum(), 1e-9))


def steadiness(notes: NoteSequence) -> float:
    """Share of the gaps from chord to chord that are as long as the one before, within a tenth; 0 of fewer than two."""
    gaps = np.diff(notes.start_s)
    gaps = gaps[gaps > TOGETHER_S]
    if gaps.size < 2:
        return 0.0
    return float(np.mean(np.abs(np.log(gaps[1:] / gaps[:-1])) < np.log1p(STEADY)))


def longest_gap(notes: NoteSequence, length_s: float) -> float:
    """Longest time without an onset in seconds, from 0 to `length_s`."""
    return float(np.diff(np.concatenate([[0.0], np.minimum(notes.start_s, length_s), [length_s]])).max())


def longest_repeat(values: npt.NDArray[np.integer]) -> int:
    """Length of the longest run of values that occurs at two places, which may overlap: a note struck for ever counts.

    By halving: whether a repeat of some length exists is monotone in the length. O(n log n) in the number of values.
    """
    row = np.ascontiguousarray(values, np.int64)
    low, high = 0, max(row.size - 1, 0)
    while low < high:
        middle = (low + high + 1) // 2
        windows = np.lib.stride_tricks.sliding_window_view(row, middle)
        distinct = len({window.tobytes() for window in windows})
        low, high = (middle, high) if distinct < len(windows) else (low, middle - 1)
    return low


def self_similarity(notes: NoteSequence, length_s: float) -> float | None:
    """How much seconds that lie at least 20 s apart resemble each other, 0..1; None for a passage without such seconds.

    For each second the best cosine similarity of its chroma (sounding time by pitch class) with any
    second 20 s or more before it, averaged: a form that comes back is high.
    """
    frames, far = int(length_s / FRAME_S), int(FAR_S / FRAME_S)
    if frames <= far or not len(notes):
        return None
    chroma = np.zeros((frames, 12))
    for frame in range(frames):
        begin, end = frame * FRAME_S, (frame + 1) * FRAME_S
        sounding_s = np.clip(np.minimum(notes.end_s, end) - np.maximum(notes.start_s, begin), 0, None)
        chroma[frame] = np.bincount(notes.pitch % 12, weights=sounding_s, minlength=12)
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    unit = np.divide(chroma, norm, out=np.zeros_like(chroma), where=norm > 0)
    alike = unit @ unit.T
    return float(np.mean([alike[frame, : frame - far + 1].max() for frame in range(far, frames)]))
