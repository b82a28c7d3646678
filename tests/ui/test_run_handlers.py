"""What the Train tab answers once a run is started, without a page: watching, stopping, listening, results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from musictx.errors import AudioError, CheckpointError
from musictx.midi.files import read_midi
from musictx.ui.access.identity import with_secret
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.train.listen_handlers import ListenHandlers
from musictx.ui.train.run_handlers import RunHandlers
from musictx.ui.train.upload_handlers import UploadHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.fake_studio import broken_chords
from tests.ui.visitor import REQUEST, event, finished, last, plain, started, with_dataset


@pytest.fixture
def kept(fake_workshop: Any, tmp_path: Path) -> dict[str, str]:
    """A visitor who has brought a dataset."""
    return with_dataset(fake_workshop, tmp_path)


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
    listening = ListenHandlers(fake_workshop, StopFlags())
    assert "no run" in last(listening.sample(other, REQUEST, event(step=10)))["problem"]
    assert "no dataset" in last(listening.row(other, REQUEST, event(file="piece 4.mid")))["problem"]


# -- results -------------------------------------------------------------------------------------


def test_a_run_goes_to_the_compose_tab(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, own = finished(fake_workshop, kept), OwnCheckpoints(fake_workshop)
    picker, tabs = own.use(kept, REQUEST)
    assert picker["value"] == f"run:{kept['run']}" and picker["choices"][-1] == ("Waltz · yours", picker["value"])
    assert "validation NLL" in picker["info"] and tabs.selected == "compose"
    assert (
        own.offer(with_secret(None), REQUEST)["__type__"] == "update" and len(own.offer(kept, REQUEST)["choices"]) == 2
    )


def test_a_checkpoint_is_packed_and_taken_in_again(fake_workshop: Any, kept: dict[str, str], tmp_path: Path) -> None:
    kept, runs = finished(fake_workshop, kept), RunHandlers(fake_workshop)
    path = tmp_path / "mine.zip"
    for value in runs.pack(kept, REQUEST):
        assert plain(value)["package"]["name"] == "waltz.zip"
        path.write_bytes(Path(value["package"]["data"]["path"]).read_bytes())
    uploads = UploadHandlers(fake_workshop)
    assert not uploads.show(kept, REQUEST)[1]["visible"]
    assert uploads.take(str(path), with_secret(None), REQUEST)[0] == ""  # another visitor with the same file
    problem, reference, picker, row = uploads.take(str(path), kept, REQUEST)
    assert picker["value"] == reference and row["visible"] and not problem
    assert reference and OwnCheckpoints(fake_workshop).use_reference(reference, kept, REQUEST)[0]["value"] == reference
    path.write_bytes(b"no zip")
    problem, nothing, *_ = uploads.take(str(path), kept, REQUEST)
    assert "no checkpoint" in problem and nothing == ""
    assert uploads.remove("", kept, REQUEST)[1]["choices"] == picker["choices"], "the visitor thought better of it"
    assert "gone already" in uploads.remove("run:another", kept, REQUEST)[0]
    assert not uploads.remove(reference, kept, REQUEST)[2]["visible"]
    assert OwnCheckpoints(fake_workshop).use_reference(reference, kept, REQUEST)[0]["__type__"] == "update"


def test_a_sample_is_drawn_first_and_sounds_then(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, StopFlags())
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
    listening = ListenHandlers(fake_workshop, StopFlags())
    value = last(listening.row(kept, REQUEST, event(file="piece 6.mid")))
    assert value["phase"] == "ready" and not value["sounding"] and value["no_sound"] == "No SoundFont was found."
    assert value["pieces"][0]["files"][0]["data"] and not value["pieces"][0]["audio"]


def test_a_duel_is_blind_until_it_is_answered(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, StopFlags())
    fake_workshop.pace = 20
    answers = [plain(value) for value in listening.blind_test(kept, REQUEST)]
    assert answers[0]["phase"] == "working" and any(value["share"] > 0 for value in answers)
    blind_test = answers[-1]
    assert [piece["label"] for piece in blind_test["pieces"]] == ["A", "B"] and blind_test["answer"] is None
    wrong = plain(listening.reveal(kept, REQUEST, event(duel_id=blind_test["duel_id"], guess="a")))
    assert wrong["answer"]["words"].startswith("No: B is yours") and wrong["duel_id"] == blind_test["duel_id"]
    right = listening.reveal(kept, REQUEST, event(duel_id=blind_test["duel_id"], guess="b"))
    assert right["answer"]["score"] == "1 of 2 guesses right so far"


def test_a_duel_can_be_stopped(fake_workshop: Any, kept: dict[str, str]) -> None:
    kept, listening = finished(fake_workshop, kept), ListenHandlers(fake_workshop, StopFlags())
    answers = listening.blind_test(kept, REQUEST)
    next(answers)
    listening.cancel(REQUEST)
    assert "was stopped" in last(answers)["problem"]


def test_composing_with_the_run_of_another_is_refused(
    fake_workshop: Any, fake_studio: Any, kept: dict[str, str]
) -> None:
    kept = finished(fake_workshop, kept)
    music = ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)
    music.permit(f"run:{kept['run']}", kept, REQUEST)
    for stranger, sentence in ((None, "somebody's own"), (with_secret(None), "not yours")):
        with pytest.raises(CheckpointError, match=sentence):
            music.permit(f"run:{kept['run']}", stranger, REQUEST)
    music.permit("enhanced", None, REQUEST)


def test_a_tick_for_another_run_changes_nothing(fake_workshop: Any, tmp_path: Path) -> None:
    kept = with_dataset(fake_workshop, tmp_path)
    first, second = finished(fake_workshop, kept), finished(fake_workshop, kept, name="Second")
    runs = RunHandlers(fake_workshop)
    chosen = runs.choose(second, REQUEST, event(run=first["run"]))
    assert chosen[0]["run"] == first["run"]
    assert runs.poll(second, REQUEST) == (gr.skip(),) * 3  # sent before the choice had arrived
    assert runs.poll(chosen[0], REQUEST)[0]["chosen"] == first["run"]
    after = runs.remove(chosen[0], REQUEST)  # the newest takes its place, and is watched
    assert after[0]["run"] == second["run"] and runs.poll(after[0], REQUEST)[0]["chosen"] == second["run"]
