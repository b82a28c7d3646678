"""Files: JSON read leniently, files written whole or not at all, the user's cache, children that find this musictx."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

PROJECT = Path(__file__).resolve().parents[1]  # the folder in which this package lies
CACHE_VARIABLE = "MUSICTX_CACHE"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, {} where there is none or a damaged one."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what is to become `path`: it appears when the block ends, whole, and not if the block fails.

    Folders are made. The other name lies beside it, is short however long `path`'s is, and has its suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{uuid.uuid4().hex}.part{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all; folders are made."""
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


def cache_folder() -> Path:
    """Where what was built for this user is kept: $MUSICTX_CACHE, else the platform's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("musictx", appauthor=False)


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment for a child: it finds this very musictx first, whatever the working directory."""
    places = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": places, **more}
