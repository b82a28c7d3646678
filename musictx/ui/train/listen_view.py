"""What the Train tab's player shows, as one plain value for the browser (read by listen.js)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.ui import text
from musictx.ui.player.files import file_data, file_entry
from musictx.ui.player.packing import pack
from musictx.ui.player.picture import heard_seed

FILES = ("mid", "flac")  # to take away: notes, and the sound that is played anyway


@dataclass(frozen=True)
class Piece:
    """Something to hear: `seed` notes up to `join_s`, `new` notes behind them; join_s None if all is one.

    whole: what its MIDI file holds, which may be longer. files: format -> path, once written.
    """

    label: str
    seed: NoteSequence
    new: NoteSequence
    join_s: float | None
    whole: NoteSequence
    facts: str
    files: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of_take(cls, label: str, take: Take) -> Piece:
        """A take as it is heard."""
        seed, join_s = heard_seed(take.seed, (take,))
        new = take.continuation.shifted(-take.audible_from_s)
        heard_s = max(0.0, take.continuation.duration_s - take.join_s)
        facts = f"{heard_s:.0f} s of music · {text.count(len(take.continuation), 'note')}"
        return cls(label, seed, new, float(join_s), take.notes, facts)

    def value(self, title: str) -> dict[str, Any]:
        """Plain values."""
        return {
            "label": self.label,
            "seed": pack(self.seed),
            "notes": pack(self.new),
            "join_s": self.join_s,
            "facts": self.facts,
            "summary": text.summary(title, self.seed, self.new if self.join_s is not None else None),
            "audio": file_data(self.files.get("flac")),
            "files": [file_entry(suffix, self.files.get(suffix)) for suffix in FILES],
        }


@dataclass(frozen=True)
class Listening:
    """One state of the player.

    kind: "row" (a file of the dataset), "sample" (of a run), "duel", or "" for nothing yet.
    wait: what is being made, with the share that is done; problem: a sentence instead of the music.
    sounding: what the player says while sound is being made; no_sound: why there is none to hear.
    duel_id: of a blind test that can be answered.
    saved_as: what its downloads are called, in words; its title if empty.
    """

    serial: float
    kind: str = ""
    title: str = ""
    pieces: tuple[Piece, ...] = ()
    wait: str = ""
    share: float = 0.0
    sounding: str = ""
    no_sound: str = ""
    problem: str = ""
    test_id: str = ""
    key: str = ""
    saved_as: str = ""

    def but(self, **changes: Any) -> Listening:
        """The same with some fields changed."""
        return replace(self, **changes)

    def value(self) -> dict[str, Any]:
        """Plain values only: numpy numbers would arrive in the browser as strings."""
        phase = "failed" if self.problem else "working" if self.wait else "ready" if self.pieces else "empty"
        return {
            "serial": self.serial,
            "kind": self.kind,
            "key": self.key,
            "phase": phase,
            "title": self.title,
            "wait": self.wait,
            "share": float(self.share),
            "sounding": self.sounding,
            "no_sound": self.no_sound,
            "problem": self.problem,
            "duel_id": self.test_id,
            "answer": None,
            "pieces": [piece.value(self.title) for piece in self.pieces],
        }
