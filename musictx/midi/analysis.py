"""What can be said about a seed before a model hears it: key, tempo, the report on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.midi.codec import encode
from musictx.midi.files import Recording, TrackFacts
from musictx.midi.notes import HIGHEST_PIANO_PITCH, LOWEST_PIANO_PITCH, NoteSequence

# How well each semitone above the tonic fits, rated by listeners: Krumhansl and Kessler 1982.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
CLEAR_LEAD = 0.1  # of the best key's correlation over the next one's: a key nobody doubts
SURE = 0.4  # confidence below which a key is shown with a question mark

FRAME_S = 0.01  # of the onset curve
SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0
USUAL_BPM, TEMPO_OCTAVES = 95.0, 1.2  # centre and width of the preference that settles half and double tempo
FEWEST_ONSETS, SHORTEST_TEMPO_S = 8, 3.0  # below them a tempo is a guess

UNSET_BPM = 120.0  # what programs write when nobody chose a tempo
FEW_NOTES, SHORT_SEED_S = 8, 2.0  # below them a model has little to go on


@dataclass(frozen=True)
class KeyEstimate:
    """A key such as "D minor" and how sure it is, 0..1."""

    name: str
    confidence: float

    @property
    def label(self) -> str:
        """The name, with a question mark where it is a guess."""
        return self.name if self.confidence >= SURE else f"{self.name}?"


@dataclass(frozen=True)
class SeedReport:
    """What the page says about a seed.

    length_s, notes, lowest, highest: of the whole seed; the pitches as names, "" without notes.
    tracks: as they were found; dropped: sentences on what was left out.
    key, tempo_bpm: tempo_bpm is None if nothing can be said; tempo_is_estimated if the file does not set one.
    tokens: of the whole seed; context_s, context_tokens: of the part at its end that the model will hear.
    warnings: sentences.
    """

    length_s: float
    notes: int
    lowest: str
    highest: str
    tracks: tuple[TrackFacts, ...]
    dropped: tuple[str, ...]
    pedal_presses: int
    key: KeyEstimate
    tempo_bpm: float | None
    tempo_is_estimated: bool
    tokens: int
    context_s: float
    context_tokens: int
    warnings: tuple[str, ...]


def describe(recording: Recording, context_s: float) -> SeedReport:
    """The report on `recording` if its last `context_s` seconds are to be the model's context."""
    notes = recording.notes
    length_s = recording.length_s
    context_s = min(context_s, length_s)
    heard = notes.between(length_s - context_s, length_s).shifted(context_s - length_s) if len(notes) else notes
    is_set = recording.tempo_bpm is not None and abs(recording.tempo_bpm - UNSET_BPM) > 0.01
    estimate = None if is_set else estimate_tempo(notes)
    return SeedReport(
        length_s=length_s,
        notes=len(notes),
        lowest=pitch_name(int(notes.pitch.min())) if len(notes) else "",
        highest=pitch_name(int(notes.pitch.max())) if len(notes) else "",
        tracks=recording.tracks,
        dropped=_dropped(recording),
        pedal_presses=recording.pedal_presses,
        key=estimate_key(notes),
        tempo_bpm=recording.tempo_bpm if estimate is None else estimate,
        tempo_is_estimated=estimate is not None,
        tokens=encode(notes, length_s).size,
        context_s=context_s,
        context_tokens=encode(heard, context_s).size,
        warnings=(*recording.warnings, *_warnings(notes)),
    )


def _dropped(recording: Recording) -> tuple[str, ...]:
    """A sentence for every kind of thing that was left out."""
    left_out = [track for track in recording.tracks if not track.kept]
    drums = [track for track in left_out if track.is_drum]
    others = [track for track in left_out if not track.is_drum]
    merged = sum(track.notes for track in recording.tracks if track.kept) - len(recording.notes)
    sentences = [
        f"{kind} ({_count(sum(track.notes for track in tracks), 'note')} on {_count(len(tracks), 'track')})."
        for kind, tracks in (("Drums were left out", drums), ("Other instruments were left out", others))
        if tracks
    ]
    if merged > 0:
        sentences.append(f"{_count(merged, 'note')} struck on a key at the same moment as another became one with it.")
    return tuple(sentences)


