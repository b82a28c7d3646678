"""The requirements of a Space: what its hardware needs of `requirements.txt`, at the versions of `requirements.lock`.

A Space has one system and one Python, so markers are decided here. A Space whose page only plays runs on
ONNX Runtime: Keras, a backend and the writer of graphs stay away, which is most of what there is to install.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.space.choice import Choice, LayoutError

PYTHON = "3.12"  # the newest one that ZeroGPU has
SYSTEM = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
}
KERAS, BACKENDS, GRAPHS = {"keras"}, {"tensorflow-cpu", "tensorflow"}, {"onnx"}
OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
# ZeroGPU gives its GPU to PyTorch from 2.8 on; the version of `spaces` is the host's own affair.
ZERO = ("torch==2.9.1", "spaces")


def requirements_text(choice: Choice, root: Path) -> str:
    """The contents of `requirements.txt`.

    Raises:
        LayoutError: if the lock file lacks something.
    """
    versions = locked((root / "requirements.lock").read_text(encoding="utf-8"))
    left_out = _left_out(choice)
    lines = []
    for name in required((root / "requirements.txt").read_text(encoding="utf-8")):
        if name in left_out:
            continue
        if name not in versions:
            raise LayoutError(f"requirements.lock lacks {name}: python make.py lock")
        lines.append(f"{_as_installed(name, choice)}=={versions[name]}")
    if choice.hardware == "zero":
        lines += ZERO
    return "# Written by `make space`: the versions are those of requirements.lock.\n" + "\n".join(lines) + "\n"


def _left_out(choice: Choice) -> set[str]:
    graphs = set() if choice.training else GRAPHS  # a network of a shape of its own may be trained
    if choice.hardware == "zero":
        return BACKENDS | graphs
    return set() if choice.hardware == "gpu" or choice.training else BACKENDS | GRAPHS | KERAS


def _as_installed(name: str, choice: Choice) -> str:
    """The name with what a Space adds: gradio as the Space itself installs it, TensorFlow with CUDA on a GPU."""
    if name == "gradio":
        return "gradio[oauth]"
    return "tensorflow[and-cuda]" if name in BACKENDS and choice.hardware == "gpu" else name


def required(text: str) -> list[str]:
    """The names that a requirements file asks for on a Space, in its order."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    parts = [line.partition(";") for line in lines if line]
    return [_name(package) for package, _, marker in parts if holds(marker)]


def locked(text: str) -> dict[str, str]:
    """The versions by name that a lock file gives to a Space."""
    found = re.findall(r"^([\w.-]+)==(\S+) *(?:;(.*?))?\\?$", text, re.MULTILINE)
    return {_name(name): version for name, version, marker in found if holds(marker)}


def _name(requirement: str) -> str:
    """As the package index spells it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]).lower()


def holds(marker: str) -> bool:
    """Whether an environment marker holds on a Space; an empty one does.

    Markers are written as Python is: comparisons of names and strings with `and`, `or` and brackets.
    """
    return not marker.strip() or _truth(ast.parse(marker.strip(), mode="eval").body)


def _truth(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        values = map(_truth, node.values)
        return all(values) if isinstance(node.op, ast.And) else any(values)
    assert isinstance(node, ast.Compare) and isinstance(node.left, ast.Name)
    (comparison,), (right,) = node.ops, node.comparators
    assert isinstance(right, ast.Constant)
    left, other = SYSTEM[node.left.id], str(right.value)
    if node.left.id.startswith("python"):
        return bool(OPERATORS[type(comparison)](_release(left)[: len(_release(other))], _release(other)))
    return bool(OPERATORS[type(comparison)](left, other))


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers at most: no marker here tells one patch of a Python from another."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
