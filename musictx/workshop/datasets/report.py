"""What is said of a dataset before anything is trained: plain values, a row a file."""

from __future__ import annotations

from dataclasses import dataclass

from musictx.midi.analysis import pitch_name

SPLITS = ("train", "validation")
VERDICTS = ("usable", "short", "duplicate", "near-duplicate", "unusable")


@dataclass(frozen=True)
class DatasetRow:
    """One file of a dataset.

    file: its name as it came, with the folders of a zip; unique in the dataset.
    verdict: of VERDICTS. "usable", "short" and "near-duplicate" are trained on; "duplicate" and "unusable" are not.
    reason: a sentence for every verdict but "usable".
    split: "train", "validation", or "" for a file that is not used.
    group: files that are used and have the same number are versions of one piece and share their split; a
        duplicate has the number of the row that it copies, an unusable file -1.
    notes, minutes, lowest, highest (MIDI pitches), tracks (with notes), tokens: 0 for an unusable file.
    """

    file: str
    verdict: str
    reason: str
    split: str
    group: int
    notes: int = 0
    minutes: float = 0.0
    lowest: int = 0
    highest: int = 0
    tracks: int = 0
    tokens: int = 0

    @property
    def used(self) -> bool:
        """Whether the run sees it, in training or held out."""
        return bool(self.split)

    @property
    def range(self) -> str:
        """From the lowest to the highest note, as "A0 to C8"; "" without notes."""
        return f"{pitch_name(self.lowest)} to {pitch_name(self.highest)}" if self.notes else ""


@dataclass(frozen=True)
class DatasetReport:
    """A dataset as the page and the command line show it.

    dataset_id: for the later calls. name: of the upload. rows: every file, in the order of their names.
    minutes, tokens, pieces: of what is used, in each split; a piece is a group of versions.
    expectation: a sentence on what this amount of music can do.
    warnings: sentences, such as that nothing is held out.
    created_s: seconds since 1970.
    """

    dataset_id: str
    name: str
    rows: tuple[DatasetRow, ...]
    training_minutes: float
    validation_minutes: float
    training_tokens: int
    validation_tokens: int
    training_pieces: int
    validation_pieces: int
    expectation: str
    warnings: tuple[str, ...] = ()
    created_s: float = 0.0

    @property
    def trainable(self) -> bool:
        """Whether a run can start on it."""
        return self.training_tokens > 0
