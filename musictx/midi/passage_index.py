"""What a checkpoint remembers of the passages it was trained on, and what real pieces share with them.

    passages.npz    bits of the PassageSet, and the longest shared runs of validation pieces, by their number of notes

The second makes the first readable: pieces by people share passages too (scales, cadences, famous works).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.errors import CheckpointError
from musictx.files import whole_file
from musictx.midi.notes import NoteSequence
from musictx.midi.passages import N_GRAM, PassageSet, SharedPassage

INDEX_FILE = "passages.npz"
FORMAT = 2  # 1 counted repetitions
EXCERPT_NOTES = (50, 100, 200, 400, 800, 1600)  # sizes at which real pieces are measured
EXCERPTS_A_PIECE = 2
HIGH_PERCENTILE = 95.0


@dataclass(frozen=True)
class Sharing:
    """What a take shares with the training data, beside what is usual.

    longest: its longest shared passage. usual, high: the median and the 95th percentile of the longest
    among real pieces of as many notes that the model never saw.
    """

    longest: SharedPassage
    usual: int
    high: int

    @property
    def remarkable(self) -> bool:
        """Whether it is longer than in all but one in twenty real pieces."""
        return self.longest.notes > self.high


@dataclass(frozen=True, eq=False)
class PassageIndex:
    """A checkpoint's `passages.npz`.

    passages: of its training data. usual, high: float64, one for each of EXCERPT_NOTES, see `Sharing`.
    """

    passages: PassageSet
    usual: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    @classmethod
    def of(cls, training: Iterable[NoteSequence], validation: Sequence[NoteSequence], seed: int = 0) -> PassageIndex:
        """Remembers the training pieces and measures random excerpts of the validation ones."""
        passages = PassageSet.of(training)
        random = np.random.default_rng(seed)
        columns = [
            [passages.longest_shared(excerpt).notes for excerpt in _excerpts(validation, size, random)] or [0]
            for size in EXCERPT_NOTES
        ]
        usual, high = (
            np.array([np.percentile(column, share) for column in columns]) for share in (50, HIGH_PERCENTILE)
        )
        return cls(passages, usual, high)

    def sharing(self, notes: NoteSequence) -> Sharing:
        """The longest passage of `notes` that is in the training data, beside what is usual for as many notes."""
        size = np.log(max(len(notes), 1))
        usual, high = (round(float(np.interp(size, np.log(EXCERPT_NOTES), row))) for row in (self.usual, self.high))
        return Sharing(self.passages.longest_shared(notes), usual, high)

    def save(self, folder: Path) -> Path:
        """Writes `folder/passages.npz`, whole or not at all."""
        with whole_file(folder / INDEX_FILE) as unfinished:
            bits, usual, high = self.passages.bits, self.usual, self.high
            np.savez(unfinished, format=FORMAT, n_gram=N_GRAM, bits=bits, usual=usual, high=high)
        return folder / INDEX_FILE

    @classmethod
    def load(cls, folder: Path) -> PassageIndex | None:
        """The index in a checkpoint's folder, None if it has none.

        Raises:
            CheckpointError: if it is damaged, or was made by another version.
        """
        path = folder / INDEX_FILE
        if not path.is_file():
            return None
        try:
            # Opened here: numpy would leave a file open that is no whole archive.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays: dict[str, Any] = {name: stored[name] for name in stored.files}
            version = int(arrays["format"]), int(arrays["n_gram"])
            index = cls(PassageSet(arrays["bits"]), arrays["usual"], arrays["high"])
            sizes = {len(index.usual), len(index.high)}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{path} is damaged ({error}). Fetch the checkpoint again, or remove it.") from error
        if version != (FORMAT, N_GRAM) or sizes != {len(EXCERPT_NOTES)} or index.passages.bits.dtype != np.uint8:
            raise CheckpointError(
                f"{path} was made by another version of this program. Make it anew: python -m musictx index"
            )
        return index


def _excerpts(pieces: Sequence[NoteSequence], size: int, random: np.random.Generator) -> Iterable[NoteSequence]:
    """Runs of `size` notes at random places of every piece that is long enough."""
    for notes in pieces:
        if len(notes) < size:
            continue
        for start in random.integers(0, len(notes) - size + 1, EXCERPTS_A_PIECE):
            place = np.arange(len(notes))
            yield notes.select((place >= start) & (place < start + size))
