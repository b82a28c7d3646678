"""Everything the Train tab and `python -m musictx runs` can ask for, built once and passed in.

    take_in: files -> dataset | start: dataset, settings -> run | view: run -> what is shown
    stop, resume, delete | sample, blind_test: run -> takes | pack, unpack: run <-> zip

A Workshop keeps no state of its own: datasets and runs are folders, so that a reload, a second
window or a restart finds them as they are. Every call names its `owner`, as `owner_of` makes it;
what belongs to another is unknown to it. EVERYBODY, the command line's owner, sees all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from musictx.config import DEFAULT_CHECKPOINT
from musictx.errors import TrainingError
from musictx.midi.notes import NoteSequence
from musictx.model.card import read_card
from musictx.studio import Elsewhere, Studio, StudioFolders
from musictx.takes import Take
from musictx.training.config import TrainingConfig
from musictx.training.dataset import open_corpus
from musictx.training.runs import RunFolder
from musictx.workshop.checkpoints.package import pack_checkpoint
from musictx.workshop.checkpoints.references import OWN, References, checkpoint_resolver
from musictx.workshop.checkpoints.uploads import Uploads
from musictx.workshop.datasets.report import DatasetReport, DatasetRow
from musictx.workshop.datasets.store import Datasets
from musictx.workshop.policy import TrainingPolicy, WorkshopLimits, owner_of
from musictx.workshop.runs.blind_test import BlindTest, BlindTestResult, hold_blind_test, reveal_blind_test
from musictx.workshop.runs.measure import measured
from musictx.workshop.runs.plan import check_start, default_settings, estimate, memory_bytes, shape, training_config
from musictx.workshop.runs.reader import view_run
from musictx.workshop.runs.samples import read_sample
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.store import OWN_DATA, RunStore
from musictx.workshop.runs.view import Curve, Estimate, RunView, Sample, TrainedCheckpoint
from musictx.workshop.runs.worker import Runner, process_runner

__all__ = [
    "Curve",
    "DatasetReport",
    "DatasetRow",
    "BlindTest",
    "BlindTestResult",
    "Estimate",
    "RunSettings",
    "RunView",
    "Sample",
    "TrainedCheckpoint",
    "TrainingPolicy",
    "Workshop",
    "WorkshopLimits",
    "checkpoint_resolver",
    "open_workshop",
    "owner_of",
]

EVERYBODY = ""  # the owner that sees all: of the command line, never of a page
BLIND_TEST_S = 15.0


class Workshop:
    """Datasets, runs and their results.

    Args:
        studio: composes, and knows the checkpoints; built with `checkpoint_resolver(folder)`, so that it finds
            those of runs as well.
        folder: where datasets and runs are kept.
        limits: for one person.
        policy: who may train; nobody if not given.
        runner: what works on runs; processes of this machine if not given.

    Attributes:
        store: the folders of all runs.
    """

    def __init__(
        self,
        studio: Studio,
        folder: Path,
        limits: WorkshopLimits | None = None,
        policy: TrainingPolicy | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.studio = studio
        self.folder = folder
        self.limits = limits or WorkshopLimits()
        self.policy = policy or TrainingPolicy()
        self._datasets = Datasets(folder / "datasets", self.limits, studio.read)
        self.runner = runner or process_runner()
        self.store = RunStore(folder / "runs", self.limits, self.runner)
        self._uploads = Uploads(folder / "uploads", self.limits)
        self._references = References(self.store, self._uploads, studio.folders.checkpoints)

    def refusal(self, owner: str) -> str:
        """ "" if `owner` may train here, else a sentence for the page."""
        return "" if owner == EVERYBODY else self.policy.refusal(owner)

    def take_in(
        self,
        owner: str,
        paths: Sequence[Path],
        name: str = "",
        report: Callable[[int, int], None] | None = None,
    ) -> DatasetReport:
        """Reads .mid and .midi files and zips of them (and folders, where the policy allows) into a new dataset.

        Args:
            paths: uploads; what is needed of them is kept.
            name: for people; that of the first path if not given.
            report: called with (files read, files in all).

        Raises:
            TrainingError: nothing usable, a hostile or too large zip, too many datasets, or a policy against it.
        """
        self._check(owner)
        folders = owner == EVERYBODY or self.policy.server_folders
        return self._datasets.take_in(owner, paths, name, folders, report)

    def datasets(self, owner: str) -> tuple[DatasetReport, ...]:
        """The owner's datasets, newest first."""
        return self._datasets.list(owner)

    def report(self, owner: str, dataset_id: str) -> DatasetReport:
        """The report of one; TrainingError if there is none of that name."""
        return self._datasets.report(owner, dataset_id)

    def move(self, owner: str, dataset_id: str, file: str, split: str) -> DatasetReport:
        """Puts a file, and the other versions of its piece, into `split`: "train" or "validation".

        Raises:
            TrainingError: if the file is not used, or nothing would be left to train on.
        """
        return self._datasets.move(owner, dataset_id, file, split)

    def row_notes(self, owner: str, dataset_id: str, file: str) -> NoteSequence:
        """The notes of a file, to listen to and to draw; TrainingError for one that is unusable."""
        return self._datasets.notes(owner, dataset_id, file)

    def delete_dataset(self, owner: str, dataset_id: str) -> None:
        """Removes a dataset; runs have a copy of their own."""
        self._datasets.delete(owner, dataset_id)

    def defaults(self, owner: str, dataset_id: str) -> RunSettings:
        """Settings that fit this dataset's size and this machine."""
        names = [card.name for card in self.studio.checkpoints()]
        base = DEFAULT_CHECKPOINT if DEFAULT_CHECKPOINT in names else (names[0] if names else "")
        folder = self._references.folder(owner, base)
        window = read_card(folder).model.window if folder else 2048
        return default_settings(self.report(owner, dataset_id), base, window)

    def estimate(self, owner: str, dataset_id: str, settings: RunSettings) -> Estimate:
        """Time, memory and disk by a few timed steps in a process of its own: half a minute the first time for
        each shape of run, at once later. `Estimate.refusal` says if it would not be allowed to start.
        """
        self._check(owner)
        config = self._config(owner, dataset_id, settings)
        return estimate(settings, config, self.folder, self.limits, self.runner.measure)

    def check_settings(self, owner: str, settings: RunSettings) -> None:
        """Raises what `start` would of settings that fit no dataset: see `plan.shape`."""
        shape(settings, self._references.folder(owner, settings.base))

    def start(self, owner: str, dataset_id: str, settings: RunSettings) -> str:
        """Starts a process that trains, or waits for its turn; returns the run's id.

        Raises:
            TrainingError: nothing to train on, no room, or not allowed. CheckpointError: the base cannot be used.
        """
        self._check(owner)
        self.store.check_new(owner)
        config = self._config(owner, dataset_id, settings)
        network = shape(settings, Path(config.base) if config.base else None)
        known = measured(self.folder / "measured", config, None)
        memory = known.memory_bytes if known else memory_bytes(settings, network)
        check_start(settings, self.report(owner, dataset_id).training_tokens, network, memory, self.folder, self.limits)
        return self.store.add(owner, dataset_id, self._datasets.find(owner, dataset_id), settings, config)

    def runs(self, owner: str) -> tuple[RunView, ...]:
        """The owner's runs, newest first."""
        return self.store.runs(owner)

    def view(self, owner: str, run_id: str) -> RunView:
        """A run as it stands, read from its folder; TrainingError if there is none of that id."""
        return view_run(self.store.find(owner, run_id))

    def stop(self, owner: str, run_id: str) -> None:
        """Asks a run to save and stop, which it does within two steps; a queued one leaves the queue."""
        self.store.stop(owner, run_id)

    def resume(self, owner: str, run_id: str, more_steps: int = 0) -> None:
        """Goes on from the last saved state, in the queue like a new one; `more_steps` lengthens the run.

        Raises:
            TrainingError: if it is at work, has nothing left to do, has worked as long as one may, or a policy is
                against it.
        """
        self._check(owner)
        self.store.resume(owner, run_id, more_steps)

    def delete(self, owner: str, run_id: str) -> None:
        """Removes a run's folder, or an uploaded checkpoint; TrainingError while a process is at work on it."""
        if self._uploads.find(owner, run_id):
            self._uploads.delete(owner, run_id)
        else:
            self.store.delete(owner, run_id)

    def log_tail(self, owner: str, run_id: str, lines: int = 200) -> str:
        """The end of a run's log."""
        log = self.store.find(owner, run_id) / "log.txt"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    # -- results ---------------------------------------------------------------------------------

    def sample(self, owner: str, run_id: str, step: int) -> Take:
        """The sample of a step as a take, to play, draw and export; TrainingError if there is none."""
        return read_sample(RunFolder(self.store.find(owner, run_id)), step)

    def blind_test(
        self,
        owner: str,
        run_id: str,
        seconds: float = BLIND_TEST_S,
        report: Callable[[float], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> BlindTest:
        """Continues a validation passage with the base and with the run's best weights: tens of seconds.

        Args:
            report: called with the share that is done, 0 to 1.
            stop: asked on the way; True raises TrainingError, since half a blind test is none.

        Raises:
            TrainingError: if the run has no weights yet, or was trained from scratch and has nothing to compare with.
        """
        folder, base = self.store.find(owner, run_id), self.view(owner, run_id).settings.base
        self.store.checkpoint(owner, run_id)
        if not base:
            raise TrainingError("This run started from scratch: there is no base to compare it with.")
        self.check_use(owner, base)
        corpus, mine = open_corpus(folder / OWN_DATA), f"{OWN}{run_id}"
        return hold_blind_test(self.studio, folder, corpus, base, mine, seconds, report or (lambda _: None), stop)

    def reveal(self, owner: str, run_id: str, test_id: str, guess: str) -> BlindTestResult:
        """Answers a blind test; the first `guess` ("a" or "b") of each counts."""
        return reveal_blind_test(self.store.find(owner, run_id), test_id, guess)

    def checkpoints(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """What the owner's runs and uploads have come to, newest first: for the pickers."""
        return self._references.list(owner)

    def check_use(self, owner: str, reference: str) -> None:
        """Raises CheckpointError for a reference "run:ID" that is not the owner's; other names pass.

        The Compose tab asks before it composes: a studio serves everybody and knows no owners.
        """
        self._references.check(owner, reference)

    def pack(self, owner: str, run_id: str, target: Path) -> Path:
        """Writes the run's best checkpoint as a zip of card and weights to the file or folder `target`."""
        title = self._references.named(owner, run_id).title
        return pack_checkpoint(self._references.own(owner, run_id), title, target)

    def unpack(self, owner: str, path: Path) -> TrainedCheckpoint:
        """Takes a zip that `pack` wrote, here or elsewhere, among the owner's checkpoints.

        Raises:
            CheckpointError: if it is no such zip, too large, damaged, or does not fit (another vocabulary, a LoRA
                whose base is missing or another).
        """
        self._check(owner)
        upload_id = self._uploads.add(owner, path, [self.studio.folders.checkpoints])
        return self._references.named(owner, upload_id)

    def uploaded(self, owner: str) -> tuple[TrainedCheckpoint, ...]:
        """The owner's uploaded checkpoints alone."""
        return self._references.brought(owner)

    def _check(self, owner: str) -> None:
        refusal = self.refusal(owner)
        if refusal:
            raise TrainingError(refusal)

    def _config(self, owner: str, dataset_id: str, settings: RunSettings) -> TrainingConfig:
        """The run's configuration on the dataset as it is."""
        tokens = self.report(owner, dataset_id).training_tokens
        data, base = self._datasets.find(owner, dataset_id), self._references.folder(owner, settings.base)
        return training_config(settings, data.resolve(), tokens, base, self.limits)


def open_workshop(
    project: Path,
    environment: Mapping[str, str] = os.environ,
    engine: str | None = None,
    elsewhere: Elsewhere | None = None,
    runner: Runner | None = None,
) -> Workshop:
    """The workshop of a checkout and its studio, as the page and the command line use it.

    Args:
        project: the checkout; datasets and runs lie in its data/workshop, or in the folder MUSICTX_WORKSHOP.
        environment: also says who may train, see `TrainingPolicy`.
        engine, elsewhere: what runs the network, see `Studio`.
        runner: what works on runs, see `Workshop`.
    """
    folder = Path(environment.get("MUSICTX_WORKSHOP") or project / "data" / "workshop")
    studio = Studio(
        StudioFolders.beside(project), engine=engine, resolve=checkpoint_resolver(folder), elsewhere=elsewhere
    )
    return Workshop(studio, folder, policy=TrainingPolicy.from_environment(environment), runner=runner)
