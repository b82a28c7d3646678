"""What the README and the pages in docs/ say exists, exists: commands, options, paths, links, names."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

import musictx
from musictx.cli import build_parser
from musictx.config import SAMPLING_PRESETS
from musictx.ui.api.compose import FIRST_PARAMETERS
from musictx.ui.forms import COMPOSE
from scripts.seeds import PIECES
from tests.parsing import parse

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
USAGE, API = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("usage.md", "api.md"))
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
MOST_LINES, MOST_PICTURE_BYTES = 180, 3_000_000
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README + "\n" + API, re.DOTALL | re.MULTILINE)
PYTHON_BLOCKS = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [line.split("#")[0].strip() for language, text in BLOCKS if not language for line in text.splitlines()]
TREE = next(text for _, text in BLOCKS if text.startswith("app.py "))


def tree_paths() -> list[str]:
    """Paths of the tree in the README, folders with a slash at their end."""
    paths, above = [], [""]
    for line in TREE.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        path = above[depth] + line.split()[0]
        above[depth + 1 :] = [path]
        paths.append(path)
    return paths


def test_the_tree_is_the_repository() -> None:
    assert [path for path in tree_paths() if not (ROOT / path).exists()] == []
    assert all((ROOT / path).is_dir() == path.endswith("/") for path in tree_paths())


def test_every_folder_of_the_program_stands_in_the_tree() -> None:
    folders = {
        f"{path.relative_to(ROOT).as_posix()}/"
        for path in (ROOT / "musictx").rglob("*")
        if path.is_dir() and "__pycache__" not in path.parts and "exported" not in path.parts  # data, not modules
    }
    assert {path for path in tree_paths() if path.startswith("musictx/")} - {"musictx/"} == folders


def test_the_readme_is_short_and_its_pictures_are_small() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    pictures = [path for path in (ROOT / "docs" / "images").iterdir() if path.is_file()]
    assert {path.name: path.stat().st_size for path in pictures if path.stat().st_size >= MOST_PICTURE_BYTES} == {}
    assert "docs/images/growing.webp" in README and "moving picture" in README.split("## Licences")[1]


def test_the_picture_moves() -> None:
    with Image.open(ROOT / "docs" / "images" / "growing.webp") as picture:
        assert getattr(picture, "n_frames", 1) > 20


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("python -m musictx")])
def test_commands_are_understood(command: str) -> None:
    words = shlex.split(command)[3:]
    options = build_parser(words[0]).parse_args(words)
    assert options.command == words[0]


def test_make_has_the_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tasks = re.search(r"choices=\((.*?)\)", (ROOT / "make.py").read_text(encoding="utf-8"))
    assert tasks is not None
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for target in re.findall(
            r"\bmake ([a-z]+)\b(?=[`\s]+(?:#|ARGS|PYTHON|TORCH|$|builds|again|installs))", text, re.M
        ):
            assert f"\n{target}:" in makefile, f"{document.name}: make {target}"
        for task in re.findall(r"make\.py ([a-z]+)", text):
            assert f'"{task}"' in tasks[1], f"{document.name}: make.py {task}"
    assert {"make run", "make test"} <= set(COMMANDS)
    assert {"py -3.12 make.py run", "py -3.12 make.py test"} <= set(COMMANDS)


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_files_that_the_pages_name_exist() -> None:
    names = {path.name for path in (ROOT / "musictx").rglob("*") if path.is_file()}
    files = [path.as_posix() for folder in ("musictx", "tests") for path in (ROOT / folder).rglob("*.*")]
    for document in (ROOT / "docs" / "architecture.md", ROOT / "docs" / "reliability.md", ROOT / "CONTRIBUTING.md"):
        text = document.read_text(encoding="utf-8")
        for path in re.findall(r"`([\w/]+\.(?:py|js|html|css))`", text):
            known = path in names or (ROOT / path).exists() or any(file.endswith(f"/{path}") for file in files)
            assert known, f"{document.name} names {path}"
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for diagram in re.findall(r"```mermaid\n(.*?)```", architecture, re.DOTALL):
        for path in re.findall(r"[\w/]+\.(?:py|js)\b", diagram):
            assert any(file.endswith(f"/{path}") for file in files), f"a diagram names {path}"


@pytest.mark.parametrize("block", PYTHON_BLOCKS, ids=lambda block: block.split("\n")[0])
def test_python_examples_use_what_there_is(block: str) -> None:
    tree = parse(block)
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("musictx"):
            module = importlib.import_module(node.module)
            names |= {alias.name: getattr(module, alias.name) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            callable_ = names[node.func.id]
            assert callable(callable_)
            known = inspect.signature(callable_).parameters
            assert {keyword.arg for keyword in node.keywords} <= set(known), ast.unparse(node)
    for path in re.findall(r'"(assets/[^"]+)"', block):
        assert (ROOT / path).is_file(), path


def test_the_call_of_the_experiment_stands_with_all_its_names() -> None:
    call = inspect.signature(musictx.generate_enhanced_music)
    assert list(call.parameters)[:7] == ["model", "seed_path", "top_k", "top_p", "temperature", "length", "out_dir"]
    assert any("generate_enhanced_music(" in block and "out_dir=" in block for block in PYTHON_BLOCKS)


def test_the_endpoint_has_the_parameters_of_the_example() -> None:
    known = {*FIRST_PARAMETERS, *(each.name for each in COMPOSE)}
    example = next(block for block in PYTHON_BLOCKS if "gradio_client" in block)
    predict = next(
        node
        for node in ast.walk(parse(example))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "predict"
    )
    assert {keyword.arg for keyword in predict.keywords} - {"api_name"} <= known


def test_presets_are_those_of_the_program() -> None:
    rows = re.findall(r"\| (Precise|Balanced|Creative) \| ([\d.]+) \| (\d+) \| ([\d.]+) \|", USAGE)
    said = {name.lower(): (float(temperature), int(top_k), float(top_p)) for name, temperature, top_k, top_p in rows}
    assert said == {name: (preset.temperature, preset.top_k, preset.top_p) for name, preset in SAMPLING_PRESETS.items()}


def test_seeds_are_counted_right() -> None:
    assert "twelve seeds" in README and len(PIECES) == 12


def test_the_repository_does_not_pretend_to_be_a_space() -> None:
    """The Hub would refuse it, so the head of a Space is in what `make space` lays out."""
    assert README.startswith("# musictx") and "make space" in README
    assert (ROOT / "packages.txt").read_text(encoding="utf-8").split() == ["fluidsynth"]


def test_the_dead_package_is_named_and_not_required() -> None:
    assert "pyfluidsynth" in README
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert not any(re.match(r"fluidsynth\b", line) for line in required)
    assert any(line.startswith("pyfluidsynth") for line in required)