def _warnings(notes: NoteSequence) -> tuple[str, ...]:
    """What may make the continuation worse than the musician hopes."""
    sentences = []
    if len(notes) < FEW_NOTES:
        few = f"only {_count(len(notes), 'note')}" if len(notes) else "no notes"
        sentences.append(f"This seed has {few}: the model has little to go on and will choose its own style.")
    elif notes.duration_s < SHORT_SEED_S:
        sentences.append(f"This seed lasts only {notes.duration_s:.1f} s: the model has little to go on.")
    if len(notes) >= FEW_NOTES and np.ptp(notes.velocity) == 0:
        sentences.append("Every note is equally loud: the continuation may sound as mechanical.")
    beyond = int(np.sum((notes.pitch < LOWEST_PIANO_PITCH) | (notes.pitch > HIGHEST_PIANO_PITCH)))
    if beyond:
        sentences.append(f"{_count(beyond, 'note')} beyond the 88 keys of a piano.")
    return tuple(sentences)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def pitch_name(pitch: int) -> str:
    """Scientific name of a MIDI pitch: 60 is "C4"."""
    return f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"


def estimate_key(notes: NoteSequence) -> KeyEstimate:
    """The key whose profile fits the sounding time of the twelve pitch classes best.

    Confidence is the best correlation times its lead over the second best, a lead of
    0.1 counting as full. Without notes the key is "unknown". Source: Krumhansl and Schmuckler, in
    Krumhansl 1990, "Cognitive Foundations of Musical Pitch".
    """
    weight = np.bincount(notes.pitch % 12, weights=notes.end_s - notes.start_s, minlength=12)
    if not weight.any():
        return KeyEstimate("unknown", 0.0)
    profiles = np.array([np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])
    fits = _standardised(profiles) @ _standardised(weight) / 12
    second, best = np.argsort(fits)[-2:]
    lead = min((fits[best] - fits[second]) / CLEAR_LEAD, 1.0)
    name = f"{MAJOR_NAMES[best]} major" if best < 12 else f"{MINOR_NAMES[best - 12]} minor"
    return KeyEstimate(name, float(max(fits[best], 0.0) * lead))


def _standardised(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean 0 and deviation 1 along the last axis; 0 where all values are equal."""
    centred = values - values.mean(-1, keepdims=True)
    deviation = centred.std(-1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)


def estimate_tempo(notes: NoteSequence) -> float | None:
    """Beats per minute at which the onsets repeat best; None where there are too few to say.

    The autocorrelation of the onsets (10 ms frames, louder counts more), weighted
    towards usual tempos as listeners are; half or double the written tempo is a common outcome.
    Source: the preferred-tempo weighting of Ellis 2007, "Beat Tracking by Dynamic Programming".
    """
    onsets_s, index = np.unique(np.round(notes.start_s, 2), return_inverse=True)
    if onsets_s.size < FEWEST_ONSETS or onsets_s[-1] - onsets_s[0] < SHORTEST_TEMPO_S:
        return None
    velocity = np.bincount(index, weights=notes.velocity / 127)
    onsets = np.bincount(np.round((onsets_s - onsets_s[0]) / FRAME_S).astype(int), weights=np.sqrt(velocity))
    curve = np.convolve(onsets, np.hanning(9), mode="same")  # players are some 20 ms early or late
    size = 2 ** int(np.ceil(np.log2(2 * curve.size)))
    repeats = np.fft.irfft(np.abs(np.fft.rfft(curve - curve.mean(), size)) ** 2)
    lags = np.arange(round(60 / FASTEST_BPM / FRAME_S), round(60 / SLOWEST_BPM / FRAME_S) + 1)
    bpm = 60 / (lags * FRAME_S)
    preference = np.exp(-0.5 * (np.log2(bpm / USUAL_BPM) / TEMPO_OCTAVES) ** 2)
    strength = repeats[lags] * preference
    best = int(np.argmax(strength))
    return float(60 / (_peak(lags, strength, best) * FRAME_S)) if strength[best] > 0 else None


def _peak(lags: npt.NDArray[np.int64], strength: npt.NDArray[np.float64], best: int) -> float:
    """The lag of the top of the parabola through the highest point and its neighbours."""
    if not 0 < best < lags.size - 1:
        return float(lags[best])
    left, top, right = strength[best - 1 : best + 2]
    bend = left - 2 * top + right
    return float(lags[best] + (0.5 * (left - right) / bend if bend < 0 else 0.0))
