"""The law of the house: which room may import which, read from the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parsing import parse

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "musictx"

# Room -> rooms of musictx it may import, besides itself. "errors" and "config" are the ground floor.
GROUND = {"errors", "config", "types", "settings", "files"}
LAW: dict[str, set[str]] = {
    "errors": set(),
    "types": set(),
    "files": set(),
    "settings": {"errors"},
    "privacy": set(),
    "hosting": GROUND,
    "config": {"errors", "settings"},
    "midi": GROUND,
    "model": GROUND,
    "generation": GROUND | {"midi", "model"},
    "training": GROUND | {"midi", "model"},
    "audio": GROUND | {"midi.notes"},
    "takes": GROUND | {"midi"},  # what the studio hands out
    "model_cache": GROUND | {"midi", "model", "generation"},  # what the studio has loaded
    "studio": GROUND | {"midi", "model", "generation", "audio", "takes", "model_cache"},
    "python_api": GROUND | {"midi", "takes", "model", "generation", "audio", "studio"},
    "continuation_evaluation": GROUND | {"midi", "generation"},
    "workshop": GROUND | {"midi", "takes", "model", "generation", "training", "studio"},
    "ui": GROUND | {"hosting", "midi", "takes", "model", "generation", "training", "audio", "studio", "workshop"},
    "cli": GROUND
    | {"midi", "takes", "model", "generation", "training", "audio", "studio", "python_api"}
    | {"continuation_evaluation", "workshop"},
}
# Library -> rooms that may import it; a library not named here is free.
ONLY_IN: dict[str, set[str]] = {
    "gradio": {"ui"},
    "gradio_client": {"ui"},
    "keras": {"model", "generation", "training"},
    "tensorflow": {"model", "generation", "training"},
    "jax": {"model", "generation", "training"},
    "torch": {"model", "generation", "training"},
    "onnxruntime": {"generation"},
    "onnx": {"generation"},
    "mido": {"midi"},
    "pretty_midi": {"midi", "audio"},  # audio takes only its SoundFont file
    "fluidsynth": {"audio"},
    "tinysoundfont": {"audio"},
    "soundfile": {"audio"},
}
HEAVY = ("gradio", "keras", "tensorflow", "onnxruntime", "onnx", "jax", "torch", "mido", "pretty_midi")
LONGEST_FILE = 500  # a class is not cut in two to keep it; most files are far shorter
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}


def sources(folder: Path = PACKAGE) -> list[Path]:
    """Every Python file of the package."""
    return sorted(folder.rglob("*.py"))


def room_of(path: Path, package: Path = PACKAGE) -> str:
    """The room a file belongs to: the name of its folder or, at the top, its own."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, at any depth of the code."""
    for node in ast.walk(parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write imports absolutely"
            assert node.module is not None
            # `from musictx.midi import notes` imports a module, `from musictx.midi.notes import X` a name of one.
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def is_allowed(name: str, room: str) -> bool:
    """Whether `room` may import the dotted `name`."""
    parts = name.split(".")
    if parts[0] != "musictx":
        return room in ONLY_IN.get(parts[0], {room})
    inside = ".".join(parts[1:])
    if inside.startswith("__") or parts[1] == room:
        return True
    return any(inside == allowed or inside.startswith(f"{allowed}.") for allowed in LAW[room])


def violations(package: Path) -> list[str]:
    """Every import that breaks the law, as 'file:line: room imports name'."""
    return [
        f"{path.relative_to(package.parent)}:{line}: {room_of(path, package)} may not import {name}"
        for path in sources(package)
        if room_of(path, package) not in ("__init__", "__main__")
        for line, name in imports(path)
        if not is_allowed(name, room_of(path, package))
    ]


def test_every_room_is_known() -> None:
    unknown = {room_of(path) for path in sources()} - set(LAW) - {"__init__", "__main__"}
    assert not unknown, f"give {unknown} a place in the law"


def test_no_room_imports_what_it_may_not_know() -> None:
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "statement", "room"),
    [
        ("midi/codec.py", "import keras", "midi"),
        ("midi/codec.py", "from musictx.model import cache", "midi"),
        ("model/cache.py", "from musictx.midi import vocabulary", "model"),
        ("generation/loop.py", "from musictx.training import train", "generation"),
        ("training/train.py", "from musictx.audio.synth import render", "training"),
        ("audio/synth.py", "from musictx.midi.codec import encode", "audio"),
        ("studio.py", "def late():\n    import gradio as gr", "studio"),
        ("studio.py", "from musictx.ui import page", "studio"),
    ],
)
def test_the_law_names_file_and_line(tmp_path: Path, file: str, statement: str, room: str) -> None:
    path = tmp_path / "musictx" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(statement)
    (found,) = violations(tmp_path / "musictx")
    line = statement.count("\n") + 1
    assert found.startswith(f"musictx/{file}:{line}: {room} may not import ")


def test_importing_musictx_is_light() -> None:
    code = f"import musictx, sys; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def mutable_globals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of module-level names that are no constants but hold something that can change."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        called = getattr(value.func, "id", "") if isinstance(value, ast.Call) else ""
        for target in targets:
            name = target.id if isinstance(target, ast.Name) else ast.unparse(target)
            constant = name.strip("_").isupper() or name.startswith("__")
            if (isinstance(value, MUTABLE) or called in MUTABLE_CALLS) and not constant:
                yield node.lineno, name


def test_no_module_has_mutable_globals() -> None:
    """Module state is one user's settings in another user's page. UPPER_CASE tables are constants."""
    found = []
    for path in sources():
        tree = parse(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(ROOT)}:{line}: {name}" for line, name in mutable_globals(tree)]
        found += [
            f"{path.relative_to(ROOT)}:{node.lineno}: global {', '.join(node.names)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Global)
        ]
    assert found == []


def test_mutable_globals_are_seen() -> None:
    tree = parse("TABLE = {}\n__all__ = ['x']\ncache = {}\nseen: set[int] = set()\n")
    assert list(mutable_globals(tree)) == [(3, "cache"), (4, "seen")]


def public_without_docstring(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of what is public but undocumented: the module, functions, classes, methods.

    A property may be explained in its class's docstring, as 'name:', instead of its own.
    """
    if not ast.get_docstring(tree):
        yield 1, "module"
    scopes: list[ast.Module | ast.ClassDef] = [tree]
    while scopes:
        scope = scopes.pop()
        explained = ast.get_docstring(scope) or ""
        for node in scope.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if isinstance(node, ast.ClassDef):
                scopes.append(node)
            is_property = any(getattr(decorator, "id", "") == "property" for decorator in node.decorator_list)
            if not ast.get_docstring(node) and not (is_property and f"{node.name}:" in explained):
                yield node.lineno, node.name


def test_every_public_name_has_a_docstring() -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources()
        for line, name in public_without_docstring(parse(path.read_text(encoding="utf-8")))
    ] == []


def test_files_stay_readable() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}
