"""What the studio takes and gives: seeds, settings, takes and their progress, as plain values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from musictx.config import ComposeSettings, SamplingConfig
from musictx.midi.bars import Bars
from musictx.midi.codec import encode
from musictx.midi.files import Recording
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import Sharing
from musictx.midi.passages import N_GRAM

# Of a long seed only the end is heard and drawn: rendering ten minutes to hear thirty seconds
# of continuation would make everybody wait. The MIDI file keeps all of it.
AUDIBLE_SEED_S = 60.0


@dataclass(frozen=True)
class BuiltInSeed:
    """A seed that comes with the program; `credit` names composer or author and licence."""

    id: str
    title: str
    style: str
    credit: str
    path: Path


@dataclass(frozen=True)
class Seed:
    """A seed as read: its name for file names and titles, what its file held, and the file's bytes."""

    name: str
    recording: Recording
    file: bytes = field(default=b"", repr=False)

    @property
    def digest(self) -> str:
        """The same for the same file, whatever it is called."""
        return file_digest(self.file)


def file_digest(content: bytes) -> str:
    """16 hexadecimal digits that tell one file's content from another's."""
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class Edit:
    """One change of a range of a take after it was made; times in seconds of the take.

    kind: "redo", "delete", "extend" (written on from `start_s`, what came after it is gone), "without seed" (of which
        the seed was taken away: what began at `end_s` begins at 0), or "note" (one that began at `start_s` moved or
        taken away). candidate: the number of the one that was taken, in the order of drawing, of `candidates`;
        sampling, random_seed and checkpoint as in `ComposeSettings`. What needs no network has none of them.
    """

    kind: str
    start_s: float
    end_s: float
    candidates: int = 0
    candidate: int = 0
    sampling: SamplingConfig | None = None
    random_seed: int = 0
    checkpoint: str = ""


@dataclass(frozen=True, eq=False)
class Take:
    """One variation, finished or as far as it has come.

    seed: notes of the whole seed. continuation: the new notes, at absolute times from `join_s`,
    where the seed ends, on. tokens: of the continuation. stopped: whether it was ended before its
    length was reached. tempo_bpm: of the seed, and bars: its tempo map and signatures, if its file had them; for the
    bar lines of whoever opens the MIDI file. seed_end_s: where the seed ends if a rest closes it, as `Recording.end_s`.
    engine: what made it, for people; "" if nobody knows. edits: what was done to it since, in order.
    end_s: where it ends, if that is not with its notes or at the length asked for.
    name: what the visitor calls it, "" for nothing. is_favourite: whether they have marked it.
    branch: tells takes of one number apart, "" for the first of them; see `label`.
    is_blind: its files must not tell what made it, since somebody is to judge it without knowing.
    """

    number: int
    seed: NoteSequence
    continuation: NoteSequence
    join_s: float
    tokens: int
    settings: ComposeSettings
    stopped: bool
    tempo_bpm: float = 120.0
    bars: Bars | None = None
    seed_end_s: float = 0.0
    engine: str = ""
    edits: tuple[Edit, ...] = ()
    end_s: float | None = None
    branch: str = ""
    name: str = ""
    is_favourite: bool = False
    is_blind: bool = False

    @property
    def label(self) -> str:
        """What people call it: "1", and "1b", "1c" what was made of it."""
        return f"{self.number}{self.branch}"

    @property
    def length_s(self) -> float:
        """Where the take ends: with its last note, or at the length asked for if that is later and was reached."""
        asked_s = self.join_s + (0.0 if self.stopped else self.settings.seconds)
        return max(self.notes.duration_s, asked_s if self.end_s is None else self.end_s)

    def without_seed(self) -> Take:
        """The continuation alone, from 0 s on."""
        made = replace(
            self,
            seed=NoteSequence.empty(),
            continuation=self.new_notes,
            join_s=0.0,
            seed_end_s=0.0,
            end_s=self.length_s - self.join_s,
            bars=self.bars_of_continuation(),
        )
        return replace(made, edits=(*self.edits, Edit("without seed", 0.0, self.join_s)))

    def edited(self, notes: NoteSequence, edit: Edit) -> Take:
        """The same take with other `notes`, seed and continuation together, which `edit` has made."""
        in_seed = notes.start_s < self.join_s
        continuation = notes.select(~in_seed)
        return replace(
            self,
            seed=notes.select(in_seed),
            continuation=continuation,
            tokens=int(encode(continuation.shifted(-self.join_s)).size),
            edits=(*self.edits, edit),
        )

    @property
    def notes(self) -> NoteSequence:
        """Seed and continuation together."""
        return self.seed.followed_by(self.continuation)

    @property
    def new_notes(self) -> NoteSequence:
        """The continuation alone, from 0 s at the join."""
        return self.continuation.shifted(-self.join_s)

    @property
    def audible_from_s(self) -> float:
        """Where in the seed listening begins."""
        return max(0.0, self.join_s - AUDIBLE_SEED_S)

    @property
    def audible_join_s(self) -> float:
        """`join_s` counted from there."""
        return self.join_s - self.audible_from_s

    def bars_of_notes(self) -> Bars:
        """The bars under `notes`: those of the seed, and from the join on its usual tempo."""
        return Bars.steady(self.tempo_bpm) if self.bars is None else self.bars.and_tempo(self.join_s, self.tempo_bpm)

    def bars_of_continuation(self) -> Bars:
        """The bars under the new notes alone, counted from the join."""
        return self.bars_of_notes().from_second(self.join_s)

    def audible(self) -> NoteSequence:
        """What is heard and drawn: at most the last minute of the seed, and the continuation, from 0 s."""
        notes = self.notes
        return notes.select(notes.start_s >= self.audible_from_s).shifted(-self.audible_from_s)


