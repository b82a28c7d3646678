"""Checkpoints that people brought along: unpacked, tried, and kept beside the runs."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musictx.errors import CheckpointError
from musictx.files import replace_file
from musictx.workshop.checkpoints.package import unpack_checkpoint
from musictx.workshop.leftovers import remove_unfinished
from musictx.workshop.owned import OwnedFolders, new_id
from musictx.workshop.policy import WorkshopLimits

WEIGHTS = "weights"  # folder of the checkpoint inside an upload's folder


@dataclass(frozen=True)
class Uploads:
    """All uploaded checkpoints in `folder`; `owner` "" sees those of everybody."""

    folder: Path
    limits: WorkshopLimits

    @property
    def _owned(self) -> OwnedFolders:
        return OwnedFolders(self.folder, "about.json")

    def add(self, owner: str, path: Path, bases: list[Path]) -> str:
        """Takes a zip in; its id. See `Workshop.unpack`."""
        mine = self._owned.count(owner)
        if owner and mine >= self.limits.runs:
            raise CheckpointError(f"You have {mine} uploaded checkpoints, as many as are kept. Delete one first.")
        remove_unfinished(self.folder, "about.json")
        folder = self.folder / new_id(path.stem)
        folder.mkdir(parents=True)
        try:
            card = unpack_checkpoint(path, folder / WEIGHTS, bases)
            about = {"owner": owner, "title": card.title[:80], "created_s": time.time()}
            replace_file(folder / "about.json", json.dumps(about).encode())
        except BaseException:  # whatever it was: without the note of whose it is, nobody could delete it
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder.name

    def known(self, owner: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The owner's, as (folder of the checkpoint, title and time)."""
        for folder, about in self._owned.known(owner):
            yield folder / WEIGHTS, about

    def find(self, owner: str, upload_id: str) -> Path | None:
        """The folder of a checkpoint, None if the owner has none of that id."""
        folder = self._owned.find(owner, upload_id)
        return None if folder is None else folder / WEIGHTS

    def delete(self, owner: str, upload_id: str) -> None:
        """Removes one of the owner's."""
        folder = self.find(owner, upload_id)
        if folder is not None:
            shutil.rmtree(folder.parent)
