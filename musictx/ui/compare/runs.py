"""Two runs side by side: who comes next, and what they come to in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from musictx.ui.compare.view import Comparison, Side
from musictx.ui.compose.handlers import ENDED
from musictx.ui.player.picture import TAKE_SOUND, Picture


def in_step(runs: Sequence[Iterator[Side]]) -> Iterator[tuple[int, Side]]:
    """(place, side) of whichever run has come less far, so that both grow together."""
    going, reached = dict(enumerate(runs)), [0.0] * len(runs)
    while going:
        place = min(going, key=lambda each: reached[each])
        side = next(going[place], None)
        if side is None:
            del going[place]
            continue
        reached[place] = side.seconds
        yield place, side


def finished(picture: Picture, comparison: Comparison) -> Picture:
    """Both as far as they came. Without the one, there is nothing to choose and nothing to hide."""
    both = all(side.take for side in comparison.sides)
    endings = [side.progress.ending for side in comparison.sides if side.take and side.progress]
    ended = next((words for ending, words in ENDED.items() if ending in endings), "Finished")
    first, second = comparison.sides if both else sorted(comparison.sides, key=lambda side: side.letter)
    done = comparison.but(
        sides=(first.grown(finished=True), second.grown(finished=True)),
        masked=comparison.masked and both,
        hidden=comparison.hidden and both,
    )
    return picture.but(phase="done", comparison=done, status=ended, sounding=TAKE_SOUND)


def why_neither(shown: Comparison) -> str:
    """Why there is no music, of each side if the reasons differ."""
    first, second = (side.problem for side in shown.sides)
    return first if first == second else f"{shown.label(0)}: {first} {shown.label(1)}: {second}"
