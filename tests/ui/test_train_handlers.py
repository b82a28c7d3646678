"""What the Train tab's handlers answer, without a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musictx.errors import AudioError, CheckpointError
from musictx.midi.files import read_midi, write_midi
from musictx.training.policy import TrainingPolicy
from musictx.training.settings import RunSettings
from musictx.ui.dataset_handlers import DatasetHandlers
from musictx.ui.form_handlers import FormHandlers
from musictx.ui.listen_handlers import ListenHandlers
from musictx.ui.own_checkpoints import OwnCheckpoints
from musictx.ui.run_handlers import RunHandlers
from musictx.ui.train_door import TrainDoor
from musictx.ui.train_form import FIELDS, write_run
from musictx.ui.visit import with_secret
from musictx.ui.visitors import Visitors
from tests.ui.fake_studio import broken_chords
from tests.ui.fake_workshop import FakeWorkshop

REQUEST: Any = SimpleNamespace(session_hash="me", username=None)


def event(**values: Any) -> Any:
    """What the browser tells of a press."""
    return SimpleNamespace(**values)


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """The value, which must be plain JSON: numpy numbers would reach the browser as strings."""
    assert json.loads(json.dumps(value)) == value
    return value


@pytest.fixture
def pieces(tmp_path: Path) -> list[str]:
    """Three usable files, and one that is none."""
    bad = tmp_path / "scan.mid"
    bad.write_bytes(b"\x89PNG\r\n" + bytes(100))
    good = [write_midi(broken_chords(bars), tmp_path / f"piece {bars}.mid") for bars in (4, 6, 8)]
    return [str(path) for path in [*good, bad]]


@pytest.fixture
def kept(fake_workshop: Any, pieces: list[str]) -> dict[str, str]:
    """A visitor who has brought a dataset."""
    *_, answer = DatasetHandlers(fake_workshop).take_in(pieces, with_secret(None), REQUEST)
    return dict(answer[0])


def started(workshop: Any, kept: dict[str, str], **changes: Any) -> dict[str, str]:
    """The same visitor with a run on that dataset."""
    settings = {"name": "Waltz", "epochs": 30.0, "sample_every": 10, **changes}
    answer = FormHandlers(workshop).start(kept, REQUEST, *write_run(RunSettings(**settings)))
    assert isinstance(answer[0], dict), answer[1]["words"]
    return answer[0]


def finished(workshop: Any, kept: dict[str, str], **changes: Any) -> dict[str, str]:
    """The same with all its steps done."""
    workshop.pace = 1e9
    return started(workshop, kept, **changes)


def last(answers: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """What stays on show."""
    *_, value = answers
    return plain(value)


# -- the door ------------------------------------------------------------------------------------


def closed_to(folder: Path, policy: TrainingPolicy) -> Any:
    """A workshop with that policy."""
    return FakeWorkshop(folder, policy=policy)


def test_a_closed_tab_says_how_to_open_it(tmp_path: Path) -> None:
    door = TrainDoor(closed_to(tmp_path, TrainingPolicy()))
    kept, notice, steps = door.enter(None, REQUEST)
    assert "MUSICTX_TRAINING=on" in notice and steps["visible"] is False and kept["visitor"]


def test_a_tab_for_named_people_opens_for_them_alone(tmp_path: Path) -> None:
    door = TrainDoor(closed_to(tmp_path, TrainingPolicy(trainers=frozenset({"ada"}))))
    people: Any = (SimpleNamespace(session_hash="me", username=name) for name in ("ada", "<b>eve"))
    ada, eve = people
    assert door.enter(None, ada)[1:] == ("", {"visible": True, "__type__": "update"})
    assert "&lt;b&gt;eve" in door.enter(None, eve)[1]
    assert "Sign in" in door.enter(None, REQUEST)[1]


# -- datasets ------------------------------------------------------------------------------------


def test_files_become_a_report_and_fitting_settings(fake_workshop: Any, pieces: list[str]) -> None:
    handlers = DatasetHandlers(fake_workshop)
    fake_workshop.pace = 5  # slow enough to be seen
    answers = list(handlers.take_in(pieces, with_secret(None), REQUEST))
    assert any("of 4" in plain(answer[1])["reading"] for answer in answers)
    kept, value, *rest = answers[-1]
    assert [row["verdict"] for row in plain(value)["rows"]] == ["usable", "usable", "usable", "unusable"]
    assert value["phase"] == "report" and kept["dataset"] == value["chosen"] and len(rest) == len(FIELDS) + 3
    assert rest[FIELDS.index("name")] == "piece 4" and rest[-1]["interactive"]
    assert value["rows"][3]["split"] == "" and "PNG" in value["rows"][3]["reason"] and not value["rows"][3]["heard"]
    assert not any(Path(path).exists() for path in pieces)  # the workshop has its own copies


def test_a_hostile_zip_is_a_sentence_and_the_report_stays(
    fake_workshop: Any, kept: dict[str, str], tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(b"PK")
    *_, answer = DatasetHandlers(fake_workshop).take_in([str(bomb)], kept, REQUEST)
    value = plain(answer[1])
    assert "4.2 GB" in value["problem"] and value["chosen"] == kept["dataset"] and not bomb.exists()


def test_a_piece_can_be_held_out_until_nothing_is_left(fake_workshop: Any, kept: dict[str, str]) -> None:
    handlers = DatasetHandlers(fake_workshop)
    first = plain(handlers.move(kept, REQUEST, event(file="piece 4.mid", split="validation")))
    assert dict(first["facts"])["Held out"].startswith("2 pieces")
    second = plain(handlers.move(kept, REQUEST, event(file="piece 6.mid", split="validation")))
    assert "Keep at least one" in second["problem"] and dict(second["facts"])["Held out"].startswith("2 pieces")


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
    assert offer["phase"] == "problem" and "9.8 GB" in offer["words"] and offer["facts"]
    assert "9.8 GB" in forms.start(kept, REQUEST, *values)[1]["words"] and not fake_workshop.runs("")


def test_a_number_out_of_range_never_reaches_the_workshop(fake_workshop: Any, kept: dict[str, str]) -> None:
    values = list(write_run(RunSettings()))
    values[FIELDS.index("batch")] = 1000
    forms = FormHandlers(fake_workshop)
    assert "batch" in forms.start(kept, REQUEST, *values)[1]["words"]
    assert "batch" in list(forms.estimate(kept, REQUEST, *values))[-1][0]["words"]


def test_settings_go_to_a_file_and_come_back(fake_workshop: Any, kept: dict[str, str], tmp_path: Path) -> None:
    forms = FormHandlers(fake_workshop)
    settings = RunSettings(name="Für Elise", batch=3)
    saved = plain(forms.save(*write_run(settings)))["save"]
    assert saved["name"] == "für-elise-settings.json"
    path = tmp_path / saved["name"]
    path.write_text(saved["text"], encoding="utf-8")
    *values, offer = forms.load(str(path), kept, REQUEST)
    assert tuple(values) == write_run(settings) and "Für Elise" in offer["words"] and not path.exists()


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
    assert sentence in offer["words"] and all(value["__type__"] == "update" for value in values)


def test_from_scratch_shows_the_network(fake_workshop: Any) -> None:
    picker, *shown = FormHandlers(fake_workshop).fit("scratch", "lora", "custom")
    assert picker["value"] == "full" and not picker["interactive"]
    assert [each["visible"] for each in shown] == [True, True, True, False, False]


# -- runs ----------------------------------------------------------------------------------------


def test_a_run_is_watched_until_it_is_done(fake_workshop: Any, kept: dict[str, str]) -> None:
    fake_workshop.pace = 0.001
    kept, runs = started(fake_workshop, kept), RunHandlers(fake_workshop)
    value, outcome, timer = runs.poll(kept, REQUEST)
    assert plain(value)["phase"] == "running" and "step 0 of 90" in value["status"] and timer.active
    assert value["wait"].startswith("Preparing") and not plain(outcome)["can"]["use"]
    fake_workshop.pace = 1e6
    value, outcome, timer = runs.poll(kept, REQUEST)
    assert plain(value)["phase"] == "finished" and not timer.active and value["samples"][-1] == 90
    assert value["training"]["steps"] and value["base_nll"] == 2.4 and value["best_step"] == 80
    assert dict(outcome["result"])["Change"].startswith("−0.7") and "knows the training pieces" in value["memorised"]
    assert outcome["command"].startswith("python -m musictx runs start")


def test_long_curves_are_thinned_to_their_last_point(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept = finished(fake_workshop, kept, steps=9000, sample_every=3000)
    training = RunHandlers(fake_workshop).show(kept, REQUEST)[1]["training"]
    assert len(training["steps"]) <= 400 and training["steps"][-1] == 9000
    assert len(training["raw"]) == len(training["smoothed"]) == len(training["steps"])


def test_a_second_run_waits_and_says_so(fake_workshop: Any, kept: dict[str, str]) -> None:
    fake_workshop.pace = 0.001
    for name in ("first", "second", "third"):
        kept = started(fake_workshop, kept, name=name)
    _, value, _, timer = RunHandlers(fake_workshop).show(kept, REQUEST)
    assert value["status"] == "Waiting: second in the queue" and timer.active
    assert [run["name"] for run in value["runs"]] == ["third", "second", "first"]


def test_stop_resume_delete(fake_workshop: Any, kept: dict[str, str]) -> None:
    fake_workshop.pace = 1.0
    kept, runs = started(fake_workshop, kept), RunHandlers(fake_workshop)
    assert "Stop it first" in runs.remove(kept, REQUEST)[1]["problem"]
    assert runs.stop(kept, REQUEST)[1]["phase"] == "stopped"
    assert runs.resume(kept, REQUEST, event(more=0))[1]["phase"] == "running"
    fake_workshop.pace = 1e6
    assert "done all its steps" in runs.resume(kept, REQUEST, event(more="x"))[1]["problem"]
    assert "of 140" in runs.resume(kept, REQUEST, event(more=50))[1]["status"]
    kept, value, outcome, _ = runs.remove(kept, REQUEST)
    assert kept["run"] == "" and value["phase"] == "none" and outcome["chosen"] == ""


def test_a_failure_is_said_in_plain_words_with_its_log(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, runs = finished(fake_workshop, kept, name="breaks"), RunHandlers(fake_workshop)
    assert "lower learning rate" in runs.show(kept, REQUEST)[1]["error"]
    assert "loss inf" in plain(runs.log(kept, REQUEST))["log"]


def test_nobody_sees_the_runs_of_another(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept = finished(fake_workshop, kept)
    other = {**with_secret(None), "run": kept["run"], "dataset": kept["dataset"]}
    runs, own = RunHandlers(fake_workshop), OwnCheckpoints(fake_workshop)
    assert runs.show(other, REQUEST)[1]["phase"] == "none"
    assert "no run" in runs.stop(other, REQUEST)[1]["problem"]
    assert all("update" in answer["__type__"] for answer in own.use(other, REQUEST))  # both are left alone
    listening = ListenHandlers(fake_workshop, Visitors())
    assert "no run" in last(listening.sample(other, REQUEST, event(step=10)))["problem"]
    assert "no dataset" in last(listening.row(other, REQUEST, event(file="piece 4.mid")))["problem"]


# -- results -------------------------------------------------------------------------------------


def test_a_run_goes_to_the_compose_tab(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, own = finished(fake_workshop, kept), OwnCheckpoints(fake_workshop)
    picker, tabs = own.use(kept, REQUEST)
    assert picker["value"] == f"run:{kept['run']}" and picker["choices"][-1] == ("Waltz · yours", picker["value"])
    assert "held-out NLL" in picker["info"] and tabs.selected == "compose"
    assert (
        own.offer(with_secret(None), REQUEST)["__type__"] == "update" and len(own.offer(kept, REQUEST)["choices"]) == 2
    )


def test_a_checkpoint_is_packed_and_taken_in_again(fake_workshop: Any, kept: dict[str, str], tmp_path: Path) -> None:
    kept, runs = finished(fake_workshop, kept), RunHandlers(fake_workshop)
    path = tmp_path / "mine.zip"
    for value in runs.pack(kept, REQUEST):
        assert plain(value)["package"]["name"] == "waltz.zip"
        path.write_bytes(Path(value["package"]["data"]["path"]).read_bytes())
    reference = runs.take_checkpoint(str(path), kept, REQUEST)[1]
    assert reference and OwnCheckpoints(fake_workshop).use_reference(reference, kept, REQUEST)[0]["value"] == reference
    path.write_bytes(b"no zip")
    value, nothing = runs.take_checkpoint(str(path), kept, REQUEST)
    assert "no checkpoint" in value["problem"] and nothing == "" and not path.exists()


def test_a_sample_is_drawn_first_and_sounds_then(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, Visitors())
    sizes = []
    for value in listening.sample(kept, REQUEST, event(step=20)):
        piece = plain(value)["pieces"][0]
        sizes.append(len(read_midi(piece["files"][0]["data"]["path"]).notes) if piece["audio"] else 0)
        assert piece["seed"] and piece["notes"] and piece["join_s"] == 8.0
    assert sizes[0] == 0 and sizes[-1] == len(broken_chords(4)) + len(broken_chords(3))


def test_without_a_synthesiser_the_notes_are_still_there(
    fake_workshop: Any, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> Any:
        raise AudioError("No SoundFont was found.")

    monkeypatch.setattr(fake_workshop.studio, "render", silent)
    listening = ListenHandlers(fake_workshop, Visitors())
    value = last(listening.row(kept, REQUEST, event(file="piece 6.mid")))
    assert value["phase"] == "ready" and value["sounding"] == "No SoundFont was found."
    assert value["pieces"][0]["files"][0]["data"] and not value["pieces"][0]["audio"]


def test_a_duel_is_blind_until_it_is_answered(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, Visitors())
    fake_workshop.pace = 20
    answers = [plain(value) for value in listening.duel(kept, REQUEST)]
    assert answers[0]["phase"] == "working" and any(value["share"] > 0 for value in answers)
    duel = answers[-1]
    assert [piece["label"] for piece in duel["pieces"]] == ["A", "B"] and duel["answer"] is None
    wrong = plain(listening.reveal(kept, REQUEST, event(duel_id=duel["duel_id"], guess="a")))
    assert wrong["answer"]["words"].startswith("No: B is yours") and wrong["duel_id"] == duel["duel_id"]
    right = listening.reveal(kept, REQUEST, event(duel_id=duel["duel_id"], guess="b"))
    assert right["answer"]["score"] == "1 of 2 guesses right so far"


def test_a_duel_can_be_stopped(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, Visitors())
    answers = listening.duel(kept, REQUEST)
    next(answers)
    listening.cancel(REQUEST)
    assert "was stopped" in last(answers)["problem"]


def test_composing_with_the_run_of_another_is_refused(
    fake_workshop: Any, fake_studio: Any, kept: dict[str, str]
) -> None:
    from musictx.ui.compose_handlers import ComposeHandlers
    from musictx.ui.warmth import Warmth

    kept = finished(fake_workshop, kept)
    music = ComposeHandlers(fake_studio, Visitors(), Warmth(fake_studio, "enhanced"), fake_workshop)
    music.permit(f"run:{kept['run']}", kept, REQUEST)
    for stranger, sentence in ((None, "somebody's own"), (with_secret(None), "not yours")):
        with pytest.raises(CheckpointError, match=sentence):
            music.permit(f"run:{kept['run']}", stranger, REQUEST)
    music.permit("enhanced", None, REQUEST)
