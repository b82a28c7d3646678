"""Every example runs as its README says, on the tiny checkpoint."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import api_client, continue_file, continue_folder, fine_tune, redo_range
from musictx.midi.files import read_midi, write_midi
from scripts.make_seeds import SEEDS
from tests.tiny import write_tiny_checkpoint
from tests.training.conftest import little_piece
from tests.ui.conftest import served

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SEED = SEEDS / "chorale.mid"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("fake", tmp_path_factory.mktemp("page")) as address:
        yield address


def seconds_added(path: Path) -> float:
    return read_midi(path).notes.duration_s - read_midi(SEED).notes.duration_s


def test_continue_file(tiny: str, tmp_path: Path) -> None:
    continue_file.main([str(SEED), "--out", str(tmp_path), "--checkpoint", tiny, "--seconds", "5"])
    assert seconds_added(tmp_path / "take-1.mid") > 2
    assert (tmp_path / "take-1.wav").stat().st_size > 10_000


def test_continue_folder(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs = tmp_path / "songs"
    (songs / "more").mkdir(parents=True)
    shutil.copy(SEED, songs / "one.mid")
    shutil.copy(SEED, songs / "more" / "two.mid")
    (songs / "broken.mid").write_bytes(b"no MIDI at all")
    out = tmp_path / "out"
    arguments = [str(songs), "--out", str(out), "--checkpoint", tiny, "--seconds", "5", "--variations", "2"]
    continue_folder.main(arguments)
    made = sorted(str(path.relative_to(out).as_posix()) for path in out.rglob("*.mid"))
    assert made == ["more/two/take-1.mid", "more/two/take-2.mid", "one/take-1.mid", "one/take-2.mid"]
    assert "broken.mid: left out." in capsys.readouterr().out


def test_fine_tune(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        (tmp_path / "songs").mkdir(exist_ok=True)
        write_midi(little_piece(number), tmp_path / "songs" / f"{number}.mid")
    folders = ["--out", str(tmp_path / "out"), "--workshop", str(tmp_path / "workshop"), "--checkpoint", tiny]
    sizes = ["--steps", "4", "--length", "64"]
    fine_tune.main([str(tmp_path / "songs"), "--seed", str(SEED), *folders, *sizes])
    assert seconds_added(tmp_path / "out" / "take-1.mid") > 2
    assert re.search(r"validation NLL a token: \d\.\d+ before, \d\.\d+ after", capsys.readouterr().out)


def test_api_client(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api_client.main([str(SEED), "--url", url, "--out", str(tmp_path), "--seconds", "6"])
    assert {path.suffix for path in tmp_path.iterdir()} == {".mid", ".mp3"}
    assert "random seed" in capsys.readouterr().out


def test_redo_range(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--start", "2", "--end", "4", "--candidates", "3", "--url", url, "--out", str(tmp_path)]
    redo_range.main([str(SEED), *arguments])
    assert len(list(tmp_path.glob("*.mid"))) == 3
    said = capsys.readouterr().out
    assert "3 of 3 candidates" in said and said.count("NLL of what follows: 1.") == 3


def test_every_example_is_listed_and_tested() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert names == set(re.findall(r"python -m examples\.(\w+)", listed)) == set(re.findall(r"\[(\w+)\.py\]", listed))
    assert all(f"{name}.main(" in Path(__file__).read_text(encoding="utf-8") for name in names)
    assert "MIT licence" in listed
