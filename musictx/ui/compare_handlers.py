"""What happens on the Compare tab between Generate and the choice."""

from __future__ import annotations

import dataclasses
import logging
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from musictx.errors import MusictxError, SettingsError
from musictx.takes import ComposeSettings
from musictx.ui import text
from musictx.ui.compare_view import LETTERS, MASKS, Comparison, Side, side_names
from musictx.ui.compose_handlers import (
    ENDED,
    LEAST_GAP_S,
    NO_NOTE,
    STOPPED_EARLY,
    TAKE_SOUND,
    UNKNOWN,
    ComposeHandlers,
    idle,
)
from musictx.ui.controls import DEFAULT_CONTEXT_SECONDS, LARGEST_SEED, new_random_seed
from musictx.ui.downloads import all_files, first_files
from musictx.ui.forms import read_settings, read_sound
from musictx.ui.own_checkpoints import OwnCheckpoints
from musictx.ui.preferences import Votes, tally, vote
from musictx.ui.stage_view import Picture, safe_name

SIDE_INPUTS = 6  # temperature, top-k, top-p, focus, stay in key, checkpoint


class CompareHandlers:
    """Handlers of the tab, over those of Compose; a visitor's state travels in the Comparison.

    Args:
        music: whose queue, stop flags and studio are used: one visitor makes one thing at a time.
        own: knows the titles of a visitor's own checkpoints.
        by_lot: whether a blind comparison shows B first.
    """

    def __init__(
        self,
        music: ComposeHandlers,
        own: OwnCheckpoints,
        by_lot: Callable[[], bool] = lambda: bool(secrets.randbits(1)),
    ) -> None:
        self.music, self.own, self.by_lot = music, own, by_lot
        self.studio = music.studio

    def begin(self, picture: Picture, seconds: float, blind: bool, request: gr.Request) -> tuple[Any, ...]:
        """At once after the press, before the queue: (picture, stage, generate, stop, timer)."""
        begun, value, *others = self.music.begin(picture, seconds, request)
        return begun, {**value, "labels": list(MASKS if blind else LETTERS)}, *others

    def generate(
        self, picture: Picture, blind: bool, kept: Any, request: gr.Request, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Streams both: (comparison, stage, generate, stop, random seed); `values` as in CompareTab.settings."""
        session = str(request.session_hash)
        flag = self.music.visitors.current(session)
        try:
            begun = self._sides(kept, request, *values)
            sides = (begun[1], begun[0]) if blind and self.by_lot() else begun

            def permit(checkpoint: str) -> None:
                self.music.permit(checkpoint, kept, request)

            yield from self._stream(Comparison(picture, sides, blind, blind), permit, flag.is_set)
        except MusictxError as error:
            yield self._failed(picture, str(error))
        except Exception:
            logging.getLogger(__name__).exception("a comparison failed")
            yield self._failed(picture, UNKNOWN)
        finally:
            self.music.visitors.end(session, flag)

    def _sides(
        self,
        kept: Any,
        request: gr.Request,
        seconds: float,
        random_seed: float | None,
        same_seed: bool,
        *values: Any,
    ) -> tuple[Side, Side]:
        """A and B as the controls have them; SettingsError says whose value does not fit."""
        a_values, b_values = values[:SIDE_INPUTS], values[SIDE_INPUTS:]
        next_seed = random_seed if same_seed or random_seed is None else (random_seed + 1) % (LARGEST_SEED + 1)
        settings = [
            _side_settings("A", seconds, random_seed, *a_values),
            _side_settings("B", seconds, next_seed, *b_values),
        ]
        titles = self.own.titles(kept, request)
        known = [titles.get(each.checkpoint, each.checkpoint) for each in settings]
        names = side_names((settings[0], settings[1]), (known[0], known[1]))
        return Side("A", names[0], settings[0]), Side("B", names[1], settings[1])

    def _stream(
        self, shown: Comparison, permit: Callable[[str], None], stop: Callable[[], bool]
    ) -> Iterator[tuple[Any, ...]]:
        """Both grow side by side, then the seed is scored."""
        runs = [self._run(side, place + 1, shown.picture, permit, stop) for place, side in enumerate(shown.sides)]
        target_s, shown_at = shown.sides[0].settings.seconds, 0.0
        for place, side in in_step(runs):
            shown = shown.with_side(place, side)
            if time.monotonic() - shown_at < LEAST_GAP_S:
                continue
            shown_at = time.monotonic()
            seconds = min((each.seconds for each in shown.sides if not each.problem), default=0.0)
            words = text.progress(seconds, target_s)
            sides = (shown.sides[0].grown(finished=False), shown.sides[1].grown(finished=False))
            shown = shown.but(picture=shown.picture.but(target_s=target_s, status=words), sides=sides)
            yield gr.skip(), shown.value(), gr.update(value=words, interactive=False), gr.skip(), gr.skip()
        done = _finished(shown)
        yield done, done.value(), idle(), gr.update(interactive=False), new_random_seed()
        done = done.but(sides=self._scored(done))
        yield done, done.value(), gr.skip(), gr.skip(), gr.skip()

    def _run(
        self, side: Side, number: int, picture: Picture, permit: Callable[[str], None], stop: Callable[[], bool]
    ) -> Iterator[Side]:
        """One side as it grows; what goes wrong becomes its problem, and the other side goes on."""
        try:
            permit(side.settings.checkpoint)
            for progress in self.studio.compose(picture.seed, side.settings, stop):
                # The number goes into the file: it must be that of the place, not of the letter.
                take = dataclasses.replace(progress.takes[0], number=number)
                side = side.but(take=take, progress=progress)
                yield side
            if side.take is None or not len(side.take.continuation):
                yield side.but(take=None, problem=STOPPED_EARLY if stop() else NO_NOTE)
        except MusictxError as error:
            yield side.but(take=None, problem=str(error))
        except Exception:
            logging.getLogger(__name__).exception("one side of a comparison failed")
            yield side.but(take=None, problem=UNKNOWN)

    def _scored(self, done: Comparison) -> tuple[Side, Side]:
        """Both with the NLL of the seed under what made them; where that is the same, it is measured once."""
        found: dict[tuple[str, float], dict[str, Any]] = {}
        for side in done.sides:
            key = (side.settings.checkpoint, side.settings.sampling.focus)
            if side.take is not None and key not in found:
                try:
                    found[key] = {"score": self.studio.score(done.picture.seed, *key)}
                except MusictxError as error:
                    found[key] = {"unscored": str(error)}
        first, second = (
            side.but(**found.get((side.settings.checkpoint, side.settings.sampling.focus), {})) for side in done.sides
        )
        return first, second

    def _failed(self, picture: Picture, sentence: str) -> tuple[Any, ...]:
        """Neither side, and why: as `generate`."""
        return None, *self.music.failed(picture, sentence)[1:]

    def sound(self, comparison: Comparison | None, soundfont: str | None, room: float) -> Iterator[Any]:
        """Renders both, then the other formats: stage."""
        if comparison is None or comparison.picture.phase != "done":
            yield gr.skip()
            return
        shown, render = comparison, read_sound(soundfont, room)
        with tempfile.TemporaryDirectory(prefix="musictx-") as name:
            for place, side in enumerate(shown.sides):
                if side.take is not None:
                    stem = f"{safe_name(shown.picture.seed.name)}-{shown.label(place).lower()}"
                    files = first_files(self.studio, side.take, Path(name), stem, render)
                    shown = shown.with_side(place, side.but(files=files))
                    yield shown.value()
            shown = shown.but(picture=shown.picture.but(sounding=""))
            for place, side in enumerate(shown.sides):
                shown = shown.with_side(place, side.but(files=all_files(side.files)))
                yield shown.value()

    def prefer(self, comparison: Comparison | None, votes: Votes, event: gr.EventData) -> tuple[Any, ...]:
        """The visitor has chosen side 0, 1 or neither (-1): (comparison, votes, stage)."""
        asked = getattr(event, "side", None)
        if comparison is None or not comparison.hidden or asked not in (0, 1, -1):
            return gr.skip(), gr.skip(), gr.skip()
        place = None if asked == -1 else int(asked)
        votes = vote(votes, comparison.sides, place)
        words = "No preference" if place is None else f"You preferred {MASKS[place]}, {comparison.sides[place].name}"
        return comparison.but(hidden=False), votes, comparison.answer(words, tally(votes, comparison.sides))


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


def _finished(shown: Comparison) -> Comparison:
    """Both as far as they came. Without the one, there is nothing to choose and nothing to hide."""
    both = all(side.take for side in shown.sides)
    endings = [side.progress.ending for side in shown.sides if side.take and side.progress]
    ended = next((words for ending, words in ENDED.items() if ending in endings), "Finished")
    phase = "done" if endings else "failed"
    picture = shown.picture.but(phase=phase, status=ended if endings else "", sounding=TAKE_SOUND if endings else "")
    first, second = shown.sides if both else sorted(shown.sides, key=lambda side: side.letter)
    sides = (first.grown(finished=True), second.grown(finished=True))
    return shown.but(picture=picture, sides=sides, masked=shown.masked and both, hidden=shown.hidden and both)


def _side_settings(
    letter: str,
    seconds: float,
    random_seed: float | None,
    temperature: float,
    top_k: float,
    top_p: float,
    focus: float,
    stay_in_key: float,
    checkpoint: str | None,
) -> ComposeSettings:
    try:
        sampling = (temperature, top_k, top_p, focus, stay_in_key)
        return read_settings(*sampling, seconds, DEFAULT_CONTEXT_SECONDS, 1, random_seed, checkpoint)
    except SettingsError as error:
        raise SettingsError(f"{letter}: {error}") from error
