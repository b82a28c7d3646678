"""render: notes -> samples. A fresh synthesiser plays one NoteSequence into one array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from musictx.audio.engines import BLOCK_FRAMES, SynthEngine, open_engine
from musictx.audio.loudness import SILENCE_LEVEL, Samples, normalise, peak_of
from musictx.audio.soundfont import SoundFont
from musictx.errors import AudioError
from musictx.midi.notes import NoteSequence
from musictx.settings import check_range

MAX_DURATION_S = 3600.0  # an hour is 1.3 GB of samples
MAX_TAIL_S = 8.0  # undamped high strings and a large room die away within this
TAIL_BLOCK_FRAMES = 64 * BLOCK_FRAMES  # how much of the tail is rendered between two looks at its level
TAIL_LEVEL = 10 ** (-66 / 20)  # of the peak; below it the tail counts as over
FADE_S = 0.05  # end of the tail, so that it closes at zero
EMPTY_S = 0.5  # length of the silence that no notes give


def render(
    notes: NoteSequence, soundfont: SoundFont, *, room: float = 0.2, gain: float = 1.0, sample_rate_hz: int = 44100
) -> Samples:
    """Plays `notes` on `soundfont`: float32 samples, shape (frames, 2), in [-1, 1].

    The pedal is already in the notes' ends. Onsets are kept to within 1.5 ms, the tail
    rings out, and the peak is brought to 0.89 before `gain`. The same arguments on the
    same machine give the same samples bit for bit.

    Args:
        room: reverb, from 0 (dry) to 1 (a hall).
        gain: loudness after normalisation, 0 to 4; above 1.1 a limiter holds the peaks.
        sample_rate_hz: 22050 to 96000.

    Raises:
        AudioError: if the music lasts over an hour, the synthesiser is missing or the font is damaged.
        SettingsError: if a setting is out of its range.
    """
    check_range("room", room, 0, 1)
    check_range("gain", gain, 0, 4)
    check_range("sample_rate_hz", sample_rate_hz, 22050, 96000)
    if notes.duration_s > MAX_DURATION_S:
        raise AudioError(
            f"Audio can be made of up to {MAX_DURATION_S / 60:.0f} minutes of music. Received: "
            f"{notes.duration_s / 60:.1f} minutes. Render a part of it."
        )
    if not len(notes):
        return np.zeros((round(EMPTY_S * sample_rate_hz), 2), np.float32)
    engine = open_engine(soundfont, room, sample_rate_hz)
    try:
        samples = _play(engine, notes, sample_rate_hz)
    finally:
        engine.close()
    normalise(samples, gain)
    return samples


def timeline(notes: NoteSequence, sample_rate_hz: int) -> npt.NDArray[np.int64]:
    """What happens when: rows (frame, pitch, velocity) in order, shape (events, 3); velocity 0 lets the key go.

    Frames are multiples of the synthesiser's block. At one frame keys are let go before
    others are struck; a key struck again while it sounds is let go at that moment, and
    of two notes of one pitch and one onset the louder is kept.
    """
    order = np.lexsort((-notes.velocity, notes.start_s, notes.pitch))
    pitch, velocity = notes.pitch[order].astype(np.int64), notes.velocity[order].astype(np.int64)
    on = _blocks(notes.start_s[order], sample_rate_hz)
    off = np.maximum(_blocks(notes.end_s[order], sample_rate_hz), on + BLOCK_FRAMES)
    first = np.ones(len(pitch), bool)  # of those that share pitch and onset
    first[1:] = (pitch[1:] != pitch[:-1]) | (on[1:] != on[:-1])
    pitch, velocity, on, off = pitch[first], velocity[first], on[first], off[first]
    off[:-1] = np.where(pitch[1:] == pitch[:-1], np.minimum(off[:-1], on[1:]), off[:-1])
    events = np.concatenate([np.stack([on, pitch, velocity], 1), np.stack([off, pitch, 0 * velocity], 1)])
    return events[np.lexsort((events[:, 1], events[:, 2] > 0, events[:, 0]))]


def _blocks(times_s: npt.NDArray[np.float64], sample_rate_hz: int) -> npt.NDArray[np.int64]:
    return np.rint(times_s * (sample_rate_hz / BLOCK_FRAMES)).astype(np.int64) * BLOCK_FRAMES


def _play(engine: SynthEngine, notes: NoteSequence, sample_rate_hz: int) -> Samples:
    """Everything up to the end of the tail, as the engine gives it."""
    events = timeline(notes, sample_rate_hz)
    last = int(events[-1, 0])
    # Pages of the array that the tail never reaches are never touched, so they cost nothing.
    samples = np.zeros((last + round(MAX_TAIL_S * sample_rate_hz), 2), np.float32)
    position = 0
    for frame, pitch, velocity in events.tolist():
        if frame > position:
            engine.fill(samples[position:frame])
            position = frame
        if velocity:
            engine.note_on(pitch, velocity)
        else:
            engine.note_off(pitch)
    end = _ring_out(engine, samples, position)
    fade = round(FADE_S * sample_rate_hz)
    samples[end - fade : end] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return samples[:end]


def _ring_out(engine: SynthEngine, samples: Samples, position: int) -> int:
    """Renders the tail from frame `position`; returns the frame where it is over."""
    threshold = max(peak_of(samples[:position]) * TAIL_LEVEL, SILENCE_LEVEL)
    while position < len(samples):
        block = samples[position : position + TAIL_BLOCK_FRAMES]
        engine.fill(block)
        position += len(block)
        if peak_of(block) < threshold:
            break
    return position
