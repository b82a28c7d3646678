"""The folder of a Space: what is in it, where it may lie, and that the Hub takes every file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts.space import hub
from scripts.space.__main__ import main
from scripts.space.choice import HARDWARE, ROOT, read_checkpoints
from tests.space.conftest import LayOut

TOP = {
    *(".gitattributes", "LICENSE", "README.md", "app.py", "packages.txt", "requirements.txt"),
    *("assets", "checkpoints", "musictx"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A little repository that a Space can be laid out from."""
    project = tmp_path / "project"
    for folder in ("musictx", "assets", "checkpoints/enhanced"):
        (project / folder).mkdir(parents=True)
        (project / folder / "weights.bin").write_bytes(b"\0\1\2")
    for name in ("LICENSE", "app.py", "packages.txt", "requirements.txt", "requirements.lock"):
        shutil.copyfile(ROOT / name, project / name)
    shutil.copyfile(ROOT / "checkpoints/enhanced/config.json", project / "checkpoints/enhanced/config.json")
    return project


def refusal(capsys: pytest.CaptureFixture[str], root: Path, *options: str) -> str:
    """The sentence with which the command ends with 2."""
    capsys.readouterr()
    assert main(["--hardware", "cpu", *options], root) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("hardware", HARDWARE)
def test_the_folder_holds_the_page_and_nothing_else(hardware: str, laid_out: LayOut) -> None:
    folder = laid_out("--hardware", hardware)
    assert {path.name for path in folder.iterdir()} == TOP
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["enhanced"]
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert not suffixes & {".pyc", ".pyi", ".sf2", ".webp"}
    assert (folder / "packages.txt").read_bytes() == (ROOT / "packages.txt").read_bytes()


@pytest.mark.parametrize("hardware", HARDWARE)
def test_every_binary_file_goes_into_lfs(hardware: str, laid_out: LayOut) -> None:
    folder = laid_out("--hardware", hardware)
    lines = (folder / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(" filter=lfs diff=lfs merge=lfs -text") for line in lines)
    patterns = [line.split()[0] for line in lines]
    binary = {path.suffix for path in folder.rglob("*") if path.is_file() and hub.is_binary(path.read_bytes())}
    assert binary >= {".safetensors", ".npz", ".onnx", ".mid", ".png"} and {f"*{each}" for each in binary} <= set(
        patterns
    )
    assert hub.refused(folder, patterns) == [] and len(hub.refused(folder, [])) > 10


def test_a_checkpoint_brings_itself_alone_and_its_notice(laid_out: LayOut) -> None:
    folder = laid_out("--hardware", "cpu", "--checkpoint", "enhanced-open")
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["enhanced-open"]
    assert (folder / "checkpoints" / "enhanced-open" / "NOTICE").is_file()


def test_a_lora_brings_its_base(root: Path, tmp_path: Path) -> None:
    lora = root / "checkpoints" / "mine"
    shutil.copytree(root / "checkpoints" / "enhanced", lora)
    card = json.loads((lora / "config.json").read_text(encoding="utf-8"))
    card |= {"name": "mine", "adapter": {"base": "enhanced", "rank": 4, "weights": ""}}
    (lora / "config.json").write_text(json.dumps(card), encoding="utf-8")
    assert [each.name for each in read_checkpoints("mine", root / "checkpoints")] == ["mine", "enhanced"]
    assert main(["--hardware", "cpu", "--checkpoint", "mine", "--out", str(tmp_path / "out")], root) == 0
    assert {path.name for path in (tmp_path / "out" / "checkpoints").iterdir()} == {"mine", "enhanced"}


def test_a_picture_comes_along_where_the_space_has_a_name(laid_out: LayOut) -> None:
    folder = laid_out("--hardware", "cpu", "--repo", "someone/piano")
    assert {path.name for path in folder.iterdir()} == TOP | {"thumbnail.png"}


def test_what_the_command_prints_uploads_it(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--hardware", "cpu", "--out", str(tmp_path / "out")], root) == 0
    printed = capsys.readouterr().out
    assert f"hf upload USER/SPACE {tmp_path / 'out'} . --repo-type space" in printed
    assert "git lfs install" in printed and "https://huggingface.co/spaces/USER/SPACE main" in printed


def test_only_its_own_folder_is_replaced(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert main(["--hardware", "cpu", "--out", str(out)], root) == 0  # an empty folder is taken
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("kept", encoding="utf-8")
    (out / "musictx" / "old.py").write_text("", encoding="utf-8")
    assert main(["--hardware", "zero", "--out", str(out)], root) == 0
    assert not (out / "musictx" / "old.py").exists() and (out / ".git" / "HEAD").read_text(encoding="utf-8") == "kept"
    assert "torch" in (out / "requirements.txt").read_text(encoding="utf-8")
    (out / "README.md").write_text("Another one.", encoding="utf-8")
    assert "is not empty and was not laid out by this command" in refusal(capsys, root, "--out", str(out))
    assert (out / "README.md").read_text(encoding="utf-8") == "Another one."


def test_a_place_that_cannot_be_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a file" in refusal(capsys, root, "--out", str(root / "app.py"))
    assert "not empty" in refusal(capsys, root, "--out", str(root))
    assert "in the program itself" in refusal(capsys, root, "--out", str(root / "musictx" / "space"))


def test_a_choice_that_cannot_be_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", str(tmp_path / "out"))
    assert "There are: enhanced." in refusal(capsys, root, *out, "--checkpoint", "nothing")
    assert "--repo someone/musictx" in refusal(capsys, root, *out, "--repo", "someone")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("musictx/strange.py", b"a\0b", "musictx/strange.py is no text"),
        ("assets/latin.txt", "é".encode("latin-1"), "assets/latin.txt is no text"),
        ("assets/long.json", b" " * (hub.LARGEST_PLAIN + 1), "assets/long.json has 10.0 MiB"),
    ],
)
def test_a_file_that_the_hub_would_refuse_is_named(
    name: str, content: bytes, sentence: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / name).write_bytes(content)
    assert sentence in refusal(capsys, root, "--out", str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


def test_a_new_kind_of_binary_file_gets_a_rule(root: Path, tmp_path: Path) -> None:
    (root / "assets" / "impulse.xyz").write_bytes(b"\xff\0")
    assert main(["--hardware", "cpu", "--out", str(tmp_path / "out")], root) == 0
    assert "\n*.xyz filter=lfs" in (tmp_path / "out" / ".gitattributes").read_text(encoding="utf-8")
