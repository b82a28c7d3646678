"""One picture of what a tab shows, as one plain value for the browser (read by stage.js and compare.js)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from musictx.midi.notes import NoteSequence
from musictx.takes import AUDIBLE_SEED_S, Progress, Seed, Take
from musictx.ui import text
from musictx.ui.player.files import FORMATS, TakeFiles, file_data, file_entry, files_value
from musictx.ui.player.packing import NoteStream, pack
from musictx.ui.serials import new_serial

TAKE_SOUND = "rendering the sound…"
EDITED = {
    "redo": "a part redone",
    "delete": "a part emptied",
    "extend": "written on",
    "without seed": "without the seed",
    "note": "a note changed",
}
HINT_BY_PHASE = {
    "seed": "Press play to hear the seed, or Generate to continue it.",
}


@dataclass(frozen=True)
class Problem:
    """A sentence over the roll; `key` tells one from the next, so that one that was closed stays closed."""

    title: str
    text: str
    key: float = field(default_factory=new_serial)


class ManySides(Protocol):
    """What stands in the place of takes on the Compare tab.

    takes: those that are there. hidden: whether which is which is not said yet.
    """

    @property
    def takes(self) -> tuple[Take, ...]: ...  # noqa: D102  # see the class

    @property
    def hidden(self) -> bool: ...  # noqa: D102  # see the class

    def value(self, picture: Picture) -> dict[str, Any]:
        """What of the picture's value is another one, or more."""


@dataclass(frozen=True)
class Picture:
    """One state of the stage; `value()` is what travels.

    phase: "seed" (a seed waits), "working" or "done".
    serial: see `desk.Desk`.
    sounding: what the player says while its sound is being made; "" when nothing is.
    no_sound: why the seed cannot be heard; "" if it can.
    note: what has become of the picture before this one, where that is worth a sentence.
    restorable: whether the seed's file says what made it, so that it can be made again.
    sharings: for each finished take, what it shares with the training data; none where nobody can say.
    own: the files that the visitor brought, newest first, to go back to.
    comparison: on the Compare tab, what stands in the place of `takes`.
    piece: the id of recalled takes; "" for what is made here, see `piece_id`.
    chosen: index of the take that is on show when the picture comes. parents: of each take the index of the one that it
        was made of, -1 without one; () where none was made of another.
    grows: whether the last take is being written, while the phase is "working".
    heard_from_s: where listening begins to what is new; None: where the seed ends.
    left: an unfinished picture that this one took the place of: what it had made is kept in the browser.
    """

    seed: Seed
    serial: float = field(default_factory=new_serial)
    phase: str = "seed"
    own: tuple[Seed, ...] = ()
    comparison: ManySides | None = None
    piece: str = ""
    chosen: int = 0
    parents: tuple[int, ...] = ()
    grows: bool = True
    heard_from_s: float | None = None
    left: Picture | None = None
    takes: tuple[Take, ...] = ()
    streams: tuple[NoteStream, ...] = ()
    files: dict[int, TakeFiles] = field(default_factory=dict)
    archive: Path | None = None
    seed_sound: Path | None = None
    progress: Progress | None = None
    sharings: tuple[str, ...] = ()
    target_s: float = 1.0
    sounding: str = ""
    no_sound: str = ""
    status: str = ""
    wait: str = ""
    problem: Problem | None = None
    note: str = ""
    restorable: bool = False

    def but(self, **changes: Any) -> Picture:
        """The same with some fields changed."""
        return replace(self, **changes)

    @property
    def piece_id(self) -> str:
        """Under which id the browser keeps what is made here: of recalled takes the one that they came with."""
        return self.piece or f"{self.serial:.3f}"

    @property
    def all_parents(self) -> tuple[int, ...]:
        """`parents`, one for each take."""
        return (*self.parents, *[-1] * (len(self.takes) - len(self.parents)))

    @property
    def would_be_lost(self) -> bool:
        """Whether it has music that the browser does not keep yet."""
        if self.comparison is not None:
            return bool(self.comparison.takes) and (self.phase == "working" or self.comparison.hidden)
        return self.phase == "working" and any(len(take.continuation) for take in self.takes)

    def value(self) -> dict[str, Any]:
        """Plain values only: numpy numbers would arrive in the browser as strings."""
        shown = self._value()
        return shown if self.comparison is None else {**shown, **self.comparison.value(self)}

    def _value(self) -> dict[str, Any]:
        seed_notes, join_s = heard_seed(self.seed.recording.notes, self.takes)
        reached_s = float(self.progress.seconds) if self.progress else 0.0
        return {
            "serial": self.serial,
            "phase": self.phase,
            "title": self.seed.name,
            "status": self.status,
            "wait": self.wait,
            "live": self._live(),
            "hint": self.note or HINT_BY_PHASE.get(self.phase, ""),
            "no_sound": self.no_sound,
            "restorable": self.restorable,
            "problem": asdict(self.problem) if self.problem else None,
            "piece": self.piece_id,
            "seed_id": self.seed.digest,
            "seed": pack(seed_notes),
            "seed_audio": file_data(self.seed_sound),
            "seed_summary": text.summary(self.seed.name, seed_notes, None),
            "join_s": float(join_s),
            "target_s": float(self.target_s),
            "reached_s": reached_s,
            "known_s": self._known_s(join_s, reached_s),
            "heard_from_s": self.heard_from_s,
            "chosen": self.chosen,
            "parents": list(self.all_parents),
            "sounding": self.sounding,
            "takes": [self._take(index) for index in range(len(self.takes))],
            "files": [file_entry(suffix, None) for suffix in FORMATS],
            "zip": file_entry("zip", self.archive),
        }

    def _known_s(self, join_s: float, reached_s: float) -> float | None:
        """How far the take on show is written; None if that is all of it."""
        if self.phase != "working" or not self.grows:
            return None
        own = self._own_seed(self.takes[self.chosen]) if self.chosen < len(self.takes) else None
        return float(join_s if own is None else own["join_s"]) + reached_s

    def _own_seed(self, take: Take) -> dict[str, Any] | None:
        """The seed as a take has it, where that is another one than the picture's; None where it is the same."""
        mine, usual = take.seed, self.takes[0].seed
        is_same = take.join_s == self.takes[0].join_s and len(mine) == len(usual)
        if is_same and (mine.start_s == usual.start_s).all() and (mine.pitch == usual.pitch).all():
            return None
        notes, join_s = heard_seed(mine, (take,))
        return {"seed": pack(notes), "join_s": float(join_s)}

    def _live(self) -> str:
        """The few sentences a screen reader says aloud."""
        if self.phase == "working":
            return "Generating."
        if self.phase == "seed":
            return self.no_sound or self.note
        if self.phase == "done" and self.takes:
            first = self.takes[min(self.chosen, len(self.takes) - 1)]
            return f"{'Stopped' if first.stopped else 'Finished'}: {made_facts(first, self.progress)}"
        return ""

    def _facts(self, take: Take) -> str:
        return take_facts(take, self.progress)

    def _take(self, index: int) -> dict[str, Any]:
        take = self.takes[index]
        stream = self.streams[index] if index < len(self.streams) else NoteStream()
        return {
            "label": take.name or f"Take {take.label}",
            "name": take.name,
            "favourite": take.is_favourite,
            "seedless": not len(take.seed),
            **(self._own_seed(take) or {}),
            "notes": stream.settled,
            "open": stream.open,
            "facts": self._facts(take),
            "sharing": self.sharings[index] if index < len(self.sharings) else "",
            "summary": text.summary(self.seed.name, take.seed, take.continuation) if self.phase == "done" else "",
            **files_value(self.files.get(index, TakeFiles())),
        }


