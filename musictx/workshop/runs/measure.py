"""A few timed steps of a run, in a process of its own: what the whole run will take here.

Compilation, a step, a validation and a sample are timed apart, each after it was compiled; peak memory is the
operating system's own count for the process.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil

from musictx.files import read_json, replace_file
from musictx.training.config import TrainingConfig

TIMED_STEPS = 3
FILE = "measured.json"
# What two runs may differ in and still take the same time a step.
NO_SHAPE = (
    "data", "weights", "steps", "learning_rate", "warmup_steps", "schedule", "decay_share", "label_smoothing", "seed",
    "log_every", "validate_every", "save_every", "max_minutes", "transpose_semitones", "transpose_probability",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Seconds to compile (first step, validation and sample, less their later times), for a step, a validation, a save
    and a sample; peak memory in bytes; trained and all weights.
    """

    compile_s: float
    step_s: float
    validation_s: float
    save_s: float
    sample_s: float
    memory_bytes: int
    trained: int
    parameters: int

    def seconds(self, config: TrainingConfig) -> float:
        """Of a whole run."""
        checks = config.steps // config.validate_every + 1
        return self.compile_s + config.steps * self.step_s + checks * (self.validation_s + self.save_s + self.sample_s)


def measure(config: TrainingConfig, folder: Path, listen: Callable[..., None]) -> Measured:
    """Times a run of this shape; everything it writes goes to `folder`."""
    import numpy as np

    from musictx.training.devices import use_all_devices
    from musictx.training.plan import planned
    from musictx.training.runs import RunFolder
    from musictx.training.train import Loop

    config = planned(replace(config, max_minutes=0.0))
    loop = Loop(config, RunFolder(folder), use_all_devices(), lambda _: None, lambda: False, listen)
    first, then = _timed(lambda: loop.step(0)), 0.0
    for number in range(1, TIMED_STEPS + 1):
        then += _timed(lambda number=number: loop.step(number)) / TIMED_STEPS  # type: ignore[misc]
    validations = [_timed(lambda: loop.validate(0)) for _ in range(2)]
    samples = [_timed(lambda: listen(0, loop.model)) for _ in range(2)]
    save = _timed(lambda: loop.save(0))
    return Measured(
        compile_s=max(0.0, first - then)
        + max(0.0, validations[0] - validations[1])
        + max(0.0, samples[0] - samples[1]),
        step_s=then,
        validation_s=validations[1],
        save_s=max(0.0, save - samples[1]),
        sample_s=samples[1],
        memory_bytes=_peak_bytes(),
        trained=sum(int(np.prod(weight.shape)) for weight in loop.model.trainable_weights),
        parameters=sum(int(np.prod(weight.shape)) for weight in loop.model.weights),
    )


def measured(folder: Path, config: TrainingConfig, run: Callable[[Path], None] | None) -> Measured | None:
    """The figures for this shape of run: those kept in `folder`, else measured by `run` and kept.

    Args:
        folder: where figures are kept.
        config: of the run that is asked about.
        run: called with a folder that holds this configuration, to put FILE into it; None measures nothing.
    """
    kept = folder / f"{_shape(config)}.json"
    if not kept.exists():
        if run is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="measuring-") as scratch:
            replace_file(Path(scratch) / "run.json", json.dumps(asdict(config)).encode())
            run(Path(scratch))
            replace_file(kept, (Path(scratch) / FILE).read_bytes())
    values = read_json(kept)
    return Measured(**values) if values else None


def _shape(config: TrainingConfig) -> str:
    """A name for everything that the time of a step depends on."""
    values = {name: value for name, value in asdict(config).items() if name not in NO_SHAPE}
    return hashlib.sha256(json.dumps([values, sys.version], sort_keys=True).encode()).hexdigest()[:24]


def _timed(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _peak_bytes() -> int:
    """The most memory that this process ever held."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
