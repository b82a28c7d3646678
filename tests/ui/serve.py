"""Serves one page for the tests, in a process of its own: python -m tests.ui.serve fake|closed|tiny PORT FOLDER."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from musictx.studio import Studio, StudioFolders
from musictx.ui.page import build_page, launch_options
from musictx.ui.warm_up import WarmUp
from musictx.workshop.policy import TrainingPolicy
from musictx.workshop.workshop import Workshop, checkpoint_resolver
from tests.tiny import write_tiny_checkpoint
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_workshop import FakeWorkshop

ROOT = Path(__file__).resolve().parents[2]


def build_studio(kind: str, folder: Path) -> Any:
    """The fake studio, or the real one with random weights of the tiny model."""
    if kind in ("fake", "closed"):
        return FakeStudio(folder)
    if not (folder / "checkpoints" / "tiny").exists():  # else the page was started again
        write_tiny_checkpoint(folder / "checkpoints" / "tiny")
    folders = dataclasses.replace(StudioFolders.beside(ROOT), checkpoints=folder / "checkpoints")
    return Studio(folders, resolve=checkpoint_resolver(folder / "workshop"))


def build_workshop(kind: str, folder: Path, studio: Any) -> Any:
    """The fake workshop, or the real one; "closed": a fake where nobody may train."""
    policy = TrainingPolicy() if kind == "closed" else TrainingPolicy(everybody=True, server_folders=True)
    if kind == "tiny":
        return Workshop(studio, folder / "workshop", policy=policy)
    return FakeWorkshop(folder, policy=policy)


def main(kind: str, port: str, folder: str) -> None:
    """Serves until the process is ended; the model is prepared first."""
    studio = build_studio(kind, Path(folder))
    warm_up = WarmUp(studio, studio.checkpoints()[0].name).start()
    warm_up.wait(120)
    workshop = build_workshop(kind, Path(folder), studio)
    page = build_page(studio, warm_up, workshop)
    page.launch(server_port=int(port), quiet=True, **launch_options(workshop))


if __name__ == "__main__":
    main(*sys.argv[1:])
