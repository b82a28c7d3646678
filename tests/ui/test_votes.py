"""Votes of one visit, and how they are told."""

from __future__ import annotations

from musictx.config import SAMPLING_PRESETS, ComposeSettings
from musictx.ui.compare.view import Side
from musictx.ui.compare.votes import Votes, tally, vote


def side(letter: str, checkpoint: str, preset: str = "balanced", random_seed: int = 1) -> Side:
    """Called as its checkpoint is."""
    settings = ComposeSettings(SAMPLING_PRESETS[preset], checkpoint=checkpoint, random_seed=random_seed)
    return Side(letter, checkpoint, settings)


def cast(*places: int | None, sides: tuple[Side, Side]) -> Votes:
    """Votes one after another."""
    votes: Votes = ()
    for place in places:
        votes = vote(votes, sides, place)
    return votes


def test_a_tally_counts_the_pair_whatever_its_order_and_random_seed() -> None:
    sides = side("A", "enhanced"), side("B", "original")
    turned = side("A", "original", random_seed=9), side("B", "enhanced", random_seed=9)
    votes = cast(0, 0, 1, None, sides=sides)
    assert tally(votes, sides) == "enhanced preferred 2 of 4, original 1, no preference 1 of 4"
    votes = vote(votes, turned, 1)
    assert tally(votes, turned) == "enhanced preferred 3 of 5, original 1, no preference 1 of 5"


def test_other_settings_are_another_pair() -> None:
    sides = side("A", "enhanced"), side("B", "original")
    other = side("A", "enhanced", "creative"), side("B", "original")
    votes = vote(cast(0, 0, sides=sides), other, 1)
    assert tally(votes, other) == "original preferred 1 of 1"


def test_two_alike_are_told_by_their_letters() -> None:
    sides = side("A", "enhanced", random_seed=1), side("B", "enhanced", random_seed=2)
    assert tally(cast(1, 1, 0, sides=sides), sides) == "B preferred 2 of 3, A 1"
    assert tally(cast(None, sides=sides), sides) == "no preference 1 of 1"
