"""Fine-tunes on your own pieces and composes with the result: `python -m examples.fine_tune songs --seed song.mid`.

What the Train tab does, from a program: a dataset, a LoRA run (small matrices trained beside the frozen weights of a
checkpoint), and a take by the best checkpoint of the run.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from musictx.config import ComposeSettings, RenderSettings
from musictx.python_api import open_studio
from musictx.studio import Studio
from musictx.workshop.workshop import EVERYBODY, Workshop, checkpoint_resolver


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line, trains and composes."""
    parser = argparse.ArgumentParser(description="Fine-tunes on your own pieces and composes with the result.")
    parser.add_argument("folder", type=Path, help="with at least two .mid files")
    parser.add_argument("--seed", type=Path, required=True, help="the .mid file that is continued afterwards")
    parser.add_argument("--out", type=Path, default=Path("outputs"), help="folder for take-1.mid")
    parser.add_argument("--workshop", type=Path, default=Path("data/workshop"), help="folder of datasets and runs")
    parser.add_argument("--checkpoint", default="enhanced", help="to start from: name in checkpoints/, or a folder")
    parser.add_argument("--steps", type=int, default=0, help="of training; what fits the dataset if not given")
    parser.add_argument("--length", type=int, default=0, help="tokens of a training window; what fits if not given")
    options = parser.parse_args(arguments)

    # The resolver lets the studio find the checkpoints of runs under the name "run:ID".
    beside, base = open_studio(options.checkpoint)
    studio = Studio(beside.folders, resolve=checkpoint_resolver(options.workshop))
    workshop = Workshop(studio, options.workshop)

    # EVERYBODY is the owner without limits of a visitor: whoever runs a program on their own machine.
    dataset = workshop.take_in(EVERYBODY, [options.folder])
    print(f"{dataset.training_pieces} pieces to train on, {dataset.validation_pieces} held out for validation")
    settings = dataclasses.replace(workshop.defaults(EVERYBODY, dataset.dataset_id), base=base, method="lora")
    if options.steps:
        settings = dataclasses.replace(settings, steps=options.steps, sample_every=options.steps)
    if options.length:
        settings = dataclasses.replace(settings, length=options.length)

    # The run is a process of its own. It goes on if this program ends; `python -m musictx runs list` shows it.
    run_id = workshop.start(EVERYBODY, dataset.dataset_id, settings)
    while (view := workshop.view(EVERYBODY, run_id)).live:
        print(f"\r{view.status}, step {view.step} of {view.steps}", end="", flush=True)
        time.sleep(1)
    print()
    if not view.can_use:
        raise SystemExit(view.error or "the run has no checkpoint")
    print(f"validation NLL a token: {view.nll_before:.3f} before, {view.nll_best:.3f} after")

    *_, last = studio.compose(studio.read_seed(options.seed), ComposeSettings(seconds=20, checkpoint=f"run:{run_id}"))
    options.out.mkdir(parents=True, exist_ok=True)
    print(studio.export(last.takes[0], options.out, RenderSettings(), formats=("mid",))["mid"])


if __name__ == "__main__":
    main()
