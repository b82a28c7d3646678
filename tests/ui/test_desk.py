"""Late answers change nothing: what a visitor chose last is what is on show, on the server as in the browser."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.midi.files import write_midi
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compare.handlers import CompareHandlers
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.player.desk import Desk
from musictx.ui.seed.handlers import INTERRUPTED, SeedHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.fake_studio import broken_chords
from tests.ui.pressed import on_compose, on_side

PRESSED: dict[str, Any] = {"stay_in_key": 0.5, "seconds": 60, "variations": 2, "random_seed": 7}
VALUES = on_compose(**PRESSED)
SIDE = on_side()
REQUEST: Any = SimpleNamespace(session_hash="me", username=None)
SILENCE = tuple(gr.skip() for _ in range(4))


@pytest.fixture
def seeds(fake_studio: Any) -> SeedHandlers:
    return SeedHandlers(fake_studio)


@pytest.fixture
def music(fake_studio: Any, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)


@pytest.fixture
def desk(seeds: SeedHandlers) -> Desk:
    return Desk(seeds.first_picture())


def steps(music: ComposeHandlers, desk: Desk) -> Any:
    """A run that has shown its first notes."""
    music.studio.pace = 60  # type: ignore[attr-defined]
    music.begin(desk, REQUEST, *VALUES)
    run = music.generate(desk, None, REQUEST)
    next(run)
    return run


@pytest.mark.parametrize("how", ["picked", "brought"])
def test_a_seed_chosen_in_the_middle_of_a_run_stays(
    seeds: SeedHandlers, music: ComposeHandlers, desk: Desk, tmp_path: Path, how: str
) -> None:
    run = steps(music, desk)
    if how == "picked":
        answer = seeds.choose("waltz", desk, 60)
    else:
        answer = seeds.take_upload(str(write_midi(broken_chords(1), tmp_path / "idea.mid")), desk, 60)
    chosen = desk.picture
    _, value, _, generate, stop = answer
    assert generate["interactive"] and not stop["interactive"]
    assert value["hint"] == value["live"] == INTERRUPTED
    (kept,) = value["kept"]
    assert kept["title"] == "Prelude" and "random seed 7" in kept["facts"]

    late = list(run)
    assert [answer[0] for answer in late] == [gr.skip()] and late[0][1]["interactive"]
    assert desk.picture is chosen and desk.picture.seed.name != "Prelude"
    assert music.stop_flags.ahead("me") == 0 and not music.stop_flags.current("me").is_set()

    music.begin(desk, REQUEST, *VALUES)  # and is what the next press continues
    *_, last = music.generate(desk, None, REQUEST)
    assert last[0]["title"] == chosen.seed.name and desk.picture.takes[0].seed == chosen.seed.recording.notes


def test_a_seed_chosen_while_the_run_waits_is_not_continued_unasked(
    seeds: SeedHandlers, music: ComposeHandlers, desk: Desk
) -> None:
    music.begin(desk, REQUEST, *VALUES)
    seeds.choose("waltz", desk, 60)
    answers = list(music.generate(desk, None, REQUEST))
    assert [answer[0] for answer in answers] == [gr.skip()] and desk.picture.phase == "seed"


def test_a_press_is_made_once_with_its_own_settings(seeds: SeedHandlers, music: ComposeHandlers, desk: Desk) -> None:
    music.begin(desk, REQUEST, *VALUES)
    seeds.choose("waltz", desk, 60)
    music.begin(desk, REQUEST, *on_compose(temperature=1.1, stay_in_key=0.5, seconds=5, random_seed=8))
    first, second = (list(music.generate(desk, None, REQUEST)) for _ in range(2))  # the two presses come in turn
    assert first[-1][0]["phase"] == "done" and second == [(gr.skip(), first[-1][1], first[-1][2], gr.skip())]
    (take,) = desk.picture.takes
    assert (take.settings.random_seed, take.settings.seconds, take.settings.sampling.temperature) == (8, 5, 1.1)


def test_a_refused_file_does_not_disturb_a_run(seeds: SeedHandlers, music: ComposeHandlers, desk: Desk) -> None:
    run = steps(music, desk)
    event: Any = SimpleNamespace(name="song.mp3", bytes=10)
    told = seeds.refuse(desk, event)
    assert told["phase"] == "working" and "does not end in .mid" in told["problem"]["text"]
    *_, last = run
    assert last[0]["phase"] == "done" and last[0]["problem"]["key"] == told["problem"]["key"]


def test_sound_that_comes_late_is_not_shown(seeds: SeedHandlers, music: ComposeHandlers, desk: Desk) -> None:
    music.begin(desk, REQUEST, *VALUES)
    list(music.generate(desk, None, REQUEST))
    rendering = music.sound(desk, None, 0.2)
    next(rendering)
    seeds.choose("waltz", desk, 60)
    assert list(rendering) == [] and not desk.picture.files


@pytest.fixture
def comparing(music: ComposeHandlers, fake_workshop: Any) -> CompareHandlers:
    return CompareHandlers(music, OwnCheckpoints(fake_workshop))


@pytest.mark.parametrize("blind", [False, True])
def test_compare_keeps_the_seed_that_was_chosen_last(
    seeds: SeedHandlers, comparing: CompareHandlers, desk: Desk, blind: bool
) -> None:
    comparing.begin(desk, blind, None, REQUEST, 60, 7, True, *SIDE, *SIDE)
    comparing.studio.pace = 60  # type: ignore[attr-defined]
    run = comparing.generate(desk, None, REQUEST)
    next(run)
    _, value, *_ = seeds.choose("waltz", desk, 60)
    assert [kept["title"] for kept in value["kept"]] == ["Prelude"]
    assert [answer[0] for answer in run] == [gr.skip()]
    assert desk.picture.comparison is None and desk.picture.seed.name == "Waltz"


def test_a_vote_on_what_is_no_longer_there_does_not_count(
    seeds: SeedHandlers, comparing: CompareHandlers, desk: Desk
) -> None:
    comparing.begin(desk, True, None, REQUEST, 10, 7, True, *SIDE, *SIDE)
    *_, last = comparing.generate(desk, None, REQUEST)
    assert last[0]["hidden"] and "kept" not in last[0]
    value = seeds.choose("waltz", desk, 60)[1]
    assert [kept["title"] for kept in value["kept"]] == ["Prelude"]  # given up, not lost
    event: Any = SimpleNamespace(side=0)
    assert comparing.prefer(desk, (), event) == (gr.skip(), gr.skip())


def test_both_tabs_of_a_visitor_go_on_beside_each_other(
    seeds: SeedHandlers, music: ComposeHandlers, comparing: CompareHandlers, desk: Desk
) -> None:
    run, other = steps(music, desk), Desk(seeds.first_picture())
    comparing.begin(other, False, None, REQUEST, 10, 7, True, *SIDE, *SIDE)
    both = list(comparing.generate(other, None, REQUEST))
    comparing.stop(REQUEST)
    *_, mine = run
    assert both[-1][0]["phase"] == mine[0]["phase"] == "done"
    assert mine[0]["status"].startswith("Finished") and both[-1][0]["status"] == "Finished"


def test_a_tab_where_nothing_was_chosen_shows_the_other_tabs_seed(
    seeds: SeedHandlers, desk: Desk, tmp_path: Path
) -> None:
    other = Desk(desk.picture)
    assert seeds.meet(other, desk, 60) == (gr.skip(),) * 5
    picker = seeds.take_upload(str(write_midi(broken_chords(1), tmp_path / "idea.mid")), desk, 60)[0]
    followed = seeds.meet(other, desk, 60)
    assert followed[0] == picker and followed[1]["title"] == other.picture.seed.name == "idea"
    assert seeds.meet(other, desk, 60) == (gr.skip(),) * 5  # it is on show
    seeds.choose("waltz", desk, 60)
    assert seeds.meet(other, desk, 60)[1]["title"] == "Waltz"  # still nothing was chosen here


def test_a_tab_with_a_seed_of_its_own_offers_the_other_tabs_file(
    seeds: SeedHandlers, desk: Desk, tmp_path: Path
) -> None:
    other = Desk(desk.picture)
    seeds.choose("waltz", other, 60)
    picker = seeds.take_upload(str(write_midi(broken_chords(1), tmp_path / "idea.mid")), desk, 60)[0]
    before = other.picture
    offered = seeds.meet(other, desk, 60)
    assert offered[0] == gr.update(choices=picker["choices"]) and offered[1:] == (gr.skip(),) * 4
    assert other.picture.serial == before.serial and other.picture.seed is before.seed
    assert seeds.choose(picker["value"], other, 60)[1]["title"] == "idea"


def test_each_session_has_a_desk_of_its_own(seeds: SeedHandlers, desk: Desk) -> None:
    mine, yours = copy.deepcopy(desk), copy.deepcopy(desk)
    seeds.choose("waltz", mine, 60)
    assert yours.picture is desk.picture and yours.is_untouched and not mine.is_untouched


def test_serials_rise_whatever_the_clock_does(seeds: SeedHandlers, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = desk.picture.serial
    monkeypatch.setattr("time.time", lambda: before - 3600)
    serials = [seeds.choose(name, desk, 60)[1]["serial"] for name in ("waltz", "prelude", "waltz")]
    assert before < serials[0] < serials[1] < serials[2] == json.loads(json.dumps(serials[2]))
