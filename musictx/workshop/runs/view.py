"""What is shown of a run: plain values, read from the files of its folder at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from musictx.workshop.runs.settings import RunSettings

STATUSES = ("queued", "running", "stopping", "stopped", "finished", "failed")
LIVE = ("queued", "running", "stopping")  # a process is at work, or waits for its turn


@dataclass(frozen=True)
class Curve:
    """One quantity over a run: steps (optimizer steps), raw and smoothed values, all of one length."""

    steps: tuple[int, ...] = ()
    raw: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A continuation of the run's fixed seed with the weights of one step.

    midi: seed and continuation. join_s: where the continuation begins, in seconds of that file.
    """

    step: int
    midi: Path
    join_s: float


@dataclass(frozen=True)
class Estimate:
    """What a run will take, measured by timed steps on this machine.

    seconds: of the whole run, samples and validations included; compile_s of them before the first step.
    memory_bytes: peak of the process; disk_bytes: of its folder. steps, trained_parameters, parameters: of the run.
    free_memory_bytes, free_disk_bytes: of this machine now. tokens_per_second: of training.
    refusal: "" or a sentence why such a run would be refused, with the figures. note: "" or what else is to be known.
    """

    seconds: float
    compile_s: float
    memory_bytes: int
    disk_bytes: int
    free_memory_bytes: int
    free_disk_bytes: int
    steps: int
    trained_parameters: int
    parameters: int
    tokens_per_second: float
    refusal: str = ""
    note: str = ""


@dataclass(frozen=True)
class TrainedCheckpoint:
    """A person's own checkpoint for the pickers of Compose and Train.

    reference: "run:ID", for `ComposeSettings.checkpoint` and `RunSettings.base`. title: for people.
    method: "full" or "lora". nll: validation, None if nothing was held out.
    """

    reference: str
    title: str
    method: str
    nll: float | None


@dataclass(frozen=True)
class RunView:
    """A run as it stands.

    status: of STATUSES. queue_place: 1 is next, 0 if it does not wait. step of steps; eta_s until the end,
        None where nothing can be said. seconds: worked so far.
    tokens_per_second, learning_rate: the last reported, 0 before.
    training, validation (NLL in nats per token), learning_rates, speeds: the curves.
    best_step, nll_before (of the base, on the validation pieces), nll_best (the lowest): None before they exist.
    samples: by step. error: the last error in plain words. log: path of the whole log.
    advice: sentences on what the curves say, such as to stop early; memorised: a sentence or "".
    can_stop, can_resume, can_delete, can_use: what may be asked for now; can_use: a checkpoint exists.
    command: the same run as a command line.
    """

    run_id: str
    owner: str
    dataset_id: str
    settings: RunSettings
    status: str
    queue_place: int
    step: int
    steps: int
    eta_s: float | None
    seconds: float
    tokens_per_second: float
    learning_rate: float
    training: Curve
    validation: Curve
    learning_rates: Curve
    speeds: Curve
    samples: tuple[Sample, ...]
    best_step: int | None
    nll_before: float | None
    nll_best: float | None
    advice: tuple[str, ...]
    memorised: str
    error: str
    log: Path
    created_s: float
    command: str
    can_stop: bool
    can_resume: bool
    can_delete: bool
    can_use: bool

    @property
    def live(self) -> bool:
        """Whether a process is at work on it, or waits for its turn."""
        return self.status in LIVE
