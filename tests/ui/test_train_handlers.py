"""What the Train tab answers before a run is started, without a page: the door, datasets, the form."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.ui.access.identity import with_secret
from musictx.ui.train.access import TrainAccess
from musictx.ui.train.choices import Choices
from musictx.ui.train.dataset_handlers import DatasetHandlers
from musictx.ui.train.form import FIELDS, write_run
from musictx.ui.train.form_handlers import FormHandlers
from musictx.workshop.policy import TrainingPolicy
from musictx.workshop.runs.settings import RunSettings
from tests.ui.fake_workshop import FakeWorkshop
from tests.ui.visitor import REQUEST, event, plain, with_dataset, write_pieces


@pytest.fixture
def kept(fake_workshop: Any, tmp_path: Path) -> dict[str, str]:
    """A visitor who has brought a dataset."""
    return with_dataset(fake_workshop, tmp_path)


# -- the door ------------------------------------------------------------------------------------


def closed_to(folder: Path, policy: TrainingPolicy) -> Any:
    """A workshop with that policy."""
    return FakeWorkshop(folder, policy=policy)


def test_a_closed_tab_says_how_to_open_it(tmp_path: Path) -> None:
    door = TrainAccess(closed_to(tmp_path, TrainingPolicy()))
    kept, notice, steps = door.enter(None, REQUEST)
    assert "MUSICTX_TRAINING=on" in notice and steps["visible"] is False and kept["visitor"]


def test_a_tab_for_named_people_opens_for_them_alone(tmp_path: Path) -> None:
    door = TrainAccess(closed_to(tmp_path, TrainingPolicy(trainers=frozenset({"ada"}))))
    people: Any = (SimpleNamespace(session_hash="me", username=name) for name in ("ada", "<b>eve"))
    ada, eve = people
    assert door.enter(None, ada)[1:] == ("", {"visible": True, "__type__": "update"})
    assert "&lt;b&gt;eve" in door.enter(None, eve)[1]
    assert "Sign in" in door.enter(None, REQUEST)[1]


def test_a_workshop_that_does_not_answer_is_said_to_be_unavailable(
    fake_workshop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise PermissionError("data/workshop")

    monkeypatch.setattr(fake_workshop, "runs", broken)
    _, notice, steps = TrainAccess(fake_workshop).enter(None, REQUEST)
    assert "nothing of them is lost" in notice and "data/workshop" not in notice and not steps["visible"]


# -- datasets ------------------------------------------------------------------------------------


def test_files_become_a_report_and_fitting_settings(fake_workshop: Any, tmp_path: Path) -> None:
    handlers = DatasetHandlers(fake_workshop)
    pieces = write_pieces(tmp_path)
    fake_workshop.pace = 5  # slow enough to be seen
    answers = list(handlers.take_in(pieces, with_secret(None), REQUEST))
    assert any("of 4" in plain(answer[1])["reading"] for answer in answers)
    kept, value, *rest = answers[-1]
    assert [row["verdict"] for row in plain(value)["rows"]] == ["usable", "usable", "usable", "unusable"]
    assert value["phase"] == "report" and kept["dataset"] == value["chosen"] and len(rest) == len(FIELDS) + 3
    assert rest[FIELDS.index("name")] == "piece 4" and rest[-1]["interactive"]
    assert value["rows"][3]["split"] == "" and "PNG" in value["rows"][3]["reason"] and not value["rows"][3]["heard"]
    *_, (_, again, *_) = handlers.take_in(pieces, with_secret(None), REQUEST)
    assert again["rows"] == value["rows"]  # another visitor who brings the same files: the same uploads


def test_a_hostile_zip_is_a_sentence_and_the_report_stays(
    fake_workshop: Any, kept: dict[str, str], tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(b"PK")
    *_, answer = DatasetHandlers(fake_workshop).take_in([str(bomb)], kept, REQUEST)
    value = plain(answer[1])
    assert "4.2 GB" in value["problem"] and value["chosen"] == kept["dataset"]


def test_a_piece_can_be_validation_until_nothing_is_left(fake_workshop: Any, kept: dict[str, str]) -> None:
    handlers = DatasetHandlers(fake_workshop)
    first = plain(handlers.move(kept, REQUEST, event(file="piece 4.mid", split="validation")))
    assert dict(first["facts"])["Validation"].startswith("2 pieces")
    second = plain(handlers.move(kept, REQUEST, event(file="piece 6.mid", split="validation")))
    assert "Keep at least one" in second["problem"] and dict(second["facts"])["Validation"].startswith("2 pieces")


def test_files_held_back_by_the_browser_get_a_sentence(fake_workshop: Any, kept: dict[str, str]) -> None:
    handlers = DatasetHandlers(fake_workshop)
    large = handlers.refuse(kept, REQUEST, event(name="all.zip", bytes=900 * 2**20))
    assert "900 MB" in large["problem"] and large["phase"] == "report"
    assert "neither" in handlers.refuse(kept, REQUEST, event(name="song.mp3", bytes=10))["problem"]


def test_a_deleted_dataset_leaves_the_step_empty(fake_workshop: Any, kept: dict[str, str]) -> None:
    answer = DatasetHandlers(fake_workshop).remove(kept, REQUEST, event(dataset=kept["dataset"]))
    assert answer[0]["dataset"] == "" and answer[1]["phase"] == "empty" and not answer[-1]["interactive"]


def test_an_unnamed_folder_is_asked_for(fake_workshop: Any, kept: dict[str, str]) -> None:
    (answer,) = DatasetHandlers(fake_workshop).take_folder("  ", kept, REQUEST)
    assert "Name a folder" in answer[1]["problem"]


def test_a_fault_inside_keeps_what_was_there(
    fake_workshop: Any, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_workshop, "take_in", lambda *_: 1 / 0)
    *_, answer = DatasetHandlers(fake_workshop).take_folder("/music", kept, REQUEST)
    assert "terminal" in answer[1]["problem"] and answer[1]["phase"] == "report"


# -- the form ------------------------------------------------------------------------------------


def test_an_estimate_comes_with_its_figures(fake_workshop: Any, kept: dict[str, str]) -> None:
    values = write_run(RunSettings(name="Waltz"))
    answers = list(FormHandlers(fake_workshop).estimate(kept, REQUEST, *values))
    assert answers[0][0]["phase"] == "measuring" and not answers[0][2]["interactive"]
    offer, measure, start = answers[-1]
    facts = dict(plain(offer)["facts"])
    assert facts["Time"].startswith("about 2 min") and facts["Memory"] == "1.7 GB of 9.0 GB free"
    assert "2.0% of the network" in facts["Trained"] and measure["interactive"] and start["interactive"]


def test_what_would_not_fit_is_refused_with_the_figures(fake_workshop: Any, kept: dict[str, str]) -> None:
    forms, values = FormHandlers(fake_workshop), write_run(RunSettings(name="greedy"))
    *_, (offer, *_) = forms.estimate(kept, REQUEST, *values)
    assert offer["phase"] == "problem" and "9.8 GB" in offer["problem"] and offer["facts"]
    assert "9.8 GB" in forms.start(kept, REQUEST, *values)[1]["problem"] and not fake_workshop.runs("")


def test_a_number_out_of_range_never_reaches_the_workshop(fake_workshop: Any, kept: dict[str, str]) -> None:
    values = list(write_run(RunSettings()))
    values[FIELDS.index("batch")] = 1000
    forms = FormHandlers(fake_workshop)
    assert "batch" in forms.start(kept, REQUEST, *values)[1]["problem"]
    assert "batch" in list(forms.estimate(kept, REQUEST, *values))[-1][0]["problem"]


def test_settings_go_to_a_file_and_come_back(fake_workshop: Any, kept: dict[str, str], tmp_path: Path) -> None:
    forms = FormHandlers(fake_workshop)
    settings = RunSettings(name="Für Elise", batch=3)
    saved = plain(forms.save(*write_run(settings)))["save"]
    assert saved["name"] == "für-elise-settings.json"
    path = tmp_path / saved["name"]
    path.write_text(saved["text"], encoding="utf-8")
    *values, offer = forms.load(str(path), kept, REQUEST)
    assert tuple(values) == write_run(settings) and "Für Elise" in offer["words"]
    assert [*forms.load(str(path), kept, REQUEST)][:-1] == values  # another visitor with the same file


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{}}", "no settings file"),
        (b"\xff\xfe", "no settings file"),
        (b"x" * 200_000, "too large"),
        (RunSettings(base="run:of-another").to_json().encode(), "not here"),
    ],
)
def test_a_bad_settings_file_changes_nothing(
    fake_workshop: Any, kept: dict[str, str], tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    *values, offer = FormHandlers(fake_workshop).load(str(path), kept, REQUEST)
    assert sentence in offer["problem"] and all(value["__type__"] == "update" for value in values)


def test_from_scratch_shows_the_network(fake_workshop: Any) -> None:
    picker, *shown = FormHandlers(fake_workshop).fit("scratch", "lora", "custom")
    assert picker["value"] == "full" and not picker["interactive"]
    assert [each["visible"] for each in shown] == [True, True, True, False, False]


def test_a_dataset_chosen_while_another_is_read_stays_chosen(fake_workshop: Any, tmp_path: Path) -> None:
    handlers, kept = DatasetHandlers(fake_workshop), with_secret(None)
    reading = handlers.take_in(write_pieces(tmp_path), kept, REQUEST)
    next(reading)
    handlers.choices.choose(REQUEST, dataset="another")
    *_, late = reading
    assert late[0] == late[-1] == gr.skip()
    assert len(late[1]["datasets"]) == 1  # what was read is there all the same


def test_a_run_chosen_while_a_dataset_is_read_stays_chosen(fake_workshop: Any, tmp_path: Path) -> None:
    choices, kept = Choices(), with_secret(None)
    reading = DatasetHandlers(fake_workshop, choices).take_in(write_pieces(tmp_path), kept, REQUEST)
    next(reading)
    choices.choose(REQUEST, run="mine")
    *_, last = reading
    assert last[0]["run"] == "mine" and last[0]["dataset"]


def test_an_estimate_for_another_dataset_is_not_shown(fake_workshop: Any, tmp_path: Path) -> None:
    choices, kept = Choices(), with_dataset(fake_workshop, tmp_path)
    values = write_run(RunSettings(name="Waltz"))
    estimating = FormHandlers(fake_workshop, choices).estimate(kept, REQUEST, *values)
    next(estimating)
    choices.choose(REQUEST, dataset="another")
    *_, (offer, estimate, start) = estimating
    assert offer == gr.skip() and estimate["interactive"] and start["interactive"]
