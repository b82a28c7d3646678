"""The fakes have the methods of the real classes, with the same parameters."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musictx.studio import Studio
from musictx.workshop.workshop import Workshop
from tests.parsing import parse
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_workshop import FakeWorkshop

UI = Path(__file__).resolve().parents[2] / "musictx" / "ui"
PAIRS = [(Studio, FakeStudio), (Workshop, FakeWorkshop)]


def methods(of: type) -> dict[str, Any]:
    """Public methods by name."""
    return {name: value for name, value in inspect.getmembers(of, inspect.isfunction) if not name.startswith("_")}


def parameters(method: Any) -> list[tuple[str, Any, Any]]:
    """(name, kind, default) of each parameter, in order; a function as default counts as any function."""
    return [
        (
            each.name,
            each.kind,
            "a function" if callable(each.default) and each.default is not each.empty else each.default,
        )
        for each in inspect.signature(method).parameters.values()
    ]


def used(by: str) -> Iterator[str]:
    """Every attribute that the page reads of what it calls `by`, "studio" or "workshop"."""
    for path in sorted(UI.rglob("*.py")):
        for node in ast.walk(parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name.removeprefix("_") == by and not node.attr.startswith("_"):
                    yield node.attr


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_signatures_are_the_same(real: type, fake: type) -> None:
    theirs, ours = methods(real), methods(fake)
    assert set(ours) <= set(theirs), "a fake has a method that the real class lacks"
    assert {name: parameters(ours[name]) for name in ours} == {name: parameters(theirs[name]) for name in ours}


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_what_the_page_uses_is_in_both(real: type, fake: type) -> None:
    names = set(used(real.__name__.lower()))
    assert len(names) > 5
    called = names & set(methods(real))
    assert called <= set(methods(fake))
    attributes = set(re.findall(r"self\.(\w+) = ", inspect.getsource(real)))
    assert names - called <= attributes, "the page uses what the real class lacks"


def test_differences_are_seen() -> None:
    def one(a: int, b: int = 1) -> None: ...
    def two(a: int, *, b: int = 1) -> None: ...
    def three(b: int, a: int = 1) -> None: ...

    assert parameters(one) == parameters(one)
    assert parameters(one) != parameters(two) and parameters(one) != parameters(three)
