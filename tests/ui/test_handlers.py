"""What the page's handlers answer, without a page."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.errors import AudioError, CheckpointError
from musictx.midi.files import write_midi
from musictx.studio import Studio
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.page import launch_options
from musictx.ui.player.desk import Desk
from musictx.ui.player.files import safe_name
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.warm_up import WarmUp
from musictx.workshop.policy import TrainingPolicy, WorkshopLimits
from tests.ui.fake_studio import broken_chords
from tests.ui.fake_workshop import FakeWorkshop
from tests.ui.pressed import on_compose

PRESSED: dict[str, Any] = {"stay_in_key": 0.5, "seconds": 10, "variations": 2, "random_seed": 7}
VALUES = on_compose(**PRESSED)
REQUEST: Any = SimpleNamespace(session_hash="me")


@pytest.fixture
def seeds(fake_studio: Any) -> SeedHandlers:
    return SeedHandlers(fake_studio)


@pytest.fixture
def music(fake_studio: Any, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)


@pytest.fixture
def desk(seeds: SeedHandlers) -> Desk:
    return Desk(seeds.first_picture())


def composed(music: ComposeHandlers, desk: Desk, values: tuple[Any, ...] = VALUES) -> list[tuple[Any, ...]]:
    """Everything one press of Generate shows."""
    begun = music.begin(desk, REQUEST, *values)
    return [(begun[0], begun[1], begun[2], None), *music.generate(desk, None, REQUEST)]


def upload(seeds: SeedHandlers, desk: Desk, path: Path) -> tuple[Any, ...]:
    """In this order: picker, stage, report, generate, stop."""
    return seeds.take_upload(str(path), desk, 60)


def test_every_picture_is_plain_json(music: ComposeHandlers, desk: Desk) -> None:
    # numpy numbers would reach the browser as strings
    for answer in composed(music, desk):
        assert json.loads(json.dumps(answer[0])) == answer[0]


def test_generation_ends_with_takes_and_another_random_seed(music: ComposeHandlers, desk: Desk) -> None:
    *_, (value, button, stop, random_seed) = composed(music, desk)
    assert (value["phase"], len(value["takes"]), desk.picture.phase) == ("done", 2, "done")
    assert value["takes"][0]["facts"].startswith("10 s of music") and "random seed 7" in value["takes"][1]["facts"]
    assert button["value"] == "Generate" and button["interactive"] and not stop["interactive"]
    assert random_seed != 7
    assert value["join_s"] == pytest.approx(desk.picture.takes[0].join_s)


def test_stop_before_the_turn_ends_at_once(music: ComposeHandlers, desk: Desk) -> None:
    music.begin(desk, REQUEST, *VALUES)
    music.stop(REQUEST)
    answers = list(music.generate(desk, None, REQUEST))
    assert len(answers) == 1
    assert answers[0][0]["status"].startswith("Stopped")


@pytest.mark.parametrize("error", [CheckpointError("weights are damaged. Fetch them again."), ZeroDivisionError("!")])
@pytest.mark.parametrize("made_before", [False, True])
def test_a_failure_leaves_what_was_there_and_says_what_to_do(
    music: ComposeHandlers, desk: Desk, error: Exception, made_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise error

    if made_before:
        composed(music, desk)
        list(music.sound(desk, None, 0.2))
    before = desk.picture
    monkeypatch.setattr(music.studio, "compose", fail)
    value, button, *_ = composed(music, desk)[-1]
    assert value["phase"] == before.phase and desk.picture.seed is before.seed and button["interactive"]
    assert desk.picture.takes == before.takes and desk.picture.files == before.files
    assert value["piece"] == before.piece_id and value["serial"] > before.serial
    expected = str(error) if isinstance(error, CheckpointError) else "terminal"
    assert expected in value["problem"]["text"]
    assert music.stop_flags.ahead("someone") == 0 and not music.stop_flags.current("me").is_set()


def test_settings_out_of_range_are_a_sentence_and_nothing_begins(music: ComposeHandlers, desk: Desk) -> None:
    before = desk.picture
    answers = composed(music, desk, on_compose(**PRESSED, temperature=9.0))
    assert "temperature" in answers[0][0]["problem"]["text"] and answers[0][0]["phase"] == "seed"
    assert answers[1][1]["interactive"] and len(answers) == 2
    assert desk.picture.serial == before.serial


def test_a_failed_press_is_said_once_and_a_closed_problem_stays_closed(music: ComposeHandlers, desk: Desk) -> None:
    first, second = (
        composed(music, desk, on_compose(**PRESSED, temperature=9.0))[0][0]["problem"]["key"] for _ in range(2)
    )
    assert first != second


def test_sound_comes_first_for_listening_then_for_downloading(music: ComposeHandlers, desk: Desk) -> None:
    composed(music, desk)
    values = list(music.sound(desk, None, 0.2))
    assert values[0]["takes"][0]["audio"] and not values[0]["takes"][1]["audio"]
    assert all(file["data"] for take in values[-1]["takes"] for file in take["files"])
    assert values[-1]["zip"]["data"] and values[-1]["sounding"] == ""
    assert values[-1]["takes"][1]["files"][0]["name"] == "prelude-take-2-seed7.mid"
    assert list(music.sound(desk, None, 0.2)) == [gr.skip()]  # all of it is there


def test_another_room_is_another_sound(music: ComposeHandlers, desk: Desk) -> None:
    composed(music, desk)
    list(music.sound(desk, None, 0.2))
    values = list(music.sound_anew(desk, None, 0.9))
    assert not values[0]["takes"][0]["audio"] and values[0]["sounding"] and values[-1]["takes"][1]["audio"]


def test_without_a_synthesiser_the_midi_file_is_still_there(
    music: ComposeHandlers, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> Any:
        raise AudioError("No SoundFont was found. Put one into assets/soundfonts.")

    monkeypatch.setattr(music.studio, "render", silent)
    composed(music, desk)
    take = list(music.sound(desk, None, 0.2))[-1]["takes"][0]
    assert "SoundFont" in take["files_problem"]
    assert [file["label"] for file in take["files"] if file["data"]] == ["MIDI", "Continuation only"]


def test_again_gives_the_settings_of_the_take(music: ComposeHandlers, desk: Desk) -> None:
    composed(music, desk)
    assert music.again(desk, _event(take=1)) == VALUES
    assert music.again(desk, _event(take=9)) == tuple(gr.skip() for _ in VALUES)


def test_upload_names_the_seed_and_reports(seeds: SeedHandlers, desk: Desk, tmp_path: Path) -> None:
    path = write_midi(broken_chords(1), tmp_path / "My idea.mid")
    picker, value, report, *_ = upload(seeds, desk, path)
    assert picker["value"] == picker["choices"][-1][1] and picker["choices"][-1][0] == "My idea · your file"
    assert value["title"] == desk.picture.seed.name == "My idea"
    assert "<dd>16</dd>" in report


def test_uploaded_files_can_be_picked_again(seeds: SeedHandlers, music: ComposeHandlers, tmp_path: Path) -> None:
    desk = Desk(seeds.first_picture())
    first, second = (
        upload(seeds, desk, write_midi(broken_chords(bars), tmp_path / f"idea {bars}.mid")) for bars in (1, 2)
    )
    seeds.choose("waltz", desk, 60)
    assert desk.picture.seed.name == "Waltz"
    composed(music, desk)
    for answer, name in ((first, "idea 1"), (second, "idea 2")):
        _, value, report, *_ = seeds.choose(answer[0]["value"], desk, 60)
        assert value["title"] == desk.picture.seed.name == name and report == answer[2]


def test_the_picker_that_follows_an_upload_changes_nothing(seeds: SeedHandlers, desk: Desk, tmp_path: Path) -> None:
    picker, value, *_ = upload(seeds, desk, write_midi(broken_chords(1), tmp_path / "My idea.mid"))
    assert seeds.choose(picker["value"], desk, 60) == tuple(gr.skip() for _ in range(5))
    assert desk.picture.serial == value["serial"]


@pytest.mark.parametrize("made_before", [False, True])
def test_bad_upload_leaves_everything(
    seeds: SeedHandlers, music: ComposeHandlers, desk: Desk, made_before: bool, tmp_path: Path
) -> None:
    if made_before:
        composed(music, desk)
    path = tmp_path / "x.mid"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    before = desk.picture
    picker, value, *others = upload(seeds, desk, path)
    assert desk.picture == before.but(problem=desk.picture.problem)
    assert value["problem"]["title"] == "This file cannot be a seed" and "PNG" in value["problem"]["text"]
    assert [picker, *others] == [gr.skip()] * 4


def test_two_visitors_may_bring_the_same_file_at_once(seeds: SeedHandlers, tmp_path: Path) -> None:
    # the path of an upload is made of its content: a handler that removed it took it from the other one
    path = write_midi(broken_chords(1), tmp_path / "homework.mid")
    first, second = (upload(seeds, Desk(seeds.first_picture()), path)[1]["title"] for _ in range(2))
    assert first == second == "homework" and path.exists()


def test_seeds_over_the_limit_are_refused_with_the_limit(tmp_path: Path) -> None:
    seeds = SeedHandlers(Studio())
    path = tmp_path / "long.mid"
    path.write_bytes(b"MThd" + bytes(3 * 2**20))
    value = upload(seeds, Desk(seeds.first_picture()), path)[1]
    assert "3.0 MB; a seed may have 2 MB" in value["problem"]["text"]


@pytest.mark.parametrize(
    ("policy", "limit"),
    [
        (TrainingPolicy(), 4 * 2**20),
        (TrainingPolicy(everybody=True), 200 * 2**20),
        (TrainingPolicy(trainers=frozenset({"ada"})), 200 * 2**20),
    ],
)
def test_large_uploads_travel_only_where_somebody_may_train(tmp_path: Path, policy: TrainingPolicy, limit: int) -> None:
    workshop: Any = FakeWorkshop(tmp_path, policy=policy)
    workshop.limits = WorkshopLimits()
    assert launch_options(workshop)["max_file_size"] == limit


def test_a_long_seed_shows_its_last_minute(seeds: SeedHandlers, desk: Desk, tmp_path: Path) -> None:
    upload(seeds, desk, write_midi(broken_chords(60), tmp_path / "long.mid"))
    assert desk.picture.value()["join_s"] == pytest.approx(60)
    assert "last minute of 2:00" in desk.picture.status


def test_a_seed_is_rendered_when_it_is_asked_for(seeds: SeedHandlers, desk: Desk) -> None:
    assert desk.picture.value()["seed_audio"] is None
    (value,) = seeds.sound(desk, None, 0.2)
    assert value["serial"] == desk.picture.serial and value["seed_audio"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Für Elise", "für-elise"),
        ("Fu\N{COMBINING DIAERESIS}r Elise", "für-elise"),  # as macOS writes it
        ('The "Blue" one', "the-“blue”-one"),
        ('6" nails', "6”-nails"),
        ("O'Brien’s", "o'brien’s"),
        ("夜想曲 no. 2", "夜想曲-no-2"),
        ("café 👩🏽‍🎤!", "café-👩🏽‍🎤"),
        (".hidden", "hidden"),
        ("a\\b:c*d?e<f>g|h\x00i\nj`k$l{m}", "a-b-c-d-e-f-g-h-i-j-k-l-m"),
        ("…", "musictx"),
        ("", "musictx"),
        ("ü" * 200, "ü" * 60),
        ("夜" * 200, "夜" * 40),
    ],
)
def test_file_names_hold_no_path(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def _event(**values: Any) -> Any:
    return SimpleNamespace(**values)
