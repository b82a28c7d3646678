"""A LoRA run with lent GPUs, one step a call, in a process of its own: `python -m tests.zero_gpu.train PLACE STEPS`.

PLACE holds checkpoints/tiny and midi/. Prints as JSON how the run stands at its end.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

from tests.zero_gpu.without_torch import import_spaces

OWNER = "session:one"


def main(place: Path, steps: int) -> None:
    """Trains and tells."""
    import_spaces()
    from musictx.studio import Studio, StudioFolders
    from musictx.workshop.policy import TrainingPolicy
    from musictx.workshop.runs.settings import RunSettings
    from musictx.workshop.workshop import Workshop, checkpoint_resolver
    from musictx.zero_gpu import runs
    from musictx.zero_gpu.device import lend, prepare_zero_gpu

    prepare_zero_gpu()
    runs.TRAINED_S = 0.0
    folder = place / "workshop"
    folders = dataclasses.replace(StudioFolders.beside(place), checkpoints=place / "checkpoints")
    studio = Studio(folders, resolve=checkpoint_resolver(folder))
    policy = TrainingPolicy(everybody=True)
    workshop = Workshop(studio, folder, policy=policy, runner=runs.GpuRuns(lend).runner())
    report = workshop.take_in(OWNER, sorted((place / "midi").glob("*.mid")))
    settings = RunSettings(name="Lent", base="tiny", lora_rank=2, steps=steps, batch=2, length=64, sample_every=1)
    run_id = workshop.start(OWNER, report.dataset_id, settings)
    while (view := workshop.view(OWNER, run_id)).live:
        time.sleep(0.1)
    resumed = ""
    if view.status == "failed":  # the GPU was refused; another day
        while (workshop.store.find(OWNER, run_id) / "process.json").exists():
            time.sleep(0.1)
        workshop.resume(OWNER, run_id)
        while workshop.view(OWNER, run_id).live:
            time.sleep(0.1)
        resumed = workshop.view(OWNER, run_id).status
    told = {
        "status": view.status,
        "error": view.error,
        "resumed": resumed,
        "samples": [sample.step for sample in workshop.view(OWNER, run_id).samples],
        "checkpoints": len(workshop.checkpoints(OWNER)),
        "log": workshop.log_tail(OWNER, run_id),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
