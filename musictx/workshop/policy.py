"""Who may train here, and how much."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from musictx.errors import TrainingError

USER, VISITOR = "user:", "visitor:"  # how an owner begins: a signed-in name, or a browser's own secret
HOW_TO_OPEN = (
    "Whoever runs this server can open it: MUSICTX_TRAINING=on for everybody, or MUSICTX_TRAINERS=name,name for "
    "signed-in people."
)


def owner_of(user: str | None, visitor: str) -> str:
    """The owner for the calls of a Workshop.

    Args:
        user: the signed-in name (`gr.Request.username`, or a Hugging Face login), None without one.
        visitor: else a secret that the browser keeps, so that a reload finds its runs again. Only its hash is
            written down.
    """
    if user:
        return f"{USER}{user}"
    assert visitor, "a visitor without a secret would share with all others"
    return f"{VISITOR}{hashlib.sha256(visitor.encode()).hexdigest()[:24]}"


@dataclass(frozen=True)
class WorkshopLimits:
    """The most that one person may ask for.

    upload_bytes: unpacked; upload_files: MIDI files; compression: unpacked over packed size of a zip.
    datasets, runs: kept at a time; queued: waiting or running at a time; minutes: of one run.
    disk_share: of the free disk that a run may fill; memory_share: of the free memory.
    """

    upload_bytes: int = 200 * 2**20
    upload_files: int = 5000
    compression: float = 100.0
    datasets: int = 20
    runs: int = 20
    queued: int = 3
    minutes: float = 24 * 60.0
    disk_share: float = 0.8
    memory_share: float = 0.9


@dataclass(frozen=True)
class TrainingPolicy:
    """Who may use the Train tab.

    everybody: whoever reaches the page. trainers: signed-in names that may.
    server_folders: whether a folder on the server may be named as a dataset.
    """

    everybody: bool = False
    trainers: frozenset[str] = frozenset()
    server_folders: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> TrainingPolicy:
        """From MUSICTX_TRAINING (on), MUSICTX_TRAINERS (name,name) and MUSICTX_TRAINING_FOLDERS (on)."""
        names = (name.strip() for name in environment.get("MUSICTX_TRAINERS", "").split(","))
        return cls(
            everybody=_is_on(environment.get("MUSICTX_TRAINING", "")),
            trainers=frozenset(name for name in names if name),
            server_folders=_is_on(environment.get("MUSICTX_TRAINING_FOLDERS", "")),
        )

    def refusal(self, owner: str) -> str:
        """ "" if `owner` may train, else the sentence that says why not and how it can be opened."""
        if self.everybody or (owner.startswith(USER) and owner.removeprefix(USER) in self.trainers):
            return ""
        if self.trainers and not owner.startswith(USER):
            return "Training here is for people who have signed in and are named by whoever runs this server. Sign in."
        if self.trainers:
            return f"You are signed in as {owner.removeprefix(USER)}, who is not among those who may train here."
        return f"Training is off on this server. {HOW_TO_OPEN}"

    def check(self, owner: str) -> None:
        """Raises TrainingError with that sentence."""
        refusal = self.refusal(owner)
        if refusal:
            raise TrainingError(refusal)

    def check_folders(self) -> None:
        """Raises TrainingError where nothing on the server may be named, neither folder nor file."""
        if not self.server_folders:
            raise TrainingError(
                "Naming what lies on this server is not allowed here. Upload the files or a zip; whoever runs the "
                "server can allow it with MUSICTX_TRAINING_FOLDERS=on."
            )


def _is_on(value: str) -> bool:
    return value.strip().lower() in ("on", "1", "true", "yes")
