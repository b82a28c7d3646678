"""Files become the rows of a dataset: read, compared with each other, split by piece."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from musictx.errors import MidiError
from musictx.midi.files import Recording, read_midi
from musictx.training.prepare import piece_ids
from musictx.training.splits import validation_groups
from musictx.workshop.datasets.near_duplicates import Fingerprint, fingerprint, groups
from musictx.workshop.datasets.report import DatasetRow

SHORT_S, SHORT_NOTES = 10.0, 40  # below them a piece teaches little


@dataclass(frozen=True, eq=False)
class ReadFile:
    """A file as read: its row, tokens uint16 (T,) with START and END, and fingerprint; both empty if unusable."""

    row: DatasetRow
    ids: npt.NDArray[np.uint16]
    print: Fingerprint

    @property
    def content(self) -> str:
        """A hash of what it plays: equal for files that differ in names, tempo marks or tracks alone."""
        return hashlib.sha256(self.ids.tobytes()).hexdigest()


def read_file(name: str, content: bytes, read: Callable[[bytes], Recording] = read_midi) -> ReadFile:
    """Reads one file, by `read`; what cannot be used becomes a row that says why."""
    try:
        recording = read(content)
    except MidiError as error:
        nothing = np.zeros(0, np.uint16), np.zeros(0, np.uint64)
        reason = str(error).replace("the data", "this file")
        return ReadFile(DatasetRow(name, "unusable", reason, "", -1), *nothing)
    notes, ids = recording.notes, piece_ids(recording.notes)
    short = notes.duration_s < SHORT_S or len(notes) < SHORT_NOTES
    row = DatasetRow(
        file=name,
        verdict="short" if short else "usable",
        reason=f"Only {len(notes)} notes in {notes.duration_s:.0f} s: it teaches little." if short else "",
        split="train",
        group=-1,
        notes=len(notes),
        minutes=notes.duration_s / 60,
        lowest=int(notes.pitch.min()),
        highest=int(notes.pitch.max()),
        tracks=len(recording.tracks),
        tokens=int(ids.size),
    )
    return ReadFile(row, ids, fingerprint(notes))


def judged(files: Sequence[ReadFile], report: Callable[[int, int], None] | None = None) -> tuple[DatasetRow, ...]:
    """The rows with duplicates named, versions grouped, and the pieces split.

    The split is by a hash of what the pieces play: the same files are split in the same way, whatever their names.
    """
    rows = [file.row for file in files]
    first: dict[str, int] = {}
    for number, file in enumerate(files):
        if not file.row.used:
            continue
        other = first.setdefault(file.content, number)
        if other != number:
            reason = f"Plays exactly what {rows[other].file} plays; it is counted once."
            rows[number] = replace(rows[number], verdict="duplicate", reason=reason, split="", group=other)
    kept = sorted(first.values())
    for number, group in zip(kept, groups([files[number].print for number in kept]), strict=True):
        leader = kept[group]
        rows[number] = replace(rows[number], group=leader)
        if leader != number:
            reason = f"Another version of {rows[leader].file}, perhaps in another key or tempo; both are on one side."
            rows[number] = replace(rows[number], verdict="near-duplicate", reason=reason)
    leaders = {rows[number].group for number in kept}
    validation = validation_groups({number: files[number].content for number in leaders})
    return tuple(replace(row, split="validation") if row.used and row.group in validation else row for row in rows)
