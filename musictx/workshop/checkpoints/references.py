"""Which checkpoint a reference means, and whose it is: "enhanced" is everybody's, "run:ID" one person's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from musictx.errors import CheckpointError
from musictx.model.card import CARD_FILE, read_card
from musictx.training.runs import RunFolder
from musictx.workshop.checkpoints.uploads import WEIGHTS, Uploads
from musictx.workshop.owned import is_id
from musictx.workshop.runs.store import RunStore
from musictx.workshop.runs.view import TrainedCheckpoint

OWN = "run:"  # how the reference of a person's own checkpoint begins


@dataclass(frozen=True)
class References:
    """The checkpoints of runs and uploads, and those that come with the program in `shipped`."""

    store: RunStore
    uploads: Uploads
    shipped: Path

    def folder(self, owner: str, reference: str) -> Path | None:
        """The folder of a checkpoint, None for "" (from scratch).

        Raises:
            CheckpointError: if there is none, or it is another's.
        """
        if not reference:
            return None
        if reference.startswith(OWN):
            return self.own(owner, reference.removeprefix(OWN)).resolve()
        if Path(reference).name != reference:
            raise CheckpointError(f"There is no checkpoint named {reference!r}. Choose one from the list.")
        read_card(self.shipped / reference)
        return (self.shipped / reference).resolve()

    def own(self, owner: str, name: str) -> Path:
        """The checkpoint of a run or upload of the owner's; CheckpointError if there is none."""
        return self.uploads.find(owner, name) or self.store.checkpoint(owner, name)

    def check(self, owner: str, reference: str) -> None:
        """Raises CheckpointError for a "run:ID" that is not the owner's."""
        if reference.startswith(OWN):
            self.own(owner, reference.removeprefix(OWN))

    def list(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """The owner's own, newest runs first, then uploads."""
        trained = [
            TrainedCheckpoint(f"{OWN}{view.run_id}", view.settings.name, view.settings.method, view.nll_best)
            for view in self.store.runs(owner)
            if view.can_use
        ]
        return (*trained, *self.brought(owner))

    def brought(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """The owner's uploads."""
        return tuple(
            TrainedCheckpoint(
                f"{OWN}{folder.parent.name}", about["title"], "lora" if read_card(folder).adapter else "full", None
            )
            for folder, about in self.uploads.known(owner)
        )

    def named(self, owner: str, name: str) -> TrainedCheckpoint:
        """One of them by its run's or upload's id."""
        self.own(owner, name)
        return next(known for known in self.list(owner) if known.reference == f"{OWN}{name}")


def checkpoint_resolver(folder: Path) -> Callable[[str], Path | None]:
    """For `Studio(resolve=...)`: the checkpoint folder of a reference "run:ID", None for other names.

    Args:
        folder: of the Workshop.
    """

    def resolve(reference: str) -> Path | None:
        name = reference.removeprefix(OWN)
        if name == reference or not is_id(name):
            return None
        brought = folder / "uploads" / name / WEIGHTS
        return brought if (brought / CARD_FILE).is_file() else RunFolder(folder / "runs" / name).result

    return resolve
