"""What fine-tuning brings and costs: `python -m benchmarks.finetune MINE --test OTHERS [--elsewhere CORPUS.zip]`.

Fine-tunes a checkpoint on the pieces in MINE as the Train tab does, with LoRA and with all weights, each with the
default settings of that dataset, and gives the NLL before and after: of the pieces that the run held out itself, of
TEST, pieces of the same style that it never saw, and of ELSEWHERE, music of another style, which shows what was
forgotten. With `--sizes 1 10 100` it also says how long the default run of so many pieces of POOL takes, from timed
steps.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.midi.vocabulary import fingerprint
from musictx.model.checkpoint import load_checkpoint
from musictx.training.evaluate import evaluate
from musictx.training.pieces import read_pieces
from musictx.workshop.runs.plan import CHECKPOINTS
from musictx.workshop.runs.settings import RunSettings
from musictx.workshop.runs.view import RunView
from musictx.workshop.workshop import EVERYBODY, Workshop, open_workshop

PROJECT = Path(__file__).resolve().parents[1]
RATES = {"lora": 1e-3, "full": 1e-4}  # the defaults of the Train tab for each method
WATCH_S = 2.0


def fine_tune(workshop: Workshop, dataset: str, settings: RunSettings) -> tuple[RunView, float]:
    """Runs to its end; how it stands then, and the seconds that took."""
    began = time.monotonic()
    run = workshop.start(EVERYBODY, dataset, settings)
    while (view := workshop.view(EVERYBODY, run)).live:
        print(f"\r{settings.method}: step {view.step} of {view.steps} ", end="", file=sys.stderr, flush=True)
        time.sleep(WATCH_S)
    print(file=sys.stderr)
    if view.status != "finished":
        sys.exit(f"The run is {view.status}: {view.error}")
    return view, time.monotonic() - began


def nll(folder: Path, bases: Path, corpora: dict[str, list[Any]]) -> dict[str, float]:
    """Nats per token of each corpus under the checkpoint in `folder`."""
    model, _ = load_checkpoint(folder, fingerprint(), bases=[bases])
    return {name: evaluate(model, pieces).per_token for name, pieces in corpora.items()}


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they are printed: an NLL has three decimals."""
    figures = ("test", "elsewhere", "held out")
    return [{key: f"{row[key]:.3f}" if key in figures else row[key] for key in row} for row in rows]


def compare(workshop: Workshop, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for the checkpoint as it is, and one for each method."""
    corpora = {"test": [ids for path in options.test for ids in read_pieces(path, "validation")]}
    if options.elsewhere:
        corpora["elsewhere"] = list(read_pieces(options.elsewhere, "validation"))[:: options.every]
    report = workshop.take_in(EVERYBODY, [options.mine], "mine")
    settings = workshop.defaults(EVERYBODY, report.dataset_id)
    checkpoints = workshop.studio.folders.checkpoints
    effort = dict.fromkeys(("held out", "best step", "steps", "tokens/s", "minutes"), "-")
    rows: list[dict[str, Any]] = [
        {"weights": settings.base, **nll(checkpoints / settings.base, checkpoints, corpora), **effort}
    ]
    for method in options.methods:
        chosen = dataclasses.replace(settings, method=method, learning_rate=RATES[method], name=method)
        if options.steps:
            chosen = dataclasses.replace(
                chosen, steps=options.steps, sample_every=max(10, options.steps // CHECKPOINTS)
            )
        view, seconds = fine_tune(workshop, report.dataset_id, chosen)
        rows[0]["held out"] = view.nll_before
        row = {"weights": method, **nll(workshop.store.checkpoint(EVERYBODY, view.run_id), checkpoints, corpora)}
        row |= {"held out": view.nll_best, "best step": view.best_step, "steps": view.steps}
        rows.append(row | {"tokens/s": view.tokens_per_second, "minutes": seconds / 60})
    facts = {"pieces": report.training_pieces, "minutes": report.training_minutes, "tokens": report.training_tokens}
    print_facts(facts | {"validation pieces": report.validation_pieces})
    return rows


def durations(workshop: Workshop, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each number of pieces: what the default run takes."""
    files = sorted(path for path in options.pool.iterdir() if path.suffix == ".mid")
    rows = []
    for size in options.sizes:
        if size > len(files):
            sys.exit(f"{options.pool} holds {len(files)} pieces. Received: --sizes {size}")
        report = workshop.take_in(EVERYBODY, files[:: len(files) // size][:size], f"{size} pieces")
        settings = workshop.defaults(EVERYBODY, report.dataset_id)
        for method in options.methods:
            chosen = dataclasses.replace(settings, method=method, learning_rate=RATES[method])
            figures = workshop.estimate(EVERYBODY, report.dataset_id, chosen)
            row = {"pieces": size, "music min": report.training_minutes, "tokens": report.training_tokens}
            row |= {"method": method, "default": method == settings.method, "steps": figures.steps}
            row |= {"minutes": figures.seconds / 60, "tokens/s": figures.tokens_per_second}
            rows.append(row | {"memory MB": figures.memory_bytes / 2**20})
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mine", type=Path, nargs="?", help="folder or zip of pieces to fine-tune on")
    parser.add_argument("--test", type=Path, nargs="+", default=[], help="other pieces of the style")
    parser.add_argument("--elsewhere", type=Path, help="music of another style")
    parser.add_argument("--every", type=int, default=20, help="take every so-manieth piece of it")
    parser.add_argument("--steps", type=int, default=0, help="of each run (default: that of the Train tab)")
    parser.add_argument("--methods", nargs="+", choices=list(RATES), default=list(RATES))
    parser.add_argument("--pool", type=Path, help="folder of MIDI files for --sizes")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--out", type=Path, default=RESULTS / "finetune.json", help="where the figures go as JSON")
    options = parser.parse_args(words)
    found: dict[str, Any] = {"machine": machine(("keras", "tensorflow", "torch", "jax"))}
    print_facts(found["machine"])
    with tempfile.TemporaryDirectory() as folder:
        workshop = open_workshop(PROJECT, {"MUSICTX_WORKSHOP": folder, "MUSICTX_TRAINING": "on"})
        if options.pool:
            found["durations"] = durations(workshop, options)
            print_table(found["durations"])
        if options.mine:
            found["fine-tuned"] = compare(workshop, options)
            print_table(shown(found["fine-tuned"]))
    write_json(found, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
