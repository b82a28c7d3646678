"""Which of two a visitor preferred, blind, and how often: kept for one visit."""

from __future__ import annotations

from dataclasses import dataclass

from musictx.config import SamplingConfig
from musictx.ui.compare.view import Side

Contender = tuple[str, SamplingConfig, str]  # checkpoint and settings; the letter where these are the same


@dataclass(frozen=True)
class Vote:
    """One choice: between which two, and for which; None without a preference."""

    pair: frozenset[Contender]
    preferred: Contender | None


Votes = tuple[Vote, ...]


def contenders(sides: tuple[Side, Side]) -> tuple[Contender, Contender]:
    """What each side stands for, whichever letter it had and whatever the seed was."""
    first, second = ((side.settings.checkpoint, side.settings.sampling) for side in sides)
    letters = [side.letter if first == second else "" for side in sides]
    return (*first, letters[0]), (*second, letters[1])


def vote(votes: Votes, sides: tuple[Side, Side], place: int | None) -> Votes:
    """`votes` with one for the side at `place`, or for neither."""
    pair = contenders(sides)
    return (*votes, Vote(frozenset(pair), None if place is None else pair[place]))


def tally(votes: Votes, sides: tuple[Side, Side]) -> str:
    """All votes between these two: "Enhanced preferred 3 of 5, Original 1, no preference 1"."""
    pair = contenders(sides)
    cast = [each for each in votes if each.pair == frozenset(pair)]
    wins = [sum(each.preferred == contender for each in cast) for contender in pair]
    names = [contender[2] or side.name for contender, side in zip(pair, sides, strict=True)]
    (most, leader), (fewer, other) = sorted(zip(wins, names, strict=True), key=lambda row: -row[0])
    neither = sum(each.preferred is None for each in cast)
    parts = [f"{leader} preferred {most} of {len(cast)}"] if most else []
    parts += [f"{other} {fewer}"] if fewer else []
    parts += [f"no preference {neither} of {len(cast)}"] if neither else []
    return ", ".join(parts)
