"""Git takes the folder to a server with the Hub's rules, which refuses the repository as it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from scripts.space.__main__ import UPLOAD
from scripts.space.choice import ROOT
from scripts.space.hub import files_of
from tests.space.conftest import LayOut
from tests.space.hub import git, has_lfs, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return make_hub(tmp_path / "hub.git")


def test_the_repository_itself_is_refused(hub: Path, tmp_path: Path) -> None:
    work = tmp_path / "repository"
    for name in ("assets", "checkpoints", "docs"):  # those of its folders that matter here
        shutil.copytree(ROOT / name, work / name)
    git(work, "init", "--quiet", "--initial-branch", "main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "all of it")
    with pytest.raises(AssertionError) as refused:
        git(work, "push", "--quiet", hub.as_uri(), "main")
    text = str(refused.value)
    assert "larger than 10 MiB: checkpoints/enhanced/weights-1-of-2.safetensors" in text
    assert "binary files: assets/seeds/chorale.mid" in text and "binary files: docs/images/growing.webp" in text


@pytest.mark.skipif(not has_lfs(), reason="git-lfs is not installed")
def test_the_folder_is_taken_whole(hub: Path, tmp_path: Path, laid_out: LayOut) -> None:
    folder = shutil.copytree(laid_out("--hardware", "cpu"), tmp_path / "folder")
    commands = re.findall(r"git [^&\n]+", UPLOAD[UPLOAD.index("git init") :].format(repo="someone/piano"))
    assert len(commands) == 5
    for command in commands:  # as they are printed, with another address
        git(folder, *command.strip().replace("https://huggingface.co/spaces/someone/piano", hub.as_uri()).split()[1:])
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "1"
    pointer = git(hub, "cat-file", "blob", "main:checkpoints/enhanced/weights-1-of-2.safetensors")
    assert pointer.startswith("version https://git-lfs.github.com/spec/v1")

    git(tmp_path, "-c", "filter.lfs.smudge=git-lfs smudge -- %f", "clone", "--quiet", hub.as_uri(), "clone")
    clone = tmp_path / "clone"
    git(clone, "lfs", "pull")
    assert contents(clone) == contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}
