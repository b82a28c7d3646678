"""A folder of somebody's things: a folder each, with a note of whose it is that nobody else's calls get past."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musictx.files import read_json


@dataclass(frozen=True)
class OwnedFolders:
    """The folders in `place` that hold a file `note`; owner "" sees those of everybody.

    whose: the file whose "owner" says whose they are, if it is another one.
    """

    place: Path
    note: str
    whose: str = ""

    def known(self, owner: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The owner's folders, by name, each with its note."""
        for path in sorted(self.place.glob(f"*/{self.note}")):
            about = self._about(path.parent, owner)
            if about is not None:
                yield path.parent, about

    def count(self, owner: str) -> int:
        """How many that are."""
        return sum(1 for _ in self.known(owner))

    def find(self, owner: str, name: str) -> Path | None:
        """The folder of that name; None if the owner has none, or `name` is no name but a path."""
        there = is_id(name) and (self.place / name / self.note).is_file()
        return self.place / name if there and self._about(self.place / name, owner) is not None else None

    def _about(self, folder: Path, owner: str) -> dict[str, Any] | None:
        """What is noted of a folder; None if it is another's, or the note is damaged."""
        about = read_json(folder / (self.whose or self.note))
        if (owner and about.get("owner") != owner) or not (about or self.whose):
            return None
        return about


def new_id(name: str) -> str:
    """A name for a folder: what a person called it, and enough chance that nobody guesses it."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24].strip("-")
    return f"{plain or 'unnamed'}-{secrets.token_hex(6)}"


def is_id(text: str) -> bool:
    """Whether `text` could come from `new_id`: never a path."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", text) is not None and ".." not in text
