"""Takes and seeds as records that the browser keeps, so that a reload or a restart of the server loses none.

A record is plain text to the browser: it stores it under its id, lists it by its title and facts, and sends its
`data` back when the visitor wants it. What comes back is read as any visitor's file: bounded, and checked.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musictx.config import ComposeSettings, SamplingConfig
from musictx.errors import MusictxError, SettingsError
from musictx.midi.notes import NoteSequence
from musictx.recipe import MOST_EDITS, read_edit, read_second, read_whole
from musictx.takes import Seed, Take
from musictx.ui import text
from musictx.ui.forms import sampling_words
from musictx.ui.player.picture import Picture

if TYPE_CHECKING:
    from musictx.studio import Studio

FORMAT = 1
LARGEST_RECORD = 6 * 2**20  # characters; a seed of 2 MB that does not shrink has 2.7 million
LARGEST_TEXT = 16 * 2**20  # bytes of a record once it is unpacked
MOST_TAKES, MOST_NOTES = 24, 50_000
LONGEST_NAME = 60  # characters of what a visitor calls a take
MOST_KEPT = 24  # pictures with takes that the browser keeps; the oldest go
UNREADABLE = "What your browser kept of this take cannot be read. Remove it from the list of earlier takes."
NOTE = np.dtype([("pitch", "u1"), ("velocity", "u1"), ("start_s", "<f8"), ("end_s", "<f8")])


def keep(*pictures: Picture | None) -> list[dict[str, Any]]:
    """The records of what these pictures have made, for the browser to store."""
    return [record(each) for each in pictures if each is not None and made(each)]


def made(picture: Picture) -> tuple[Take, ...]:
    """The takes of a picture that have notes, whichever tab it is on."""
    takes = picture.takes if picture.comparison is None else picture.comparison.takes
    return tuple(take for take in takes if len(take.continuation))


def record(picture: Picture) -> dict[str, Any]:
    """What the browser keeps of a picture with takes: id, when it was made (ms since 1970), title, facts, data."""
    takes = made(picture)
    content = {
        "format": FORMAT,
        "seed": _write_seed(picture.seed),
        "takes": [_write_take(take, picture.phase) for take in takes],
        "parents": _parents(picture, takes),
    }
    return {
        "id": picture.piece_id,
        "made": int(picture.serial * 1000),
        "title": picture.seed.name,
        "facts": _facts(takes, is_compared=picture.comparison is not None),
        "data": _pack(content),
    }


def record_seed(seed: Seed) -> dict[str, Any]:
    """What the browser keeps of a visitor's own file."""
    content = {"format": FORMAT, "seed": _write_seed(seed), "takes": []}
    return {"id": seed.digest, "title": seed.name, "data": _pack(content)}


@dataclasses.dataclass(frozen=True)
class Recalled:
    """What a record holds; parents as in `Picture`."""

    seed: Seed
    takes: tuple[Take, ...]
    parents: tuple[int, ...] = ()


def recall(data: Any, studio: Studio) -> Recalled:
    """Seed and takes of a record that a browser kept.

    Raises:
        SettingsError: if it is none, too large or damaged, or holds a setting outside its range.
        MidiError: if its seed is no usable MIDI file.
    """
    try:
        content = _unpack(data)
        seed = _read_seed(content["seed"], studio)
        rows = content["takes"]
        if content["format"] != FORMAT or len(rows) > MOST_TAKES:
            raise ValueError(f"format {content['format']!r}, {len(rows)} takes")
        parents = tuple(read_whole(each, -1, index - 1) for index, each in enumerate(content.get("parents", ())))
        return Recalled(seed, tuple(_read_take(row, seed, studio) for row in rows), parents[: len(rows)])
    except MusictxError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, zlib.error, binascii.Error) as error:
        raise SettingsError(UNREADABLE) from error


def _facts(takes: tuple[Take, ...], is_compared: bool) -> str:
    """What tells one entry of the list from the next."""
    longest_s = max(take.continuation.duration_s - take.join_s for take in takes)
    settings = takes[0].settings
    parts = [text.count(len(takes), "take")] if len(takes) > 1 else []
    parts += [f"{max(0.0, longest_s):.0f} s"]
    parts += ["from Compare"] if is_compared else [sampling_words(settings.sampling)]
    return " · ".join([*parts, f"random seed {settings.random_seed}"])


def _write_seed(seed: Seed) -> dict[str, str]:
    return {"name": seed.name, "file": base64.b64encode(seed.file).decode("ascii")}


