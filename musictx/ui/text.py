"""Numbers and sentences of the page as a musician reads them."""

from __future__ import annotations

import numpy as np

from musictx.midi.analysis import pitch_name
from musictx.midi.notes import NoteSequence


def clock(seconds: float) -> str:
    """Seconds as m:ss, rounded down."""
    whole = max(0, int(seconds + 1e-3))
    return f"{whole // 60}:{whole % 60:02d}"


def length(seconds: float) -> str:
    """A length as people say it: 12 s below two minutes, then 2:05."""
    return f"{seconds:.0f} s" if seconds < 119.5 else clock(round(seconds))


def count(number: int, noun: str, plural: str = "") -> str:
    """'1 note', '1,204 notes'; `plural` where it is not noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def rate(tokens_per_second: float) -> str:
    """Generation speed."""
    return f"{tokens_per_second:.0f} tokens/s"


def progress(seconds: float, target_seconds: float) -> str:
    """What the button says while it works: '8 s of 30 s'."""
    return f"{int(seconds)} s of {target_seconds:.0f} s"


def summary(title: str, seed: NoteSequence, continuation: NoteSequence | None) -> str:
    """The roll in words, for those who do not see it."""
    parts = [f"{title}. Seed: {_span(seed)}."]
    if continuation is not None:
        parts.append(f"Continuation: {_span(continuation)}.")
    return " ".join(parts)


def _span(notes: NoteSequence) -> str:
    """Notes, range, density and loudness in one phrase."""
    if not len(notes):
        return "no notes"
    covered_s = max(0.1, notes.duration_s - float(notes.start_s.min()))
    lowest, highest = pitch_name(int(notes.pitch.min())), pitch_name(int(notes.pitch.max()))
    loudness = int(np.median(notes.velocity))
    return (
        f"{count(len(notes), 'note')} in {length(covered_s)}, from {lowest} to {highest}, "
        f"about {len(notes) / covered_s:.1f} notes a second, typical velocity {loudness}"
    )


def file_size(size_bytes: float) -> str:
    """Bytes as kB or MB."""
    return f"{size_bytes / 1000:.0f} kB" if size_bytes < 1e6 else f"{size_bytes / 1e6:.1f} MB"
