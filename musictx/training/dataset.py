"""Prepared corpora as training windows and fixed validation windows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import stretch
from musictx.midi.notes import HIGHEST_PIANO_PITCH, LOWEST_PIANO_PITCH, PITCHES
from musictx.training.corpus_writer import Piece
from musictx.types import Ids


@dataclass(frozen=True)
class Augmentation:
    """What is varied in a training window.

    transpose_semitones: at most this far up or down, drawn among the moves that fit the 88 keys.
    transpose_probability: share of windows transposed at all (the recipe: 0.3 within 2 semitones).
    stretch: tempo factor drawn from 1 - stretch to 1 + stretch; 0 leaves the times alone.
    velocity_shift: all notes of a window louder or softer by at most so many of the 32 velocity bins.
    """

    transpose_semitones: int = 2
    transpose_probability: float = 0.3
    stretch: float = 0.0
    velocity_shift: int = 0


@dataclass(frozen=True)
class Corpus:
    """One prepared corpus: its tokens, mapped from disk, and its pieces."""

    name: str
    tokens: npt.NDArray[np.uint16]
    pieces: tuple[Piece, ...]

    def split(self, split: str) -> tuple[Piece, ...]:
        """The pieces of "train" or "validation"."""
        return tuple(piece for piece in self.pieces if piece.split == split)

    def ids(self, piece: Piece) -> Ids:
        """All token ids of one piece, START and END included."""
        return np.asarray(self.tokens[piece.start : piece.start + piece.length], np.int32)


def open_corpus(folder: Path) -> Corpus:
    """Maps a prepared corpus.

    Raises:
        TrainingError: if it is missing, damaged, or of another vocabulary.
    """
    try:
        index = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
        tokens = np.load(folder / "tokens.npy", mmap_mode="r", allow_pickle=False)
        pieces = tuple(Piece(**piece) for piece in index["pieces"])
    except FileNotFoundError as error:
        raise TrainingError(f"{folder} is no prepared corpus. Make one with: python -m musictx prepare") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{folder} is damaged ({error}). Prepare it again.") from error
    if index.get("vocabulary") != vocabulary.fingerprint():
        raise TrainingError(f"{folder} was prepared with another vocabulary. Prepare it again.")
    return Corpus(index["name"], tokens, pieces)


class TrainingWindows:
    """Random windows of the training pieces of several corpora.

    A corpus is drawn by its weight, a piece in it by its length, then a place in the piece; pieces
    shorter than the window are padded. `batch(step, …)` depends on the seed and the step
    alone, so a resumed run sees what an uninterrupted one would have.

    Args:
        corpora: at least one with training pieces.
        weights: share of windows from each corpus, in any scale.
        augmentation: applied to each window anew.
        seed: of everything random here.
    """

    def __init__(
        self, corpora: Sequence[Corpus], weights: Sequence[float], augmentation: Augmentation, seed: int
    ) -> None:
        self._corpora = corpora
        self._pieces = [corpus.split("train") for corpus in corpora]
        if len(weights) != len(corpora) or min(weights, default=0) < 0 or sum(weights) <= 0:
            raise TrainingError(f"Give each of the {len(corpora)} corpora a weight of 0 or more. Received: {weights}")
        for corpus, pieces in zip(corpora, self._pieces, strict=True):
            if not pieces:
                raise TrainingError(f"Corpus {corpus.name!r} has no training pieces.")
        self._shares = np.asarray(weights, np.float64) / sum(weights)
        self._ends = [np.cumsum([piece.length for piece in pieces]) for pieces in self._pieces]
        self._augmentation = augmentation
        self._seed = seed

    def batch(self, step: int, size: int, length: int) -> tuple[Ids, Ids]:
        """Inputs and targets of one step, int32 (size, length) each; PAD where a piece is over."""
        random = np.random.default_rng([self._seed, step])
        rows = np.full((size, length + 1), vocabulary.PAD, np.int32)
        for row in rows:
            window = self._window(random, length + 1)
            row[: window.size] = window
        return rows[:, :-1], rows[:, 1:]

    def _window(self, random: np.random.Generator, length: int) -> Ids:
        number = int(random.choice(len(self._corpora), p=self._shares))
        ends = self._ends[number]
        place = int(random.integers(ends[-1]))
        piece = self._pieces[number][int(np.searchsorted(ends, place, side="right"))]
        # Starts may lie before the piece's first token, so that openings are seen as often as the rest.
        start = max(int(random.integers(-length // 2, max(piece.length - length // 2, 1))), 0)
        spare = length + length // 4 if self._augmentation.stretch else length
        ids = np.asarray(self._corpora[number].tokens[piece.start + start :][: min(spare, piece.length - start)])
        return augment(ids.astype(np.int32), self._augmentation, random)[:length]


def augment(ids: Ids, augmentation: Augmentation, random: np.random.Generator) -> Ids:
    """One window, (T,), varied; its length may change when it is stretched."""
    if augmentation.stretch:
        ids = stretch(ids, 1 + float(random.uniform(-augmentation.stretch, augmentation.stretch)))
    reach = augmentation.transpose_semitones
    if reach and random.random() < augmentation.transpose_probability:
        lowest, highest = transpositions(ids)
        ids = transpose(ids, int(random.integers(max(-reach, lowest), min(reach, highest) + 1)))
    reach = augmentation.velocity_shift
    if reach:
        ids = louder(ids, int(random.integers(-reach, reach + 1)))
    return ids


def transpositions(ids: Ids) -> tuple[int, int]:
    """How many semitones down (0 or less) and up (0 or more) the notes can be moved within the 88 keys of a piano."""
    pitches = ids[ids < vocabulary.TIME_SHIFT] % PITCHES
    if not pitches.size:
        return 0, 0
    return min(LOWEST_PIANO_PITCH - int(pitches.min()), 0), max(HIGHEST_PIANO_PITCH - int(pitches.max()), 0)


def transpose(ids: Ids, semitones: int) -> Ids:
    """All notes moved by `semitones`; unchanged if one would leave the 128 pitches."""
    is_key = ids < vocabulary.TIME_SHIFT
    pitches = ids[is_key] % PITCHES + semitones
    if pitches.size and (pitches.min() < 0 or pitches.max() >= PITCHES):
        return ids
    return np.where(is_key, ids + semitones, ids).astype(np.int32)


def louder(ids: Ids, bins: int) -> Ids:
    """All velocities moved by `bins`, those at the ends held there."""
    is_velocity = (ids >= vocabulary.VELOCITY) & (ids < vocabulary.EVENTS)
    moved = np.clip(ids - vocabulary.VELOCITY + bins, 0, vocabulary.VELOCITY_BINS - 1) + vocabulary.VELOCITY
    return np.where(is_velocity, moved, ids).astype(np.int32)


def validation_windows(pieces: Sequence[Ids], length: int) -> Ids:
    """Fixed windows that cover whole pieces once, int32 (W, length + 1), padded with PAD.

    Row i holds inputs [:-1] and targets [1:]; consecutive windows share one token, so that every
    token of a piece but its first is predicted exactly once.
    """
    rows = []
    for ids in pieces:
        for start in range(0, len(ids) - 1, length):
            row = np.full(length + 1, vocabulary.PAD, np.int32)
            part = ids[start : start + length + 1]
            row[: len(part)] = part
            rows.append(row)
    return np.stack(rows) if rows else np.zeros((0, length + 1), np.int32)