@dataclass(frozen=True, eq=False)
class Redo:
    """How far redoing a range has come.

    takes: the take with each candidate so far, best first: the first is the result. nll: of each, nats a token of what
    follows the range given all before it; None where nothing follows, and the order is that of drawing.
    of: how many candidates there will be. ending, engine, remark: as in `Progress`; after "too dense" and after
    "stopped" there may be no take, and the old one stays.
    """

    takes: tuple[Take, ...]
    nll: tuple[float | None, ...]
    of: int
    ending: str = ""
    engine: str = ""
    remark: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return bool(self.ending)


@dataclass(frozen=True, eq=False)
class Progress:
    """How far composing has come.

    takes: each variation so far. seconds: of music that all of them have, of `target_seconds`.
    tokens: of all together. first_note_s: from the call to the first new note, None before it.
    ending: "" while more comes, then "finished", "stopped" or "too dense" (cut short because the model
    struck keys without letting time pass). engine, remark: for people, see `generation.tokens.Drawn`.
    """

    takes: tuple[Take, ...]
    seconds: float
    target_seconds: float
    tokens: int
    tokens_per_second: float
    first_note_s: float | None
    ending: str = ""
    engine: str = ""
    remark: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing more comes."""
        return bool(self.ending)


def sharing_sentence(sharing: Sharing) -> str:
    """What a take shares with the training data, for people: "longest passage shared …: 9 notes (…: 11)"."""
    longest = sharing.longest
    if not longest.notes:
        return f"no passage of more than {N_GRAM} notes shared with the training data"
    usual = f"{sharing.usual} notes" if sharing.usual else f"{N_GRAM} or fewer"
    at = f"{int(longest.start_s) // 60}:{int(longest.start_s) % 60:02}"
    found = f"longest passage shared with the training data: {longest.notes} notes at {at}"
    return f"{found} (usual between real pieces: {usual})"


def sharing_facts(sharing: Sharing) -> dict[str, float | int | bool]:
    """The same for programs; times in seconds."""
    return {
        "notes": sharing.longest.notes,
        "start_s": round(sharing.longest.start_s, 2),
        "end_s": round(sharing.longest.end_s, 2),
        "usual_notes": sharing.usual,
        "high_notes": sharing.high,
        "remarkable": sharing.remarkable,
    }