def take_facts(take: Take, progress: Progress | None) -> str:
    """What became of a take, how much of what it is, and how to have it again."""
    made = made_facts(take, progress)
    edits = [EDITED[each.kind] for each in take.edits[-1:]]
    return " · ".join([*(["stopped"] if take.stopped else []), made, *edits])


def made_facts(take: Take, progress: Progress | None) -> str:
    """How much of what a take is, and how to have it again."""
    heard_s = max(0.0, take.continuation.duration_s - take.join_s)
    parts = [f"{heard_s:.0f} s of music", text.count(take.tokens, "token")]
    if progress:
        parts.append(text.rate(progress.tokens_per_second))
    parts.append(f"random seed {take.settings.random_seed}")
    return " · ".join(parts)


def heard_seed(notes: NoteSequence, takes: tuple[Take, ...]) -> tuple[NoteSequence, float]:
    """The part of the seed that takes begin with, moved to 0, and where it ends in seconds."""
    join_s = takes[0].join_s if takes else notes.duration_s
    from_s = max(0.0, join_s - AUDIBLE_SEED_S)
    return notes.select(notes.start_s >= from_s).shifted(-from_s), join_s - from_s


def grow(streams: tuple[NoteStream, ...], takes: tuple[Take, ...], finished: bool) -> tuple[NoteStream, ...]:
    """Streams brought up to the takes; there are as many as takes afterwards."""
    streams = streams or tuple(NoteStream() for _ in takes)
    for stream, take in zip(streams, takes, strict=True):
        stream.update(take.continuation.shifted(-take.audible_from_s), finished=finished)
    return streams
