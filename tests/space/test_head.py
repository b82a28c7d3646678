"""What the Hub reads of a Space: the head of its README, and what it installs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.space.choice import HARDWARE, ROOT, Checkpoint, Choice
from scripts.space.readme import hub_licence
from scripts.space.requirements import SYSTEM, holds, locked, required
from tests.space.conftest import LayOut
from tests.test_lock import entries, installed

NETWORK = {"keras", "tensorflow", "tensorflow-cpu", "onnx", "torch"}
SUGGESTED = {"zero": "zero-a10g", "cpu": "cpu-basic", "gpu": "t4-small"}
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def head(folder: Path) -> dict[str, Any]:
    """The YAML of a Space's README."""
    loaded: dict[str, Any] = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    return loaded


def asked_for(folder: Path) -> dict[str, Requirement]:
    """The requirements of a Space by name."""
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(each.name): each for each in found}


@pytest.mark.parametrize("hardware", HARDWARE)
def test_the_head_is_whole(hardware: str, laid_out: LayOut) -> None:
    folder = laid_out("--hardware", hardware)
    read = head(folder)
    assert read["sdk"] == "gradio" and read["sdk_version"] == installed("requirements.lock", markers())["gradio"]
    assert read["python_version"] == "3.12" and (folder / read["app_file"]).is_file()
    assert {read["colorFrom"], read["colorTo"]} <= COLOURS and len(read["short_description"]) <= 60
    assert read["suggested_hardware"] == SUGGESTED[hardware] and read["title"] and read["emoji"] and read["tags"]
    assert not {"hf_oauth", "thumbnail", "datasets", "models"} & set(read)


def markers() -> dict[str, str]:
    """The environment of a Space, for packaging."""
    return {**SYSTEM, "platform_python_implementation": "CPython", "extra": ""}


@pytest.mark.parametrize(
    ("checkpoint", "licence"),
    [("enhanced", "cc-by-nc-sa-4.0"), ("original", "cc-by-nc-sa-4.0"), ("enhanced-open", "mit")],
)
def test_the_licence_is_that_of_the_weights(checkpoint: str, licence: str, laid_out: LayOut) -> None:
    folder = laid_out("--hardware", "cpu", "--checkpoint", checkpoint)
    assert head(folder)["license"] == licence
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"checkpoints/{checkpoint}/README.md" in text and "MIT licence" in text and "`make space`" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (folder / target).exists(), target


def test_the_licence_that_binds_most_counts() -> None:
    free, bound = Checkpoint("a", "A", "MIT (free)"), Checkpoint("b", "B", "CC BY-NC 4.0 (not for money)")
    assert hub_licence(Choice("cpu", (free,))) == "mit"
    assert hub_licence(Choice("cpu", (free, bound))) == "cc-by-nc-4.0"
    assert hub_licence(Choice("cpu", (Checkpoint("c", "C", "my own"), free))) == "other"


@pytest.mark.parametrize(("hardware", "backend"), [("cpu", "tensorflow-cpu"), ("zero", "torch"), ("gpu", "tensorflow")])
def test_training_adds_the_sign_in_and_a_backend(hardware: str, backend: str, laid_out: LayOut) -> None:
    folder = laid_out("--hardware", hardware, "--training")
    assert head(folder)["hf_oauth"] is True and "MUSICTX_TRAINERS" in (folder / "README.md").read_text("utf-8")
    assert {"keras", backend, "onnx"} <= set(asked_for(folder))


def test_the_thumbnail_is_a_picture_of_the_space(laid_out: LayOut) -> None:
    folder = laid_out("--hardware", "cpu", "--repo", "someone/piano")
    picture = head(folder)["thumbnail"]
    assert picture == "https://huggingface.co/spaces/someone/piano/resolve/main/thumbnail.png"


@pytest.mark.parametrize("hardware", HARDWARE)
def test_versions_are_those_of_the_lock(hardware: str, laid_out: LayOut) -> None:
    versions = {**installed("requirements.lock", markers()), "torch": "2.9.1"}
    versions["tensorflow"] = versions["tensorflow-cpu"]
    found = asked_for(laid_out("--hardware", hardware))
    assert {name: str(each.specifier) for name, each in found.items() if name != "spaces"} == {
        name: f"=={versions[name]}" for name in found if name != "spaces"
    }
    wanted = {canonicalize_name(name) for name in required((ROOT / "requirements.txt").read_text(encoding="utf-8"))}
    assert wanted - NETWORK == set(found) - NETWORK - {"spaces"}
    assert found["gradio"].extras == {"oauth"}


def test_each_hardware_installs_what_runs_the_network_there(laid_out: LayOut) -> None:
    networks = {
        hardware: {str(each).split("==")[0] for each in asked_for(laid_out("--hardware", hardware)).values()}
        & {*NETWORK, "tensorflow[and-cuda]", "spaces"}
        for hardware in HARDWARE
    }
    assert networks == {
        "zero": {"keras", "torch", "spaces"},
        "cpu": set(),
        "gpu": {"keras", "onnx", "tensorflow[and-cuda]"},
    }


def test_markers_are_read_as_packaging_reads_them() -> None:
    marked = [entry for entry, _ in entries("requirements.lock") if entry.marker is not None]
    assert len(marked) > 30
    for entry in marked:
        assert entry.marker is not None and holds(str(entry.marker)) == entry.marker.evaluate(markers()), entry
    assert locked((ROOT / "requirements.lock").read_text(encoding="utf-8")) == installed("requirements.lock", markers())
