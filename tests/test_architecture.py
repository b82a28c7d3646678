"""What no tool checks of the program's build: light imports, no mutable module state, short files.

The dependency rules are in .importlinter, those of docstrings in pyproject.toml; `make lint` checks both.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.parsing import parse

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "musictx"

HEAVY = ("gradio", "keras", "tensorflow", "onnxruntime", "onnx", "jax", "torch", "mido", "pretty_midi")
LONGEST_FILE = 500  # a class is not cut in two to keep it; most files are far shorter
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"}


def sources(folder: Path = PACKAGE) -> list[Path]:
    """Every Python file of the package."""
    return sorted(folder.rglob("*.py"))


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


def test_files_stay_readable() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}
