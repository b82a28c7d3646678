"""The scripts, styles and fragments in `ui/`, as a browser gets them: without what only readers need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
# Comments that have lines of their own. A string or template never spans lines (a test looks), so none is cut.
COMMENTS = {
    ".js": re.compile(r"^[ \t]*(?://[^\n]*|/\*\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL),
    ".css": re.compile(r"[ \t]*/\*.*?\*/", re.DOTALL),
}


def read_source(name: str) -> str:
    """A file by its path from `ui/`, without indentation, blank lines and comments of their own."""
    text = (HERE / name).read_text(encoding="utf-8")
    comments = COMMENTS.get(Path(name).suffix)
    lines = (comments.sub("", text) if comments else text).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def joined_sources(names: Iterable[str]) -> str:
    """Several as one text: one scope, or one sheet."""
    return "\n".join(read_source(name) for name in names)
