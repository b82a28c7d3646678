"""Everything the Train tab and `python -m musictx runs` can ask for, built once and passed in.

    take_in: files -> dataset | start: dataset, settings -> run | view: run -> what is shown
    stop, resume, delete | sample, duel: run -> takes | pack, unpack: run <-> zip

A Workshop keeps no state of its own: datasets and runs are folders, so that a reload, a second
window or a restart finds them as they are. Every call names its `owner`, as `owner_of` makes it;
what belongs to another is unknown to it. EVERYBODY, the command line's owner, sees all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from musictx.midi.notes import NoteSequence
from musictx.studio import Studio
from musictx.takes import Take
from musictx.training.policy import TrainingPolicy, WorkshopLimits, owner_of
from musictx.training.report import DatasetReport, DatasetRow
from musictx.training.settings import RunSettings
from musictx.training.view import Curve, Estimate, RunView, Sample

__all__ = [
    "Curve",
    "DatasetReport",
    "DatasetRow",
    "Duel",
    "DuelResult",
    "Estimate",
    "RunSettings",
    "RunView",
    "Sample",
    "TrainedCheckpoint",
    "TrainingPolicy",
    "Workshop",
    "WorkshopLimits",
    "checkpoint_resolver",
    "owner_of",
]

EVERYBODY = ""  # the owner that sees all: of the command line, never of a page
DUEL_SECONDS = 15.0


@dataclass(frozen=True)
class TrainedCheckpoint:
    """A person's own checkpoint for the pickers of Compose and Train.

    reference: "run:ID", for `ComposeSettings.checkpoint` and `RunSettings.base`. title: for people.
    method: "full" or "lora". nll: held-out, None if nothing was held out.
    """

    reference: str
    title: str
    method: str
    nll: float | None


@dataclass(frozen=True, eq=False)
class Duel:
    """Two continuations of one held-out passage: by the base and by the run, in random order.

    a, b: their takes, alike in everything but the weights. The answer stays in the run's folder until `reveal`.
    """

    duel_id: str
    a: Take
    b: Take


@dataclass(frozen=True)
class DuelResult:
    """mine: "a" or "b", which the run made; right: the guess was; won of played: all guesses on this run."""

    mine: str
    right: bool
    won: int
    played: int


class Workshop:
    """Datasets, runs and their results.

    Args:
        studio: composes, and knows the checkpoints; built with `checkpoint_resolver(folder)`, so that it finds
            those of runs as well.
        folder: where datasets and runs are kept.
        limits: for one person.
        policy: who may train; nobody if not given.
    """

    def __init__(
        self,
        studio: Studio,
        folder: Path,
        limits: WorkshopLimits | None = None,
        policy: TrainingPolicy | None = None,
    ) -> None:
        self.studio = studio
        self.folder = folder
        self.limits = limits or WorkshopLimits()
        self.policy = policy or TrainingPolicy()

    def refusal(self, owner: str) -> str:
        """ "" if `owner` may train here, else a sentence for the page."""
        raise NotImplementedError

    # -- datasets --------------------------------------------------------------------------------

    def take_in(
        self,
        owner: str,
        paths: Sequence[Path],
        name: str = "",
        report: Callable[[int, int], None] | None = None,
    ) -> DatasetReport:
        """Reads .mid and .midi files and zips of them (and folders, where the policy allows) into a new dataset.

        Args:
            paths: uploads, which are copied: the originals may vanish.
            name: for people; that of the first path if not given.
            report: called with (files read, files in all).

        Raises:
            TrainingError: nothing usable, a hostile or too large zip, too many datasets, or a policy against it.
        """
        raise NotImplementedError

    def datasets(self, owner: str) -> tuple[DatasetReport, ...]:
        """The owner's datasets, newest first."""
        raise NotImplementedError

    def report(self, owner: str, dataset_id: str) -> DatasetReport:
        """The report of one; TrainingError if there is none of that name."""
        raise NotImplementedError

    def move(self, owner: str, dataset_id: str, file: str, split: str) -> DatasetReport:
        """Puts a file, and the other versions of its piece, into `split`: "train" or "validation".

        Raises:
            TrainingError: if the file is not used, or nothing would be left to train on.
        """
        raise NotImplementedError

    def row_notes(self, owner: str, dataset_id: str, file: str) -> NoteSequence:
        """The notes of a file, to listen to and to draw; TrainingError for one that is unusable."""
        raise NotImplementedError

    def delete_dataset(self, owner: str, dataset_id: str) -> None:
        """Removes a dataset; TrainingError while a run that is queued or at work needs it."""
        raise NotImplementedError

    # -- runs ------------------------------------------------------------------------------------

    def defaults(self, owner: str, dataset_id: str) -> RunSettings:
        """Settings that fit this dataset's size and this machine."""
        raise NotImplementedError

    def estimate(self, owner: str, dataset_id: str, settings: RunSettings) -> Estimate:
        """Time, memory and disk by a few timed steps in a process of its own: half a minute the first time for
        each shape of run, at once later. `Estimate.refusal` says if it would not be allowed to start."""
        raise NotImplementedError

    def start(self, owner: str, dataset_id: str, settings: RunSettings) -> str:
        """Starts a process that trains, or waits for its turn; returns the run's id.

        Raises:
            TrainingError: nothing to train on, too many runs, not enough memory or disk (with the figures), or a
                policy against it. CheckpointError: the base cannot be used.
        """
        raise NotImplementedError

    def runs(self, owner: str) -> tuple[RunView, ...]:
        """The owner's runs, newest first."""
        raise NotImplementedError

    def view(self, owner: str, run_id: str) -> RunView:
        """A run as it stands, read from its folder; TrainingError if there is none of that id."""
        raise NotImplementedError

    def stop(self, owner: str, run_id: str) -> None:
        """Asks a run to save and stop, which it does within two steps; a queued one leaves the queue."""
        raise NotImplementedError

    def resume(self, owner: str, run_id: str, more_steps: int = 0) -> None:
        """Goes on from the last saved state, in the queue like a new one; `more_steps` lengthens the run.

        Raises:
            TrainingError: if it is at work, has nothing left to do, or may not start (see `start`).
        """
        raise NotImplementedError

    def delete(self, owner: str, run_id: str) -> None:
        """Removes a run's folder; TrainingError while a process is at work on it."""
        raise NotImplementedError

    def log_tail(self, owner: str, run_id: str, lines: int = 200) -> str:
        """The end of a run's log."""
        raise NotImplementedError

    # -- results ---------------------------------------------------------------------------------

    def sample(self, owner: str, run_id: str, step: int) -> Take:
        """The sample of a step as a take, to play, draw and export; TrainingError if there is none."""
        raise NotImplementedError

    def duel(
        self,
        owner: str,
        run_id: str,
        seconds: float = DUEL_SECONDS,
        report: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Duel:
        """Continues a held-out passage with the base and with the run's best weights: tens of seconds.

        Args:
            report: called with the share that is done, 0 to 1.
            stop: asked on the way; True raises TrainingError, since half a duel is none.

        Raises:
            TrainingError: if the run has no weights yet, or was trained from scratch and has nothing to compare with.
        """
        raise NotImplementedError

    def reveal(self, owner: str, run_id: str, duel_id: str, guess: str) -> DuelResult:
        """Answers a duel; the first `guess` ("a" or "b") of each counts."""
        raise NotImplementedError

    def checkpoints(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """What the owner's runs and uploads have come to, newest first: for the pickers."""
        raise NotImplementedError

    def check_use(self, owner: str, reference: str) -> None:
        """Raises CheckpointError for a reference "run:ID" that is not the owner's; other names pass.

        The Compose tab asks before it composes: a studio serves everybody and knows no owners.
        """
        raise NotImplementedError

    def pack(self, owner: str, run_id: str, target: Path) -> Path:
        """Writes the run's best checkpoint as a zip of card and weights to the file or folder `target`."""
        raise NotImplementedError

    def unpack(self, owner: str, path: Path) -> TrainedCheckpoint:
        """Takes a zip that `pack` wrote, here or elsewhere, among the owner's checkpoints.

        Raises:
            CheckpointError: if it is no such zip, too large, damaged, or does not fit (another vocabulary, a LoRA
                whose base is missing or another).
        """
        raise NotImplementedError


def checkpoint_resolver(folder: Path) -> Callable[[str], Path | None]:
    """For `Studio(resolve=...)`: the checkpoint folder of a reference "run:ID", None for other names.

    Args:
        folder: of the Workshop.
    """
    raise NotImplementedError
