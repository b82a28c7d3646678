"""A take whose ranges are written anew or emptied, through the studio."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from musictx.cli import main
from musictx.config import ComposeSettings, RenderSettings
from musictx.errors import CheckpointError, SettingsError
from musictx.midi.files import read_midi
from musictx.python_api import open_studio, redo_range
from musictx.studio import Studio
from musictx.takes import Take
from scripts.make_seeds import SEEDS
from tests.tiny import write_tiny_checkpoint

SETTINGS = ComposeSettings(seconds=8, random_seed=3, checkpoint="tiny")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return open_studio(write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny"))[0]


@pytest.fixture(scope="module")
def take(studio: Studio) -> Take:
    *_, last = studio.compose(studio.read_seed(SEEDS / "chorale.mid"), SETTINGS)
    return last.takes[0]


def test_a_range_of_the_continuation(studio: Studio, take: Take, tmp_path: Path) -> None:
    start_s, end_s = take.join_s + 2, take.join_s + 5
    *_, last = studio.redo(take, start_s, end_s, SETTINGS, candidates=6)
    assert last.ending == "finished" and last.of == len(last.takes) == len(last.nll) == 6
    best = last.takes[0]
    assert best.seed == take.seed and best.notes != take.notes and best.number == take.number
    outside = (take.notes.start_s < start_s) | (take.notes.start_s >= end_s)
    kept = best.notes.select((best.notes.start_s < start_s) | (best.notes.start_s >= end_s))
    assert kept == take.notes.select(outside)
    (edit,) = best.edits
    assert (edit.kind, edit.start_s, edit.end_s, edit.candidates) == ("redo", start_s, end_s, 6)
    assert (edit.random_seed, edit.sampling, edit.checkpoint) == (3, SETTINGS.sampling, "tiny")
    assert edit.candidate in range(1, 7)
    twice = studio.without(best, start_s, start_s + 0.2)
    assert [each.kind for each in twice.edits] == ["redo", "delete"]
    path = studio.export(best, tmp_path, RenderSettings(), ("mid",))["mid"]
    assert len(read_midi(path).notes) == len(best.notes)


def test_a_range_over_the_join_changes_the_seed_too(studio: Studio, take: Take) -> None:
    start_s, end_s = take.join_s - 2, take.join_s + 1
    *_, last = studio.redo(take, start_s, end_s, SETTINGS, candidates=1)
    assert last.takes[0].seed != take.seed
    assert last.takes[0].seed.start_s.max() < take.join_s <= last.takes[0].continuation.start_s.min()


def test_the_end_of_a_take_is_where_its_length_ends(studio: Studio, take: Take) -> None:
    assert take.length_s == pytest.approx(take.join_s + 8)
    *_, last = studio.redo(take, take.length_s - 2, take.length_s, SETTINGS, candidates=2)
    assert last.nll == (None, None) and last.takes[0].length_s == pytest.approx(take.length_s)
    stopped = dataclasses.replace(take, stopped=True, continuation=take.continuation.between(0, take.join_s + 3))
    assert stopped.length_s <= take.join_s + 3
    with pytest.raises(SettingsError, match="outside the piece"):
        studio.redo(stopped, take.join_s + 2, take.join_s + 6, SETTINGS)


def test_delete_leaves_the_time(studio: Studio, take: Take) -> None:
    start_s, end_s = take.join_s + 1, take.join_s + 3
    emptied = studio.without(take, start_s, end_s)
    onsets = emptied.notes.start_s
    assert not ((onsets >= start_s) & (onsets < end_s)).any()
    assert len(emptied.notes) < len(take.notes) and emptied.length_s == take.length_s
    assert emptied.edits[-1].kind == "delete" and take.edits == ()
    with pytest.raises(SettingsError, match="outside the piece"):
        studio.without(take, 100, 200)


def test_an_unknown_checkpoint_is_refused(studio: Studio, take: Take) -> None:
    with pytest.raises(CheckpointError, match="No checkpoint"):
        studio.redo(take, 1, 3, dataclasses.replace(SETTINGS, checkpoint="other"))


def test_one_call(studio: Studio, tmp_path: Path) -> None:
    model = studio.folders.checkpoints / "tiny"
    path = redo_range(model, SEEDS / "chorale.mid", 2.0, 4.0, candidates=2, out_dir=tmp_path, random_seed=4)
    before, after = read_midi(SEEDS / "chorale.mid").notes, read_midi(path).notes
    assert path == tmp_path / "chorale.mid"

    def outside(notes: object) -> list[tuple[int, float]]:
        rows = zip(notes.pitch.tolist(), notes.start_s.round(3).tolist(), strict=True)  # type: ignore[attr-defined]
        return [(key, onset) for key, onset in rows if not 2.0 <= onset < 4.0]

    assert outside(before) == outside(after) and before != after
    with pytest.raises(SettingsError, match="overwritten"):
        redo_range(model, path, 2.0, 4.0, out_dir=tmp_path)
    with pytest.raises(SettingsError, match="0.5 s at least"):
        redo_range(model, SEEDS / "chorale.mid", 2.0, 2.1, out_dir=tmp_path / "other")


def test_the_command(studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["redo", str(SEEDS / "chorale.mid"), "--start", "2", "--end", "4", "--out", str(tmp_path / "new.mid")]
    words += ["--checkpoint", str(studio.folders.checkpoints / "tiny"), "--candidates", "2", "--seed", "4", "--json"]
    (tmp_path / "take-1.mid").write_bytes(b"somebody's own")
    assert main(words) == 0
    assert (tmp_path / "take-1.mid").read_bytes() == b"somebody's own"
    told = json.loads(capsys.readouterr().out)
    assert len(told["nll"]) == 2 and told["nll"] == sorted(told["nll"]) and told["random_seed"] == 4
    assert read_midi(tmp_path / "new.mid").notes != read_midi(SEEDS / "chorale.mid").notes
    assert main([*words, "--end", "2.1"]) == 2 and "0.5 s at least" in capsys.readouterr().err
    assert main([*words, "--out", "new.mp3"]) == 2 and "must end in .mid" in capsys.readouterr().err
