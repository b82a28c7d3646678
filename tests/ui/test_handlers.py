"""What the page's handlers answer, without a page."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musictx.errors import AudioError, CheckpointError
from musictx.midi.files import write_midi
from musictx.studio import Studio
from musictx.ui.compose_handlers import ComposeHandlers
from musictx.ui.page import launch_options
from musictx.ui.seed_handlers import SeedHandlers
from musictx.ui.stage_view import Picture, safe_name
from musictx.ui.visitors import Visitors
from musictx.ui.warmth import Warmth
from musictx.workshop.policy import TrainingPolicy, WorkshopLimits
from tests.ui.fake_studio import FakeStudio, broken_chords
from tests.ui.fake_workshop import FakeWorkshop

VALUES = (0.8, 10, 0.92, 1.0, 0.5, 10, 60, 2, 7, "enhanced")
REQUEST: Any = SimpleNamespace(session_hash="me")


@pytest.fixture
def seeds(fake_studio: Any) -> SeedHandlers:
    return SeedHandlers(fake_studio)


@pytest.fixture
def music(fake_studio: Any, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(fake_studio, Visitors(), Warmth(fake_studio, "enhanced"), fake_workshop)


def composed(music: ComposeHandlers, picture: Picture, values: tuple[Any, ...] = VALUES) -> list[tuple[Any, ...]]:
    """Everything one press of Generate shows."""
    begun = music.begin(picture, 10, REQUEST)[0]
    return list(music.generate(begun, None, REQUEST, *values))


def test_every_picture_is_plain_json(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    # numpy numbers would reach the browser as strings
    for answer in composed(music, seeds.first_picture()):
        value = answer[1]
        assert json.loads(json.dumps(value)) == value


def test_generation_ends_with_takes_and_another_random_seed(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    *_, (picture, value, button, stop, random_seed) = composed(music, seeds.first_picture())
    assert (value["phase"], len(value["takes"]), picture.phase) == ("done", 2, "done")
    assert value["takes"][0]["facts"].startswith("10 s of music") and "random seed 7" in value["takes"][1]["facts"]
    assert button["value"] == "Generate" and button["interactive"] and not stop["interactive"]
    assert random_seed != 7
    assert value["join_s"] == pytest.approx(picture.takes[0].join_s)


def test_stop_before_the_turn_ends_at_once(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    begun = music.begin(seeds.first_picture(), 10, REQUEST)[0]
    music.stop(REQUEST)
    answers = list(music.generate(begun, None, REQUEST, *VALUES))
    assert len(answers) == 1
    assert answers[0][1]["status"].startswith("Stopped")


@pytest.mark.parametrize("error", [CheckpointError("weights are damaged. Fetch them again."), ZeroDivisionError("!")])
def test_a_failure_keeps_the_seed_and_says_what_to_do(
    seeds: SeedHandlers, music: ComposeHandlers, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(music.studio, "compose", fail)
    picture = seeds.first_picture()
    failed, value, button, *_ = composed(music, picture)[-1]
    assert value["phase"] == "failed" and failed.seed is picture.seed and button["interactive"]
    expected = str(error) if isinstance(error, CheckpointError) else "terminal"
    assert expected in value["problem"]["text"]
    assert music.visitors.ahead("someone") == 0 and not music.visitors.current("me").is_set()


def test_settings_out_of_range_are_a_sentence(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    answer = composed(music, seeds.first_picture(), (9.0, *VALUES[1:]))[-1]
    assert "temperature" in answer[1]["problem"]["text"]


def test_sound_comes_first_for_listening_then_for_downloading(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    picture = composed(music, seeds.first_picture())[-1][0]
    values = list(music.sound(picture, None, 0.2))
    assert values[0]["takes"][0]["audio"] and not values[0]["takes"][1]["audio"]
    assert all(file["data"] for take in values[-1]["takes"] for file in take["files"])
    assert values[-1]["zip"]["data"] and values[-1]["sounding"] == ""
    assert values[-1]["takes"][1]["files"][0]["name"] == "prelude-take-2.mid"


def test_without_a_synthesiser_the_midi_file_is_still_there(
    seeds: SeedHandlers, music: ComposeHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> Any:
        raise AudioError("No SoundFont was found. Put one into assets/soundfonts.")

    monkeypatch.setattr(music.studio, "render", silent)
    picture = composed(music, seeds.first_picture())[-1][0]
    take = list(music.sound(picture, None, 0.2))[-1]["takes"][0]
    assert "SoundFont" in take["note"]
    assert [file["label"] for file in take["files"] if file["data"]] == ["MIDI"]


def test_again_gives_the_settings_of_the_take(seeds: SeedHandlers, music: ComposeHandlers) -> None:
    picture = composed(music, seeds.first_picture())[-1][0]
    assert music.again(picture, _event(take=1)) == VALUES
    assert len(music.again(picture, _event(take=9))) == len(VALUES)


def test_upload_names_the_seed_and_reports(seeds: SeedHandlers, tmp_path: Path) -> None:
    path = write_midi(broken_chords(1), tmp_path / "My idea.mid")
    picker, picture, value, report = seeds.take_upload(str(path), seeds.first_picture(), 60)
    assert picker["value"] == "uploaded" and picker["choices"][-1][0] == "My idea · your file"
    assert value["title"] == picture.seed.name == "My idea"
    assert "<dd>16</dd>" in report


def test_an_uploaded_file_can_be_picked_again(seeds: SeedHandlers, music: ComposeHandlers, tmp_path: Path) -> None:
    path = write_midi(broken_chords(1), tmp_path / "My idea.mid")
    _, uploaded, _, report = seeds.take_upload(str(path), seeds.first_picture(), 60)
    waltz, *_ = seeds.choose("waltz", uploaded, 60)
    assert waltz.seed.name == "Waltz"
    again, value, same_report = seeds.choose("uploaded", composed(music, waltz)[-1][0], 60)
    assert again.seed is uploaded.seed and value["title"] == "My idea" and same_report == report


def test_an_upload_is_rendered_once(seeds: SeedHandlers, tmp_path: Path) -> None:
    # it changes the picker as well, which renders what is picked
    path = write_midi(broken_chords(1), tmp_path / "My idea.mid")
    uploaded = seeds.take_upload(str(path), seeds.first_picture(), 60)[1]
    assert not any("seed_audio" in value for value in seeds.sound_chosen("uploaded", uploaded, None, 0.2))
    waltz = seeds.choose("waltz", uploaded, 60)[0]
    assert [value["title"] for value in seeds.sound_chosen("waltz", waltz, None, 0.2)] == ["Waltz"]
    again = seeds.choose("uploaded", waltz, 60)[0]
    assert [value["title"] for value in seeds.sound_chosen("uploaded", again, None, 0.2)] == ["My idea"]


def test_bad_upload_keeps_the_seed(seeds: SeedHandlers, tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(b"not a MIDI file")
    before = seeds.first_picture()
    _, picture, value, report = seeds.take_upload(str(path), before, 60)
    assert picture.seed is before.seed and value["problem"]["text"]
    assert not isinstance(report, str)


def test_a_class_that_brings_the_same_file(seeds: SeedHandlers, tmp_path: Path) -> None:
    path = write_midi(
        broken_chords(2), tmp_path / "homework.mid"
    )  # one upload for all: its path is made of its content
    first, second = (seeds.take_upload(str(path), seeds.first_picture(), 60)[1] for _ in range(2))
    assert len(first.seed.recording.notes) == len(second.seed.recording.notes) == len(broken_chords(2))


def test_a_seed_of_a_datasets_size_is_refused(tmp_path: Path) -> None:
    # where training is open an upload may be as large as a dataset; a seed may not
    seeds = SeedHandlers(Studio())
    path = tmp_path / "long.mid"
    path.write_bytes(b"MThd" + bytes(3 * 2**20))
    value = seeds.take_upload(str(path), seeds.first_picture(), 60)[2]
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


def test_a_long_seed_shows_its_last_minute(seeds: SeedHandlers, fake_studio: FakeStudio, tmp_path: Path) -> None:
    path = write_midi(broken_chords(60), tmp_path / "long.mid")
    picture = seeds.take_upload(str(path), seeds.first_picture(), 60)[1]
    assert picture.value()["join_s"] == pytest.approx(60)
    assert "last minute of 2:00" in picture.status


def test_a_late_sound_has_the_serial_of_its_picture(seeds: SeedHandlers) -> None:
    # the browser drops it if the visitor has pressed Generate meanwhile
    picture = seeds.first_picture()
    (value,) = seeds.sound(picture, None, 0.2)
    assert value["serial"] == picture.serial and value["seed_audio"]


@pytest.mark.parametrize(
    ("name", "safe"), [("../../etc/passwd", "etc-passwd"), ("Für Elise", "für-elise"), ("…", "musictx")]
)
def test_file_names_hold_no_path(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def _event(**values: Any) -> Any:
    return SimpleNamespace(**values)
