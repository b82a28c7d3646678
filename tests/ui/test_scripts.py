"""The page's scripts: their unit tests in node, and a linter's look at each text as a browser gets it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
BIOME = ROOT / "node_modules" / ".bin" / ("biome.cmd" if os.name == "nt" else "biome")
# What Gradio gives each script, see `js_on_load` of its HTML component.
FUNCTION = "export default function (element, trigger, props, server, upload, watch) {{\n{}\n}}\n"
RULES = {
    "formatter": {"enabled": False},
    "assist": {"enabled": False},
    "linter": {
        "rules": {
            "preset": "none",
            "correctness": {"noUndeclaredVariables": "error", "noUnusedVariables": "error", "noSelfAssign": "error"},
            "suspicious": {"noRedeclare": "error", "noFunctionAssign": "error", "noDuplicateClassMembers": "error"},
        }
    },
}


@pytest.mark.skipif(NODE is None, reason="node is not installed: the scripts' own tests need it")
def test_the_scripts_own_tests_pass() -> None:
    files = sorted(str(path) for path in (ROOT / "tests" / "scripts").glob("*.test.js"))
    assert files
    run = subprocess.run([str(NODE), "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


@pytest.fixture(scope="module")
def served(fake_url: str) -> dict[str, str]:
    """The script of each component that has one, as the browser gets it."""
    with urllib.request.urlopen(f"{fake_url}config", timeout=30) as answer:
        parts = [part["props"] for part in json.load(answer)["components"] if part["type"] == "html"]
    return {part["elem_id"]: part["js_on_load"] for part in parts if part.get("js_on_load") and part.get("elem_id")}


def lint(folder: Path, scripts: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What Biome says of these texts, each a function's body."""
    (folder / "biome.json").write_text(json.dumps(RULES))
    for name, script in scripts.items():
        (folder / f"{name}.js").write_text(FUNCTION.format(script), encoding="utf-8")
    command = [str(BIOME), "lint", "--error-on-warnings", "--max-diagnostics=50", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(not BIOME.exists(), reason="Biome is not installed: `npm ci`, or `make lint`, which does so")
def test_joined_scripts_use_nothing_unknown_and_leave_nothing_unused(served: dict[str, str], tmp_path: Path) -> None:
    assert {"header", "stage", "compare-stage", "listen", "dataset", "run", "offer", "outcome"} <= set(served)
    found = lint(tmp_path, served)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-6000:]


@pytest.mark.skipif(not BIOME.exists(), reason="Biome is not installed: `npm ci`, or `make lint`, which does so")
@pytest.mark.parametrize("line", ["nowhere();", "const idle = 1;"])
def test_the_linter_finds_what_it_is_there_for(line: str, tmp_path: Path) -> None:
    assert lint(tmp_path, {"odd": f"element.append(trigger);\n{line}"}).returncode != 0


def test_shared_scripts_are_on_the_page_once(served: dict[str, str]) -> None:
    whole = "\n".join(served.values())
    for once in ("class Deck ", "class Roll ", "class Player ", "class Keep ", "function guardUploads("):
        assert whole.count(once) == 1, once
