"""Numbers and sentences of the page as a musician reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from musictx.midi.analysis import pitch_name
from musictx.midi.notes import NoteSequence
from musictx.takes import Progress


def clock(seconds: float) -> str:
    """Seconds as m:ss, rounded down."""
    whole = max(0, int(seconds + 1e-3))
    return f"{whole // 60}:{whole % 60:02d}"


def length(seconds: float) -> str:
    """A length as people say it: 12 s below two minutes, then 2:05."""
    return f"{seconds:.0f} s" if seconds < 119.5 else clock(round(seconds))


def uploaded_name(path: str | Path) -> str:
    """What an uploaded file is called, without its suffix: browsers send double quotes in a name as %22."""
    return Path(path).stem.replace("%22", '"')


def count(number: int, noun: str, plural: str = "") -> str:
    """'1 note', '1,204 notes'; `plural` where it is not noun + s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def rate(tokens_per_second: float) -> str:
    """Generation speed."""
    return f"{tokens_per_second:.0f} tokens/s"


def progress(seconds: float, target_seconds: float) -> str:
    """What the button says while it works: '8 s of 30 s'."""
    return f"{int(seconds)} s of {target_seconds:.0f} s"


def joined(*parts: str) -> str:
    """What is not empty, side by side."""
    return " · ".join(part for part in parts if part)


def device(progress: Progress) -> str:
    """What plays, where that is not always the same: 'GPU', or why it is not."""
    return progress.remark or progress.engine


def summary(title: str, seed: NoteSequence, continuation: NoteSequence | None) -> str:
    """The roll in words, for those who do not see it."""
    parts = [f"{title}. Seed: {_span(seed)}."]
    if continuation is not None:
        parts.append(f"Continuation: {_span(continuation)}.")
    return " ".join(parts)


def _span(notes: NoteSequence) -> str:
    """Notes, range, density and velocity in one phrase."""
    if not len(notes):
        return "no notes"
    covered_s = max(0.1, notes.duration_s - float(notes.start_s.min()))
    lowest, highest = pitch_name(int(notes.pitch.min())), pitch_name(int(notes.pitch.max()))
    velocity = int(np.median(notes.velocity))
    return (
        f"{count(len(notes), 'note')} in {length(covered_s)}, from {lowest} to {highest}, "
        f"about {len(notes) / covered_s:.1f} notes a second, typical velocity {velocity}"
    )


def file_size(size_bytes: float) -> str:
    """Bytes as kB, MB or GB."""
    if size_bytes < 1e6:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"


def minutes(number: float) -> str:
    """Minutes of music: '0.4 min', '12 min', '3 h 20 min'."""
    return f"{number:.1f} min" if number < 9.95 else duration(number * 60)


def duration(seconds: float) -> str:
    """Time that something takes, in whole units: '40 s', '12 min', '3 h 20 min', '2 days'."""
    if seconds < 89.5:
        return f"{seconds:.0f} s"
    whole = round(seconds / 60)
    if whole < 60:
        return f"{whole} min"
    if whole < 48 * 60:
        return f"{whole // 60} h {whole % 60} min" if whole % 60 else f"{whole // 60} h"
    return f"{round(whole / 60 / 24)} days"


def about(seconds: float) -> str:
    """The same as a guess."""
    return f"about {duration(seconds)}"


def place(number: int) -> str:
    """A place in a queue: 'next', 'second', … '21st'."""
    words = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
    if 1 <= number <= len(words):
        return words[number - 1]
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
