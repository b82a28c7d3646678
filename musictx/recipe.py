"""What made a take, as one text event of its MIDI file: enough to make it again.

    take -> Recipe -> "musictx-recipe {…}" (ASCII JSON) -> text event -> Recipe -> seed and settings -> the same take

A file's times are rounded to ticks, and half a step more or less is another token. So the recipe says which notes of
the seed would be read with other steps than they had, and a hash of the seed's tokens tells whether it came back.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.config import MIDI_FORMATS, ComposeSettings, SamplingConfig
from musictx.errors import MusictxError, SettingsError
from musictx.midi.codec import encode
from musictx.midi.files import Recording
from musictx.midi.notes import NoteSequence
from musictx.midi.vocabulary import STEPS_PER_SECOND
from musictx.settings import NAME, settings_of
from musictx.takes import Edit, Take

PREFIX = "musictx-recipe "
BY_HAND = ("delete", "without seed", "note")  # kinds of edits that need no network
MOST_CORRECTIONS, MOST_EDITS, MOST_NOTES = 1500, 50, 1_000_000
LONGEST_WORD, LONGEST_S = 200, 24 * 3600.0
NOT_RESTORED = "The seed cannot be taken out of this file:"

Correction = tuple[int, int, int]  # place among the notes by key and onset, first step, last step


@dataclass(frozen=True)
class Recipe:
    """What made a take.

    settings: all of them, checkpoint and random seed too. weights: SHA-256 of the checkpoint's weights, "" if unknown.
    engine: what ran the network, "" if unknown. version: of the program. take: which of the variations.
    notes: of the file, one of MIDI_FORMATS. stopped: whether the take was ended early.
    join_s: where the seed ends and the continuation begins. seed_end_s: as `Recording.end_s` of the seed.
    seed_notes: how many of the file's notes are the seed's: the first ones. seed_tokens: a hash of its tokens.
    corrections: of notes that would be read otherwise than they were. edits: what was done to the take since.
    edits_left_out: how many more there were.
    """

    settings: ComposeSettings
    weights: str
    engine: str
    version: str
    take: int
    notes: str
    stopped: bool
    join_s: float
    seed_end_s: float
    seed_notes: int
    seed_tokens: str
    corrections: tuple[Correction, ...] = ()
    edits: tuple[Edit, ...] = ()
    edits_left_out: int = 0

    def text(self) -> str:
        """The text event."""
        written = json.dumps(dataclasses.asdict(self), separators=(",", ":"), allow_nan=False)
        return PREFIX + written.replace("MTrk", "MTr\\u006b")  # see `write_midi`


@dataclass(frozen=True)
class FoundRecipe:
    """What a file says of its making: a recipe, or else why there is none, "" if it says nothing."""

    recipe: Recipe | None
    reason: str = ""


def recipe_of(take: Take, read: NoteSequence, *, notes: str, version: str, weights: str = "") -> Recipe:
    """The recipe of `take` for a file of its `notes` (one of MIDI_FORMATS), which are `read` when it is opened."""
    whole = notes == MIDI_FORMATS[0]
    return Recipe(
        take.settings,
        weights,
        take.engine,
        version,
        take.number,
        notes,
        take.stopped,
        float(take.join_s),
        float(take.seed_end_s),
        len(take.seed) if whole else 0,
        tokens_hash(take.seed, take.seed_end_s),
        _corrections(take.seed, _first(read, len(take.seed))) if whole else (),
        take.edits[:MOST_EDITS],
        len(take.edits[MOST_EDITS:]),
    )


def read_recipe(texts: Iterable[str]) -> FoundRecipe:
    """The recipe among the text events of a file; never an error, whatever they say."""
    own = next((text for text in texts if text.startswith(PREFIX)), None)
    if own is None:
        return FoundRecipe(None)
    try:
        return FoundRecipe(_recipe(json.loads(own[len(PREFIX) :], parse_constant=_no_number)))
    except MusictxError as error:
        return FoundRecipe(None, f"What this file says of its making was not used: {error}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return FoundRecipe(
            None, "What this file says of its making is damaged or of another version, and was not used."
        )


def restored_seed(recording: Recording, recipe: Recipe) -> Recording:
    """The seed of a take, out of the file that the take was written to.

    Raises:
        SettingsError: saying why that cannot be.
    """
    if recipe.notes != MIDI_FORMATS[0]:
        raise SettingsError(f"{NOT_RESTORED} it holds the continuation alone. Use the file of the whole take.")
    if recipe.edits_left_out or any(edit.start_s < recipe.join_s for edit in recipe.edits):
        raise SettingsError(f"{NOT_RESTORED} some of its notes were redone or deleted. Use the seed's own file.")
    notes = _corrected(_first(recording.notes, recipe.seed_notes), recipe.corrections, recipe.join_s)
    if notes is None or tokens_hash(notes, recipe.seed_end_s) != recipe.seed_tokens:
        raise SettingsError(f"{NOT_RESTORED} its notes were changed since. Use the seed's own file.")
    return dataclasses.replace(recording, notes=notes, end_s=recipe.seed_end_s, texts=())


def tokens_hash(notes: NoteSequence, end_s: float) -> str:
    """16 hexadecimal digits that tell one seed's tokens from another's."""
    return hashlib.sha256(encode(notes, end_s).astype("<i2").tobytes()).hexdigest()[:16]


def _first(notes: NoteSequence, count: int) -> NoteSequence:
    return notes.select(np.arange(len(notes)) < count)


def _by_key(notes: NoteSequence) -> npt.NDArray[np.intp]:
    """The order by key, then onset: no rounding of times changes it."""
    return np.lexsort((notes.start_s, notes.pitch))


def _steps(notes: NoteSequence) -> npt.NDArray[np.int64]:
    """First and last step of each note as the codec rounds them, (N, 2), by key."""
    times = np.column_stack([notes.start_s, notes.end_s])[_by_key(notes)]
    return np.floor(times * STEPS_PER_SECOND + 0.5).astype(np.int64)


def _corrections(seed: NoteSequence, read: NoteSequence) -> tuple[Correction, ...]:
    if len(seed) != len(read):
        return ()
    meant = _steps(seed)
    rows = np.flatnonzero((meant != _steps(read)).any(axis=1))[:MOST_CORRECTIONS]
    return tuple((int(row), int(meant[row, 0]), int(meant[row, 1])) for row in rows)


def _corrected(notes: NoteSequence, corrections: tuple[Correction, ...], join_s: float) -> NoteSequence | None:
    """The notes with their corrections; None if these are no notes."""
    order = _by_key(notes)
    times = np.column_stack([notes.start_s, np.minimum(notes.end_s, join_s)])
    for place, first, last in corrections:
        if place >= len(notes):
            return None
        times[order[place]] = first / STEPS_PER_SECOND, max(last, first + 1) / STEPS_PER_SECOND
    if (times[:, 1] <= times[:, 0]).any():
        return None
    return NoteSequence(notes.pitch, notes.velocity, times[:, 0], times[:, 1])


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _recipe(told: dict[str, Any]) -> Recipe:
    """A recipe of plain values, each checked as the page checks its own."""
    _same_names(told, Recipe)
    if told["notes"] not in MIDI_FORMATS or not isinstance(told["stopped"], bool):
        raise ValueError("no kind of file")
    _same_names(told["settings"], ComposeSettings)
    return Recipe(
        _settings(told["settings"]),
        _word(told["weights"]),
        _word(told["engine"]),
        _word(told["version"]),
        read_whole(told["take"], 1, 4),
        told["notes"],
        told["stopped"],
        read_second(told["join_s"]),
        read_second(told["seed_end_s"]),
        read_whole(told["seed_notes"], 0, MOST_NOTES),
        _word(told["seed_tokens"]),
        tuple(_correction(row) for row in _rows(told["corrections"], MOST_CORRECTIONS)),
        tuple(read_edit(row) for row in _rows(told["edits"], MOST_EDITS)),
        read_whole(told["edits_left_out"], 0, MOST_NOTES),
    )


def _settings(told: dict[str, Any]) -> ComposeSettings:
    own = {each.name: _value(each, told[each.name]) for each in settings_of(ComposeSettings)}
    return ComposeSettings(_sampling(told["sampling"]), **own)


def _sampling(told: dict[str, Any]) -> SamplingConfig:
    _same_names(told, SamplingConfig)
    return SamplingConfig(**{each.name: _value(each, told[each.name]) for each in settings_of(SamplingConfig)})


def _value(setting: Any, value: Any) -> Any:
    return _word(value) if setting.kind == NAME else setting.read(value)


def read_edit(told: dict[str, Any]) -> Edit:
    """An edit of plain values, as `dataclasses.asdict` gives them; ValueError or its like if it is none."""
    _same_names(told, Edit)
    if told["kind"] not in ("redo", "extend", *BY_HAND):
        raise ValueError("no kind of edit")
    sampling = None if told["sampling"] is None else _sampling(told["sampling"])
    if (sampling is None) != (told["kind"] in BY_HAND):
        raise ValueError("no settings of an edit")
    return Edit(
        told["kind"],
        read_second(told["start_s"]),
        read_second(told["end_s"]),
        read_whole(told["candidates"], 0, 16),
        read_whole(told["candidate"], 0, 16),
        sampling,
        read_whole(told["random_seed"], 0, 2**31 - 1),
        _word(told["checkpoint"]),
    )


def _correction(row: Any) -> Correction:
    place, first, last = (read_whole(value, 0, 10**8) for value in row)
    return place, first, last


def _same_names(told: Any, cls: Any) -> None:
    if not isinstance(told, dict) or set(told) != {field.name for field in dataclasses.fields(cls)}:
        raise ValueError(f"not the entries of a {cls.__name__}")


def _rows(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("no list")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_WORD or not value.isprintable():
        raise ValueError("no word")
    return value


def read_whole(value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError("no such number")
    return value


def read_second(value: Any) -> float:
    """A time from 0 to LONGEST_S; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no time")
    if not 0 <= value <= LONGEST_S:
        raise ValueError("no such time")
    return float(value)
