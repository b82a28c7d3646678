"""What the Compare tab shows, as one plain value for the browser (read by compare.js)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from musictx.config import ComposeSettings
from musictx.generation.score import SeedScore
from musictx.takes import Progress, Take
from musictx.ui import text
from musictx.ui.forms import sampling_words
from musictx.ui.player.files import TakeFiles, files_value, safe_name
from musictx.ui.player.packing import NoteStream, pack
from musictx.ui.player.picture import Picture, heard_seed, take_facts

LETTERS = ("A", "B")  # whose settings; on show as well while nothing is hidden
MASKS = ("X", "Y")  # what the two are called until the visitor has chosen


@dataclass(frozen=True)
class Side:
    """One of the two: what it is made with, and what has come of it.

    letter: A or B, whose controls set it. name: in words, of what tells the two apart. problem: why there is no music.
    score: NLL of the seed under its checkpoint, once measured; `unscored` says why there is none.
    """

    letter: str
    name: str
    settings: ComposeSettings
    take: Take | None = None
    stream: NoteStream = field(default_factory=NoteStream)
    progress: Progress | None = None
    score: SeedScore | None = None
    unscored: str = ""
    files: TakeFiles = field(default_factory=TakeFiles)
    problem: str = ""

    @property
    def seconds(self) -> float:
        """Of new music so far."""
        return self.progress.seconds if self.progress else 0.0

    def but(self, **changes: Any) -> Side:
        """The same with some fields changed."""
        return replace(self, **changes)

    def grown(self, finished: bool) -> Side:
        """The same with its stream brought up to its take."""
        if self.take:
            self.stream.update(self.take.continuation.shifted(-self.take.audible_from_s), finished=finished)
        return self

    def named(self, label: str) -> dict[str, str]:
        """What tells who it is; everything in it is kept back while a comparison is blind."""
        return {
            "label": label,
            "name": self.name,
            "facts": take_facts(self.take, self.progress) if self.take else "",
            "score": score_sentence(self.score) if self.score else self.unscored,
        }


@dataclass(frozen=True)
class Comparison:
    """One state of the tab.

    sides: in the order on show, which is drawn by lot when blind. masked: whether it was made blind. hidden: whether
    the visitor has still to choose. Seed, phase and how far both are stand in the Picture that holds it.
    """

    sides: tuple[Side, Side]
    masked: bool = False
    hidden: bool = False

    def but(self, **changes: Any) -> Comparison:
        """The same with some fields changed."""
        return replace(self, **changes)

    def with_side(self, place: int, side: Side) -> Comparison:
        """The same with one side changed."""
        return self.but(sides=(side, self.sides[1]) if place == 0 else (self.sides[0], side))

    @property
    def takes(self) -> tuple[Take, ...]:
        """What has been made so far."""
        return tuple(side.take for side in self.sides if side.take)

    def label(self, place: int) -> str:
        """What a side is called on show."""
        return MASKS[place] if self.masked else self.sides[place].letter

    def stem(self, seed_name: str, place: int) -> str:
        """What a side's downloads are called, before their suffix; made blind it tells nothing but the mask."""
        settings = self.sides[place].settings
        parts = [safe_name(seed_name), self.label(place).lower()]
        if not self.masked:
            parts.append(safe_name(settings.checkpoint))
        if not self.masked or len({side.settings.random_seed for side in self.sides}) == 1:
            parts.append(f"seed{settings.random_seed}")
        return "-".join(parts)

    def value(self, picture: Picture) -> dict[str, Any]:
        """What `picture.value()` has beyond its own; of a hidden comparison nothing that tells which side is which."""
        seed_notes, join_s = heard_seed(picture.seed.recording.notes, self.takes)
        shown = {"seed": pack(seed_notes), "join_s": float(join_s), "hidden": self.hidden}
        live = {"working": "Generating both.", "done": "Both are there."}.get(picture.phase, "")
        return {**shown, "live": live, "sides": [self._side(picture, place) for place in (0, 1)]}

    def answer(self, serial: float, preferred: str, tally: str) -> dict[str, Any]:
        """Who is who, for what is on show already under that serial."""
        sides = [side.named(f"{mask} was {side.letter}") for mask, side in zip(MASKS, self.sides, strict=True)]
        words = f"{preferred}. {tally}."
        return {"phase": "answer", "serial": serial, "sides": sides, "words": words}

    def _side(self, picture: Picture, place: int) -> dict[str, Any]:
        side, done = self.sides[place], picture.phase == "done"
        blank = {"label": self.label(place), "name": "", "facts": "", "score": ""}
        # Who is quicker would tell: of two hidden sides both stand where the slower one is.
        seconds = min(each.seconds for each in self.sides) if self.hidden else side.seconds
        continuation = side.take.continuation if side.take else None
        return {
            **(blank if self.hidden else side.named(self.label(place))),
            "notes": side.stream.settled,
            "open": side.stream.open,
            "reached_s": float(seconds),
            "made": bool(side.take),
            "summary": text.summary(picture.seed.name, picture.seed.recording.notes, continuation) if done else "",
            "problem": side.problem,
            **files_value(side.files),
        }


def side_names(settings: tuple[ComposeSettings, ComposeSettings], titles: tuple[str, str]) -> tuple[str, str]:
    """What each side is called: its checkpoint, and its settings where they differ."""
    alike = settings[0].sampling == settings[1].sampling
    numbers = settings[0].random_seed != settings[1].random_seed

    def name(place: int) -> str:
        parts = [titles[place]]
        if not alike:
            parts.append(sampling_words(settings[place].sampling))
        if numbers:
            parts.append(f"random seed {settings[place].random_seed}")
        return " · ".join(parts)

    return name(0), name(1)


def score_sentence(score: SeedScore) -> str:
    """The NLL of the seed in figures, and of how much of it."""
    whole = score.tokens == score.of_tokens
    read = f"{score.tokens:,} tokens" if whole else f"the first {score.tokens:,} of {score.of_tokens:,} tokens"
    figures = f"{score.per_token:.3f} nats a token, {score.per_note:.2f} a note, {score.per_second:.1f} a second"
    return f"NLL of the seed: {figures} · {read}"


def comparison_of(picture: Picture) -> Comparison | None:
    """What of a comparison is on show; None where nothing is compared yet."""
    return picture.comparison if isinstance(picture.comparison, Comparison) else None
