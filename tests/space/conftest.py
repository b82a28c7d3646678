"""Folders of Spaces, laid out once for all tests that only read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.space.__main__ import main

LayOut = Callable[..., Path]


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> LayOut:
    """Lays out a Space with the options given and says where; the same options give the same folder."""
    made: dict[tuple[str, ...], Path] = {}

    def lay_out(*options: str) -> Path:
        if options not in made:
            out = tmp_path_factory.mktemp("space") / "folder"
            assert main([*options, "--out", str(out)]) == 0
            made[options] = out
        return made[options]

    return lay_out
