"""The workshop: datasets and runs of several people, one real run through its own process, and what comes of it."""

import dataclasses
import json
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from musictx.cli import main
from musictx.errors import CheckpointError, SettingsError, TrainingError
from musictx.midi.codec import quantise
from musictx.midi.files import read_midi, write_midi
from musictx.midi.vocabulary import fingerprint
from musictx.model.weights import Arrays, read_weights
from musictx.model_cache import ModelCache
from musictx.studio import Studio, StudioFolders
from musictx.training.runs import RunFolder, State
from musictx.workshop.runs.measure import FILE, Measured
from musictx.workshop.runs.status import ask_to_stop, is_alive, write_status
from musictx.workshop.workshop import (
    DatasetReport,
    RunSettings,
    RunView,
    TrainingPolicy,
    Workshop,
    WorkshopLimits,
    checkpoint_resolver,
    owner_of,
)
from tests.tiny import write_tiny_checkpoint
from tests.training.conftest import little_piece

ROOT = Path(__file__).resolve().parents[2]
ME, OTHER = owner_of(None, "my secret"), owner_of("somebody", "")
OPEN = TrainingPolicy(everybody=True)
SETTINGS = RunSettings(
    name="Walks", base="tiny", lora_rank=2, steps=12, learning_rate=1e-2, batch=2, length=64, sample_every=6
)
NOTICE = "Copyright (c) whoever recorded the walks"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint and ten pieces."""
    place = tmp_path_factory.mktemp("place")
    write_tiny_checkpoint(place / "checkpoints" / "tiny")
    (place / "checkpoints" / "tiny" / "NOTICE").write_text(NOTICE)
    for number in range(10):
        write_midi(little_piece(number), place / "midi" / f"{number}.mid")
    return place


@pytest.fixture(scope="module")
def workshop(place: Path) -> Iterator[Workshop]:
    workshop = open_at(place, place / "workshop")
    yield workshop
    for folder in (place / "workshop" / "runs").iterdir():
        if folder.is_dir() and is_alive(folder):
            ask_to_stop(folder)


def open_at(place: Path, folder: Path, limits: WorkshopLimits | None = None) -> Workshop:
    folders = dataclasses.replace(StudioFolders.beside(ROOT), checkpoints=place / "checkpoints")
    return Workshop(Studio(folders, resolve=checkpoint_resolver(folder)), folder, limits, OPEN)


@pytest.fixture(scope="module")
def report(workshop: Workshop, place: Path) -> DatasetReport:
    return workshop.take_in(ME, sorted((place / "midi").glob("*.mid")))


@pytest.fixture(scope="module")
def finished(workshop: Workshop, report: DatasetReport) -> RunView:
    """A LoRA run of twelve steps, done by a process of its own."""
    run_id = workshop.start(ME, report.dataset_id, SETTINGS)
    while (view := workshop.view(ME, run_id)).live:
        time.sleep(0.2)
    return view


def test_a_dataset_is_reported_on_and_can_be_listened_to(
    workshop: Workshop, report: DatasetReport, place: Path
) -> None:
    assert [row.file for row in report.rows] == [f"{n}.mid" for n in range(10)]
    assert report.training_pieces == 9 and report.validation_pieces == 1
    assert report.training_tokens + report.validation_tokens == sum(row.tokens for row in report.rows)
    assert report.expectation and report.name == "0 and 9 more"
    assert workshop.row_notes(ME, report.dataset_id, "3.mid") == quantise(read_midi(place / "midi" / "3.mid").notes)


def test_the_split_can_be_changed_but_not_emptied(workshop: Workshop, place: Path) -> None:
    paths = [place / "midi" / "1.mid", place / "midi" / "2.mid"]
    report = workshop.take_in(ME, paths)
    validation = next(row for row in report.rows if row.split == "validation")
    other = next(row for row in report.rows if row.split == "train")
    with pytest.raises(TrainingError, match="nothing would be left to train on"):
        workshop.move(ME, report.dataset_id, other.file, "validation")
    moved = workshop.move(ME, report.dataset_id, validation.file, "train")
    assert moved.validation_pieces == 0 and moved.training_tokens == sum(row.tokens for row in report.rows)
    assert any("held out" in sentence for sentence in moved.warnings)
    again = workshop.move(ME, report.dataset_id, other.file, "validation")
    assert {row.file: row.split for row in again.rows} == {validation.file: "train", other.file: "validation"}
    for file, split in (("9.mid", "train"), (other.file, "nowhere")):
        with pytest.raises(TrainingError):
            workshop.move(ME, report.dataset_id, file, split)
    workshop.delete_dataset(ME, report.dataset_id)
    with pytest.raises(TrainingError, match="no dataset"):
        workshop.report(ME, report.dataset_id)


def test_versions_move_together(workshop: Workshop, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = [(int(pitch), 80, 0.2 * n, 0.2 * n + 0.1) for n, pitch in enumerate(random.integers(60, 80, 100))]
    from musictx.midi.notes import NoteSequence

    notes = NoteSequence.from_tuples(rows)
    higher = NoteSequence(notes.pitch + 3, notes.velocity, notes.start_s * 1.3, notes.end_s * 1.3)
    paths = [write_midi(notes, tmp_path / "a.mid"), write_midi(higher, tmp_path / "b.mid")]
    paths += [write_midi(notes, tmp_path / "c.mid"), write_midi(little_piece(1), tmp_path / "d.mid")]
    report = workshop.take_in(ME, paths)
    assert [row.verdict for row in report.rows] == ["usable", "near-duplicate", "duplicate", "short"]
    assert workshop.row_notes(ME, report.dataset_id, "c.mid") == workshop.row_notes(ME, report.dataset_id, "a.mid")
    for split, rest in (("validation", "train"), ("train", "validation")):
        workshop.move(ME, report.dataset_id, "d.mid", "train")
        if split == "train":
            workshop.move(ME, report.dataset_id, "b.mid", "train")
            moved = workshop.move(ME, report.dataset_id, "d.mid", rest)
        else:
            moved = workshop.move(ME, report.dataset_id, "b.mid", split)
        assert [row.split for row in moved.rows] == [split, split, "", rest]
    workshop.delete_dataset(ME, report.dataset_id)


def test_nobody_sees_what_is_anothers(workshop: Workshop, report: DatasetReport, finished: RunView) -> None:
    assert workshop.datasets(OTHER) == () and workshop.runs(OTHER) == () and workshop.checkpoints(OTHER) == ()
    for call in (
        lambda: workshop.report(OTHER, report.dataset_id),
        lambda: workshop.row_notes(OTHER, report.dataset_id, "1.mid"),
        lambda: workshop.delete_dataset(OTHER, report.dataset_id),
        lambda: workshop.start(OTHER, report.dataset_id, SETTINGS),
        lambda: workshop.view(OTHER, finished.run_id),
        lambda: workshop.stop(OTHER, finished.run_id),
        lambda: workshop.resume(OTHER, finished.run_id, 5),
        lambda: workshop.delete(OTHER, finished.run_id),
        lambda: workshop.sample(OTHER, finished.run_id, 12),
        lambda: workshop.blind_test(OTHER, finished.run_id),
        lambda: workshop.log_tail(OTHER, finished.run_id),
    ):
        with pytest.raises(TrainingError, match="of yours"):
            call()  # type: ignore[no-untyped-call]
    with pytest.raises(CheckpointError, match="of yours"):
        workshop.check_use(OTHER, f"run:{finished.run_id}")
    with pytest.raises(CheckpointError, match="of yours"):
        workshop.pack(OTHER, finished.run_id, workshop.folder)
    workshop.check_use(OTHER, "enhanced")
    workshop.check_use(ME, f"run:{finished.run_id}")
    assert [view.run_id for view in workshop.runs("")] == [finished.run_id]  # the command line sees all


@pytest.mark.parametrize("name", ["../datasets", "..", "/etc", "a/b", "", "."])
def test_names_never_lead_out_of_the_folder(workshop: Workshop, finished: RunView, name: str) -> None:
    for call in (workshop.view, workshop.report, workshop.delete):
        with pytest.raises(TrainingError, match="There is no"):
            call("", name)
    assert checkpoint_resolver(workshop.folder)(f"run:{name}") is None


def test_a_run_goes_its_way(finished: RunView, workshop: Workshop) -> None:
    assert (finished.status, finished.step, finished.steps, finished.error) == ("finished", 12, 12, "")
    assert finished.training.steps == tuple(range(1, 13)) and finished.validation.steps == (0, 6, 12)
    assert finished.nll_before is not None and finished.nll_best is not None
    assert finished.nll_best < finished.nll_before == finished.validation.raw[0]
    assert len(finished.training.smoothed) == len(finished.training.raw) == len(finished.learning_rates.raw)
    assert finished.can_use and finished.can_delete and not finished.can_stop and not finished.can_resume
    assert "step 12 of 12" in workshop.log_tail(ME, finished.run_id)
    assert finished.settings == SETTINGS and finished.seconds > 0


def test_a_restart_of_the_page_finds_the_run_as_it_is(finished: RunView, place: Path, workshop: Workshop) -> None:
    assert open_at(place, workshop.folder).view(ME, finished.run_id) == finished


def test_each_checkpoint_is_heard_with_one_seed(workshop: Workshop, finished: RunView) -> None:
    assert [sample.step for sample in finished.samples] == [0, 6, 12]
    takes = [workshop.sample(ME, finished.run_id, sample.step) for sample in finished.samples]
    assert takes[0].seed == takes[1].seed == takes[2].seed and len(takes[0].seed)
    assert all(len(take.continuation) and take.continuation.start_s[0] >= take.join_s for take in takes)
    assert takes[0].continuation != takes[2].continuation  # the weights moved
    written = read_midi(finished.samples[2].midi).notes
    assert len(written) == len(takes[2].notes)
    with pytest.raises(TrainingError, match="no sample of step 7"):
        workshop.sample(ME, finished.run_id, 7)


def test_a_duel_hides_who_is_who_until_the_guess(workshop: Workshop, finished: RunView) -> None:
    shares: list[float] = []
    blind_test = workshop.blind_test(ME, finished.run_id, seconds=5, report=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert blind_test.a.seed == blind_test.b.seed and blind_test.a.settings == blind_test.b.settings
    assert blind_test.a.continuation != blind_test.b.continuation
    stored = json.loads((finished.log.parent / "duels.json").read_text())
    mine = stored[blind_test.test_id]["mine"]
    wrong = {"a": "b", "b": "a"}[mine]
    result = workshop.reveal(ME, finished.run_id, blind_test.test_id, wrong)
    assert (result.mine, result.right, result.won, result.played) == (mine, False, 0, 1)
    assert not workshop.reveal(ME, finished.run_id, blind_test.test_id, mine).right  # the first guess counts
    with pytest.raises(SettingsError):
        workshop.reveal(ME, finished.run_id, blind_test.test_id, "c")
    with pytest.raises(TrainingError, match="not known"):
        workshop.reveal(ME, finished.run_id, "0" * 16, "a")
    with pytest.raises(TrainingError, match="stopped before"):
        workshop.blind_test(ME, finished.run_id, seconds=5, stop=lambda: True)


def test_its_weights_go_out_as_a_zip_and_come_back(
    workshop: Workshop, place: Path, finished: RunView, tmp_path: Path
) -> None:
    packed = workshop.pack(ME, finished.run_id, tmp_path)
    assert packed.name == "Walks.zip"
    assert {name.split("-")[0] for name in zipfile.ZipFile(packed).namelist()} == {"config.json", "weights", "NOTICE"}
    assert zipfile.ZipFile(packed).read("NOTICE").decode() == NOTICE, "its base's licence asks for that"
    brought = workshop.unpack(OTHER, packed)
    assert brought.title == "Walks" and workshop.checkpoints(OTHER) == workshop.uploaded(OTHER) == (brought,)
    assert workshop.uploaded(ME) == ()
    workshop.check_use(OTHER, brought.reference)
    with pytest.raises(CheckpointError):
        workshop.check_use(ME, brought.reference)
    own, theirs = (weights_of(workshop, place, name) for name in (f"run:{finished.run_id}", brought.reference))
    assert own.keys() == theirs.keys()
    for name, values in own.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-3)  # float16 once more
    engine = workshop.studio.decoder(f"run:{finished.run_id}")
    assert workshop.studio.decoder(f"run:{finished.run_id}") is engine  # loaded once
    workshop.delete(OTHER, brought.reference.removeprefix("run:"))
    assert workshop.checkpoints(OTHER) == ()
    with pytest.raises(CheckpointError, match="No checkpoint named 'run:"):
        workshop.studio.decoder(brought.reference)


def weights_of(workshop: Workshop, place: Path, reference: str) -> Arrays:
    """The weights that a reference stands for, a LoRA merged."""
    folder = checkpoint_resolver(workshop.folder)(reference)
    assert folder is not None
    return read_weights(folder, fingerprint(), [place / "checkpoints"])[0]


@pytest.mark.parametrize("fault", ["pickle", "path", "no card", "cut", "giant", "vocabulary", "no base"])
def test_zips_that_do_not_fit_are_refused(workshop: Workshop, place: Path, tmp_path: Path, fault: str) -> None:
    folder = place / "checkpoints" / "tiny"
    card = json.loads((folder / "config.json").read_text())
    weights = (folder / card["shards"][0]).read_bytes()
    extra: dict[str, bytes] = {}
    if fault in ("pickle", "path"):
        extra = {"model.pkl": b"\x80\x04"} if fault == "pickle" else {"../weights-x.safetensors": b""}
    elif fault == "cut":
        weights = weights[: len(weights) // 2]
    elif fault == "giant":
        card["model"]["width"] = 2**20
    elif fault == "vocabulary":
        card["vocabulary"] = "0" * 16
    elif fault == "no base":
        card["adapter"] = {"base": "unheard-of", "weights": "0", "rank": 2}
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        if fault != "no card":
            archive.writestr("config.json", json.dumps(card))
        archive.writestr(card["shards"][0], weights)
        for name, content in extra.items():
            archive.writestr(name, content)
    before = workshop.checkpoints(OTHER)
    with pytest.raises(CheckpointError):
        workshop.unpack(OTHER, tmp_path / "bad.zip")
    assert workshop.checkpoints(OTHER) == before and not list((workshop.folder / "uploads").glob("*bad*"))


def test_an_estimate_is_measured_once_for_each_shape(
    workshop: Workshop, report: DatasetReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = Measured(10.0, 0.5, 2.0, 1.0, 3.0, 2**30, 100, 1000)
    asked: list[Path] = []

    def measure(folder: Path) -> None:
        asked.append(folder)
        assert RunFolder(folder).read_config()["lora_rank"] == 2
        (folder / FILE).write_text(json.dumps(dataclasses.asdict(figures)))

    monkeypatch.setattr(workshop, "runner", dataclasses.replace(workshop.runner, measure=measure))
    estimate = workshop.estimate(ME, report.dataset_id, SETTINGS)
    assert estimate.seconds == pytest.approx(10 + 12 * 0.5 + 3 * (2 + 1 + 3)) and estimate.memory_bytes == 2**30
    assert estimate.tokens_per_second == pytest.approx(128 / 0.5) and estimate.refusal == ""
    longer = workshop.estimate(ME, report.dataset_id, dataclasses.replace(SETTINGS, steps=24, learning_rate=1e-3))
    assert longer.seconds > estimate.seconds and len(asked) == 1
    other = dataclasses.replace(SETTINGS, batch=4)
    workshop.estimate(ME, report.dataset_id, other)
    assert len(asked) == 2
    enormous = RunSettings(base="", method="full", architecture="custom", width=1024, blocks=16, batch=64, length=2048)
    refused = workshop.estimate(ME, report.dataset_id, enormous)
    assert "GB of memory" in refused.refusal and len(asked) == 2  # its shapes alone say no
    with pytest.raises(TrainingError, match="GB of memory"):
        workshop.start(ME, report.dataset_id, enormous)


def test_a_studio_loads_a_run_again_when_its_weights_have_changed(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def engine(_: ModelCache, folder: Path) -> object:
        opened.append(folder)
        return object()

    monkeypatch.setattr(ModelCache, "_open", engine)
    for name in ("one", "two", "three"):
        shutil.copytree(place / "checkpoints" / "tiny", tmp_path / "runs" / name / "best")
    studio = open_at(place, tmp_path).studio
    first = studio.decoder("run:one")
    assert studio.decoder("run:one") is first and len(opened) == 1
    card = tmp_path / "runs" / "one" / "best" / "config.json"
    os.utime(card, ns=(1, 1))  # as if trained on
    assert studio.decoder("run:one") is not first
    studio.decoder("run:two")
    studio.decoder("run:three")  # of the three engines the oldest has gone
    assert len(opened) == 4
    studio.decoder("run:one")
    assert len(opened) == 5 and studio.decoder("tiny") is studio.decoder("tiny") and len(opened) == 6


def test_limits_and_policy_are_for_each_person(place: Path, tmp_path: Path) -> None:
    limits = WorkshopLimits(datasets=1, runs=1, queued=1)
    small = open_at(place, tmp_path / "small", limits)
    report = small.take_in(ME, [place / "midi" / "1.mid"])
    with pytest.raises(TrainingError, match="You have 1 datasets"):
        small.take_in(ME, [place / "midi" / "2.mid"])
    theirs = small.take_in(OTHER, [place / "midi" / "2.mid"])
    run = tmp_path / "small" / "runs" / "mine"
    RunFolder(run).write_config({"steps": 5, "lengths": [[512, 1.0]]})
    (run / "about.json").write_text(json.dumps({"owner": ME}))
    write_status(run, "stopped")
    with pytest.raises(TrainingError, match="You have 1 runs"):
        small.start(ME, report.dataset_id, SETTINGS)
    RunFolder(run).write_state(State(3, 1.0, [], seconds=limits.minutes * 60))
    with pytest.raises(TrainingError, match="has worked 1,440 minutes"):
        small.resume(ME, "mine")
    closed = Workshop(small.studio, tmp_path / "small")
    assert "MUSICTX_TRAINING=on" in closed.refusal(OTHER) and closed.refusal("") == ""
    with pytest.raises(TrainingError, match="off on this server"):
        closed.start(OTHER, theirs.dataset_id, SETTINGS)


def test_the_command_line_sees_the_same(
    workshop: Workshop, finished: RunView, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUSICTX_WORKSHOP", str(workshop.folder))
    assert main(["runs", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["run_id"] == finished.run_id and listed["status"] == "finished"
    assert main(["runs", "show", finished.run_id]) == 0
    shown = capsys.readouterr().out
    assert "finished, step 12 of 12" in shown and "sample of step 6" in shown
    assert main(["runs", "resume", finished.run_id]) == 2
    assert "has done all its 12 steps" in capsys.readouterr().err
    assert main(["runs", "stop", "unknown"]) == 2 and main(["runs", "show", "../x"]) == 2
    copy = workshop.folder / "runs" / "copy"
    shutil.copytree(finished.log.parent, copy)
    assert main(["runs", "delete", str(copy)]) == 0 and not copy.exists()
