"""What happens on the Compare tab between Generate and the choice."""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from musictx.config import LARGEST_SEED, ComposeSettings
from musictx.errors import MusictxError, SettingsError
from musictx.takes import Seed
from musictx.ui import text
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.browser_state.takes import keep
from musictx.ui.compare.runs import finished, in_step, why_neither
from musictx.ui.compare.view import MASKS, Comparison, Side, comparison_of, side_names
from musictx.ui.compare.votes import Votes, tally, vote
from musictx.ui.compose.handlers import (
    KEEP_EVERY_S,
    LEAST_GAP_S,
    NO_NOTE,
    STOPPED_EARLY,
    ComposeHandlers,
    after_run,
)
from musictx.ui.controls import generate_ready, new_random_seed
from musictx.ui.forms import OF_SIDE, named, read_settings, read_sound
from musictx.ui.player.desk import Desk, Press
from musictx.ui.player.downloads import all_files, first_files, is_complete
from musictx.ui.player.files import TakeFiles
from musictx.ui.player.picture import TAKE_SOUND, Picture
from musictx.ui.problems import sentence_of


class CompareHandlers:
    """Handlers of the tab, over those of Compose; a visitor's state is on the Desk.

    Args:
        music: whose queue, stop flags and studio are used.
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

    def begin(self, desk: Desk, blind: bool, kept: Any, request: gr.Request, *values: Any) -> tuple[Any, ...]:
        """At once after the press, before the queue: (stage, generate, stop, timer); `values`: CompareTab.settings."""
        try:
            sides = self._sides(kept, request, *values)
        except MusictxError as error:
            return self.music.told(desk, str(error)), gr.skip(), gr.skip(), gr.skip()
        order = (sides[1], sides[0]) if blind and self.by_lot() else sides
        waiting = Comparison(order, blind, blind)
        return self.music.started(desk, _session(request), waiting, sides[0].settings.seconds, comparison=waiting)

    def look(self, request: gr.Request) -> tuple[str, Any]:
        """Once a second while something is awaited: (hint, timer)."""
        return self.music.waits(_session(request))

    def generate(self, desk: Desk, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Streams both sides of the press that waits: (stage, generate, stop, random seed)."""

        def permit(checkpoint: str) -> None:
            self.music.permit(checkpoint, kept, request)

        def stream(picture: Picture, press: Press) -> Iterator[tuple[Any, ...]]:
            return self._stream(desk, picture, press, permit)

        yield from self.music.run(desk, _session(request), stream)

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
        a_values, b_values = (named(OF_SIDE, part) for part in (values[: len(OF_SIDE)], values[len(OF_SIDE) :]))
        next_seed = random_seed if same_seed or random_seed is None else (random_seed + 1) % (LARGEST_SEED + 1)
        settings = [
            _side_settings("A", seconds, random_seed, a_values),
            _side_settings("B", seconds, next_seed, b_values),
        ]
        titles = self.own.titles(kept, request)
        known = [titles.get(each.checkpoint, each.checkpoint) for each in settings]
        names = side_names((settings[0], settings[1]), (known[0], known[1]))
        return Side("A", names[0], settings[0]), Side("B", names[1], settings[1])

    def _stream(
        self, desk: Desk, picture: Picture, press: Press, permit: Callable[[str], None]
    ) -> Iterator[tuple[Any, ...]]:
        """Both grow side by side, then the seed is scored."""
        shown: Comparison = press.settings
        stop = press.stop.is_set
        runs = [self._run(side, place + 1, picture.seed, permit, stop) for place, side in enumerate(shown.sides)]
        shown_at = kept_at = time.monotonic()
        for place, side in in_step(runs):
            shown = shown.with_side(place, side)
            now = time.monotonic()
            if now - shown_at < LEAST_GAP_S:
                continue
            seconds = min((each.seconds for each in shown.sides if not each.problem), default=0.0)
            words = text.progress(seconds, picture.target_s)
            shown = shown.but(sides=(shown.sides[0].grown(finished=False), shown.sides[1].grown(finished=False)))
            growing = desk.change(picture.serial, partial(_with_comparison, comparison=shown, status=words))
            if growing is None:  # something else is on show: its run was told to stop
                break
            shown_at, value = now, growing.value()
            if now - kept_at > KEEP_EVERY_S:
                value, kept_at = {**value, "kept": keep(growing)}, now
            yield value, gr.update(value=words, interactive=False), gr.skip(), gr.skip()
        if not shown.takes:
            raise SettingsError(why_neither(shown))
        done = desk.change(picture.serial, partial(finished, comparison=shown))
        if done is None:
            yield after_run(desk)
            return
        yield {**done.value(), "kept": _kept_openly(done)}, *generate_ready(), new_random_seed()
        shown = self._scored(picture.seed, comparison_of(done) or shown)
        done = desk.change(picture.serial, partial(_with_comparison, comparison=shown))
        if done is not None:
            yield done.value(), gr.skip(), gr.skip(), gr.skip()

    def _run(
        self, side: Side, number: int, seed: Seed, permit: Callable[[str], None], stop: Callable[[], bool]
    ) -> Iterator[Side]:
        """One side as it grows; what goes wrong becomes its problem, and the other side goes on."""
        try:
            permit(side.settings.checkpoint)
            for progress in self.studio.compose(seed, side.settings, stop):
                # The number goes into the file: it must be that of the place, not of the letter.
                take = dataclasses.replace(progress.takes[0], number=number)
                side = side.but(take=take, progress=progress)
                yield side
            if side.take is None or not len(side.take.continuation):
                yield side.but(take=None, problem=STOPPED_EARLY if stop() else NO_NOTE)
        except Exception as error:
            yield side.but(take=None, problem=sentence_of(error, "one side of a comparison failed"))

    def _scored(self, seed: Seed, shown: Comparison) -> Comparison:
        """Both with the NLL of the seed under what made them; where that is the same, it is measured once."""
        found: dict[tuple[str, float], dict[str, Any]] = {}
        for side in shown.sides:
            key = (side.settings.checkpoint, side.settings.sampling.focus)
            if side.take is not None and key not in found:
                try:
                    found[key] = {"score": self.studio.score(seed, *key)}
                except MusictxError as error:
                    found[key] = {"unscored": str(error)}
        first, second = (
            side.but(**found.get((side.settings.checkpoint, side.settings.sampling.focus), {})) for side in shown.sides
        )
        return shown.but(sides=(first, second))

    def sound(self, desk: Desk, soundfont: str | None, room: float) -> Iterator[Any]:
        """Renders both, then the other formats: stage."""
        picture = desk.picture
        shown = comparison_of(picture)
        if shown is None or picture.phase != "done":
            yield gr.skip()
            return
        made = [(place, side) for place, side in enumerate(shown.sides) if side.take is not None]
        if all(is_complete(side.files) for _, side in made):
            yield gr.skip()
            return
        render = read_sound(soundfont, room)
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            files = {}
            for place, side in made:
                stem = shown.stem(picture.seed.name, place)
                assert side.take is not None
                take = dataclasses.replace(side.take, is_blind=shown.masked)  # as the names of its files
                files[place] = first_files(self.studio, take, Path(folder), stem, render)
                yield from _told(desk, picture.serial, place, files[place], sounding=TAKE_SOUND)
            for place, written in files.items():
                yield from _told(desk, picture.serial, place, all_files(written, Path(folder)), sounding="")

    def prefer(self, desk: Desk, votes: Votes, event: gr.EventData) -> tuple[Any, ...]:
        """The visitor has chosen side 0, 1 or neither (-1): (votes, stage)."""
        asked, picture = getattr(event, "side", None), desk.picture
        shown = comparison_of(picture)
        if shown is None or picture.phase != "done" or not shown.hidden or asked not in (0, 1, -1):
            return gr.skip(), gr.skip()
        place = None if asked == -1 else int(asked)
        opened = desk.change(picture.serial, partial(_with_comparison, comparison=shown.but(hidden=False)))
        if opened is None:
            return gr.skip(), gr.skip()
        votes = vote(votes, shown.sides, place)
        words = "No preference" if place is None else f"You preferred {MASKS[place]}, {shown.sides[place].name}"
        answer = shown.answer(picture.serial, words, tally(votes, shown.sides))
        return votes, {**answer, "kept": keep(opened)}

    def stop(self, request: gr.Request) -> Any:
        """Asks this visitor's comparison to end; what there is stays."""
        self.music.stop_flags.stop(_session(request))
        return gr.update(interactive=False)

    def recover(self, desk: Desk, request: gr.Request) -> tuple[Any, ...]:
        """The press never reached `generate`: (stage, generate, stop)."""
        self.music.stop_flags.leave(_session(request))
        return self.music.turned_away(desk)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for its music."""
        self.music.stop_flags.leave(_session(request))


def _session(request: gr.Request) -> str:
    """The tab's own place among the runs: what is generated on the Compose tab goes on beside it."""
    return f"compare-{request.session_hash}"


def _with_comparison(picture: Picture, comparison: Comparison, **changes: Any) -> Picture:
    return picture.but(comparison=comparison, **changes)


def _told(desk: Desk, serial: float, place: int, files: TakeFiles, sounding: str) -> Iterator[Any]:
    """One side's files on show, unless another picture is."""

    def edit(picture: Picture) -> Picture:
        shown = comparison_of(picture)
        assert shown is not None
        return picture.but(comparison=shown.with_side(place, shown.sides[place].but(files=files)), sounding=sounding)

    present = desk.change(serial, edit)
    if present is not None:
        yield present.value()


def _kept_openly(done: Picture) -> list[dict[str, Any]]:
    """The record of a finished comparison; of a hidden one only once the visitor has chosen: it names the settings."""
    return [] if done.would_be_lost else keep(done)


def _side_settings(letter: str, seconds: float, random_seed: float | None, own: dict[str, Any]) -> ComposeSettings:
    try:
        return read_settings({**own, "seconds": seconds, "random_seed": random_seed})
    except SettingsError as error:
        raise SettingsError(f"{letter}: {error}") from error