def _read_seed(row: dict[str, Any], studio: Studio) -> Seed:
    """The seed of a record, read as the file that it is."""
    with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
        path = Path(folder) / "seed.mid"
        path.write_bytes(base64.b64decode(row["file"], validate=True))
        return studio.read_seed(path, str(row["name"])[:200] or "seed")


def _parents(picture: Picture, takes: tuple[Take, ...]) -> list[int]:
    """The parents of those takes that are kept, by their places there."""
    if picture.comparison is not None or not picture.parents:
        return []
    places = {index: place for place, index in enumerate(i for i, take in enumerate(picture.takes) if take in takes)}
    return [places.get(picture.all_parents[index], -1) for index in places]


def _write_notes(notes: NoteSequence, from_s: float) -> str:
    """Notes at their times from `from_s` on, which a rounding error may lie before."""
    rows = np.empty(len(notes), NOTE)
    rows["pitch"], rows["velocity"] = notes.pitch, notes.velocity
    rows["start_s"], rows["end_s"] = np.maximum(notes.start_s - from_s, 0.0), notes.end_s - from_s
    return base64.b64encode(rows.tobytes()).decode("ascii")


def _read_notes(text: str) -> NoteSequence:
    rows = np.frombuffer(base64.b64decode(text, validate=True), NOTE)
    if len(rows) > MOST_NOTES:
        raise ValueError(f"{len(rows)} notes")
    return NoteSequence(rows["pitch"], rows["velocity"], rows["start_s"], rows["end_s"])


def _write_take(take: Take, phase: str) -> dict[str, Any]:
    edited = {
        "seed": _write_notes(take.seed, 0.0),
        "join_s": take.join_s,
        "end_s": take.end_s,
        "branch": take.branch,
        "edits": [dataclasses.asdict(each) for each in take.edits],
    }
    return {
        "number": take.number,
        "tokens": take.tokens,
        "stopped": take.stopped or phase == "working",  # cut off where it is
        "settings": dataclasses.asdict(take.settings),
        "notes": _write_notes(take.continuation, take.join_s),
        **({"name": take.name} if take.name else {}),
        **({"favourite": True} if take.is_favourite else {}),
        **(edited if take.edits else {}),
    }


def _read_take(row: dict[str, Any], seed: Seed, studio: Studio) -> Take:
    settings = dict(row["settings"])
    sampling = SamplingConfig(**settings.pop("sampling"))
    new = _read_notes(row["notes"])
    number, tokens = int(row["number"]), int(row["tokens"])
    if not (1 <= number <= 9 and 0 <= tokens <= 10**6):
        raise ValueError(f"take {number} of {tokens} tokens")
    chosen = ComposeSettings(sampling=sampling, **settings)
    if not isinstance(chosen.checkpoint, str):
        raise ValueError(f"checkpoint {chosen.checkpoint!r}")
    take = studio.kept_take(seed, chosen, number, new, tokens=tokens, stopped=bool(row["stopped"]))
    take = dataclasses.replace(
        take, name=take_name(row.get("name", "")), is_favourite=row.get("favourite", False) is True
    )
    return _edited(take, row, new) if "edits" in row else take


def take_name(value: Any) -> str:
    """What a visitor may call a take; ValueError for what is no name."""
    if not isinstance(value, str) or not (value.isprintable() or not value):
        raise ValueError(f"name {value!r}")
    return value.strip()[:LONGEST_NAME]


def _edited(take: Take, row: dict[str, Any], new: NoteSequence) -> Take:
    """The same with what was done to it since."""
    join_s, branch = read_second(row["join_s"]), str(row["branch"])
    if not (branch.isalnum() or not branch) or len(branch) > 3 or len(row["edits"]) > MOST_EDITS:
        raise ValueError(f"branch {branch!r}, {len(row['edits'])} edits")
    return dataclasses.replace(
        take,
        seed=_read_notes(row["seed"]),
        continuation=new.shifted(join_s),
        join_s=join_s,
        end_s=None if row["end_s"] is None else read_second(row["end_s"]),
        branch=branch,
        edits=tuple(read_edit(each) for each in row["edits"]),
    )


def _pack(content: dict[str, Any]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(content).encode("utf-8"), 6)).decode("ascii")


def _unpack(data: Any) -> dict[str, Any]:
    """The content of a record; ValueError and its like for anything else."""
    if not isinstance(data, str) or len(data) > LARGEST_RECORD:
        raise ValueError("no record")
    unpacking = zlib.decompressobj()
    plain = unpacking.decompress(base64.b64decode(data, validate=True), LARGEST_TEXT)
    if not unpacking.eof:
        raise ValueError("a record that is cut off, or too large")
    content = json.loads(plain)
    if not isinstance(content, dict):
        raise ValueError("no record")
    return content
