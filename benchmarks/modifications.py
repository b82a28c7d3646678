"""The modifications measured one by one: `python -m benchmarks.modifications DATA [--tokens 800000] [--jobs 2]`.

A ladder from the keras-io example's configuration to the enhanced one, the changes added in the order in which they
were proposed, and from the enhanced one each taken away alone. All are trained from scratch on the same number of
tokens of DATA, a prepared corpus, with one optimizer and learning rate; windows are drawn in the same order wherever
batches are equally large. Every run lies in a folder of its own and goes on where it stopped; with --jobs several are
at work beside each other, each on its share of the cores. When all are there, the table and picture follow. What is
compared is the NLL without label smoothing over the same validation windows; and how fast each network learns and
composes, all of them in turn, round by round, in one process.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.config import MODEL_PRESETS, ModelConfig
from musictx.generation.engines.onnx.network import available_cores
from musictx.model.shapes import parameter_count
from musictx.training.runs import RunFolder
from musictx.workshop.runs.status import DIED, read_status

THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
PACKAGES = ("keras", "tensorflow", "jax", "torch")
WARMUP_SHARE = 0.05
VALIDATIONS = 2  # in a run: halfway and at its end
VALIDATION_TOKENS = 48 * 1024  # the same pieces of music for all: enough that what differs is the networks
SPEED_PROMPT, SPEED_TOKENS, SPEED_ROUNDS = 512, 256, 3


@dataclass(frozen=True)
class Variant:
    """What the modifications change. ffn_ratio: hidden size of the feed-forward network over the width."""

    width: int = 256
    blocks: int = 6
    dropout: float = 0.2
    batch: int = 6
    attention_temperature: float = 1.0
    pre_norm: bool = False
    ffn_ratio: float = 0.5
    activation: str = "relu"
    transpose_semitones: int = 0
    label_smoothing: float = 0.0

    def model(self) -> ModelConfig:
        """The network's configuration."""
        return ModelConfig(
            width=self.width,
            blocks=self.blocks,
            ffn_width=round(self.width * self.ffn_ratio),
            activation=self.activation,
            pre_norm=self.pre_norm,
            attention_temperature=self.attention_temperature,
            dropout=self.dropout,
        )


ORIGINAL = Variant()
MODIFICATIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("width 384, 8 blocks, dropout 0.25, batch 8", {"width": 384, "blocks": 8, "dropout": 0.25, "batch": 8}),
    ("attention temperature 0.8", {"attention_temperature": 0.8}),
    ("pre-norm", {"pre_norm": True}),
    ("feed-forward network of 4x, GELU", {"ffn_ratio": 4.0, "activation": "gelu"}),
    ("transposition", {"transpose_semitones": 2}),
    ("label smoothing 0.1", {"label_smoothing": 0.1}),
)


def variants() -> dict[str, Variant]:
    """Every configuration by its name; the last one added is the first from which something is taken away."""
    found, current = {"original": ORIGINAL}, ORIGINAL
    for title, change in MODIFICATIONS:
        current = dataclasses.replace(current, **change)
        found[f"+ {title}"] = current
    assert current.model() == MODEL_PRESETS["enhanced"] and ORIGINAL.model() == MODEL_PRESETS["original"]
    for left_out, (title, _) in enumerate(MODIFICATIONS[:-1]):  # without the last: the rung before
        kept = [change for number, (_, change) in enumerate(MODIFICATIONS) if number != left_out]
        one = ORIGINAL
        for change in kept:
            one = dataclasses.replace(one, **change)
        found[f"enhanced without {title}"] = one
    return found


def ended(run: RunFolder) -> bool:
    """Whether a run has come to its end, if only by a loss that became infinite; not if it was stopped or killed."""
    now = read_status(run.path)
    return now.status == "finished" or (now.status == "failed" and now.error != DIED)


def train(number: int, variant: Variant, seed: int, options: argparse.Namespace) -> RunFolder:
    """Trains one variant to its end, in a process of its own, or goes on where it stopped."""
    run = RunFolder(options.out / f"{number:02}-{seed}")
    steps = options.tokens // (variant.batch * options.length)
    if ended(run):
        return run
    print(f"variant {number}, random seed {seed}", file=sys.stderr, flush=True)
    threads = str(max(1, available_cores() // options.jobs))
    environment = os.environ | dict.fromkeys(THREADS, threads)
    start = run.path / "start"
    if not start.is_dir():
        command = [sys.executable, "-m", "benchmarks.modifications", "--begin", str(number), str(seed), str(start)]
        subprocess.run(command, env=environment, check=True)
    values: dict[str, Any] = {
        "data": options.data, "base": start, "steps": steps, "batch-tokens": variant.batch * options.length,
        "lengths": options.length, "learning-rate": options.learning_rate, "optimizer": options.optimizer, "seed": seed,
        "warmup-steps": max(1, round(steps * WARMUP_SHARE)), "label-smoothing": variant.label_smoothing,
        "transpose-semitones": variant.transpose_semitones, "log-every": 1, "precision": options.precision,
        "validate-every": max(1, steps // VALIDATIONS), "save-every": max(1, steps // VALIDATIONS),
        "validation-length": options.length, "validation-windows": VALIDATION_TOKENS // options.length,
    }  # fmt: skip
    command = [sys.executable, "-m", "musictx", "train", str(run.path)]
    command += [word for name, value in values.items() for word in (f"--{name}", str(value))]
    command += ["--resume"] * (run.path / "state.npz").is_file()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if not ended(run):
        raise RuntimeError(f"{run.path} was stopped before its end; the same command goes on with it")
    return run


def begin(number: int, seed: int, folder: Path) -> None:
    """Writes the untrained network of a variant as a checkpoint."""
    import keras

    from musictx.midi.vocabulary import fingerprint
    from musictx.model.card import CheckpointCard
    from musictx.model.checkpoint import save_checkpoint
    from musictx.model.transformer import MusicTransformer

    keras.utils.set_random_seed(seed)
    model = MusicTransformer(list(variants().values())[number].model())
    card = CheckpointCard("start", "start", "none", model.config, fingerprint())
    save_checkpoint(model, card, folder)


@dataclass(frozen=True)
class Speed:
    """Tokens per second: of training, and of composing with ONNX Runtime in float32, alone at a prompt of 512."""

    learning: float
    composing: float


def speeds(runs: dict[str, RunFolder], options: argparse.Namespace) -> dict[str, Speed]:
    """Of each variant by its name; those that differ in nothing that costs time are measured once."""
    from benchmarks.contenders import Engine
    from benchmarks.train import stepping
    from musictx.generation.engines.onnx.decoder import OnnxDecoder
    from musictx.training.allocator import keep_freed_memory

    keep_freed_memory()
    found = {name: variants()[name] for name in runs}
    steps: dict[tuple[ModelConfig, int], Any] = {}
    engines: dict[tuple[ModelConfig, int], Engine] = {}
    times: dict[tuple[ModelConfig, int], list[tuple[float, float]]] = defaultdict(list)
    for name, variant in found.items():
        key = (variant.model(), variant.batch)
        if key not in steps:
            folder = runs[name].last
            steps[key] = stepping(key[0], options.precision, options.optimizer, variant.batch, options.length)
            engines[key] = Engine(OnnxDecoder.open(folder, folder))
    for warm in (True, *(False,) * SPEED_ROUNDS):
        for key, step in steps.items():
            began = time.perf_counter()
            step()
            learned_s = time.perf_counter() - began
            composed_s = engines[key].run(SPEED_PROMPT, SPEED_TOKENS, 1)["seconds"]
            if not warm:
                times[key].append((key[1] * options.length / learned_s, SPEED_TOKENS / composed_s))
    medians = {key: Speed(*(float(value) for value in np.median(rows, axis=0))) for key, rows in times.items()}
    return {name: medians[variant.model(), variant.batch] for name, variant in found.items()}


def row_of(name: str, variant: Variant, runs: Sequence[RunFolder], speed: Speed) -> dict[str, Any]:
    """One line of the table: means over the random seeds, and how far these lie apart."""
    lines = [list(run.metrics()) for run in runs]
    final = [[line["validation_nll"] for line in run if "validation_nll" in line][-1] for run in lines]
    steps = [line for run in lines for line in run if "nll" in line]
    norms = [line["gradient_norm"] for line in steps]
    failed = sum(read_status(run.path).status == "failed" for run in runs)
    return {
        "variant": name,
        "NLL": float(np.mean(final)),
        "spread": float(np.ptp(final)),
        "parameters": parameter_count(variant.model()),
        "learns, tokens/s": round(speed.learning),
        "composes, tokens/s": round(speed.composing),
        "gradient norm": float(np.median(norms)),
        "largest": float(np.max(norms)),
        "diverged": failed,
    }


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """The NLL of every variant as a bar, with the range of the random seeds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(rows) + 1), dpi=110)
    names = [row["variant"] for row in rows][::-1]
    axes.barh(
        names, [row["NLL"] for row in rows][::-1], xerr=[row["spread"] / 2 for row in rows][::-1], color="#3b6ea5"
    )
    axes.set_xlim(min(row["NLL"] for row in rows) - 0.2)
    axes.set_xlabel("validation NLL, nats per token")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main(words: Sequence[str] | None = None) -> int:
    """Trains what is missing, then prints and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="a prepared corpus")
    parser.add_argument("--tokens", type=int, default=800_000, help="of each run")
    parser.add_argument("--length", type=int, default=512, help="tokens of a window")
    parser.add_argument("--optimizer", default="muon", choices=("muon", "adamw"), help="adamw needs far more tokens")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--precision", default="float32", help="Keras dtype policy")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1, help="runs beside each other")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the variants, from 0 (default: all)")
    parser.add_argument("--out", type=Path, default=RESULTS / "modifications", help="folder of the runs")
    parser.add_argument("--picture", type=Path, help="where to draw the table")
    parser.add_argument("--begin", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.begin:
        begin(int(options.begin[0]), int(options.begin[1]), Path(options.begin[2]))
        return 0
    if options.data is None:
        parser.error("give a prepared corpus")
    with ThreadPoolExecutor(options.jobs) as pool:
        begun = {
            name: [pool.submit(train, number, variant, seed, options) for seed in options.seeds]
            for number, (name, variant) in enumerate(variants().items())
            if not options.only or number in options.only
        }
        try:
            runs = {name: [run.result() for run in each] for name, each in begun.items()}
        except BaseException:  # Ctrl-C too: what waits must not begin once the run at work has stopped
            pool.shutdown(cancel_futures=True)
            raise
    speed = speeds({name: each[0] for name, each in runs.items()}, options)
    rows = [row_of(name, variants()[name], each, speed[name]) for name, each in runs.items()]
    facts = machine(PACKAGES) | {"tokens": options.tokens, "length": options.length, "seeds": options.seeds}
    facts |= {"optimizer": options.optimizer, "learning rate": options.learning_rate}
    print_facts(facts)
    print_table(rows)
    write_json({"machine": facts, "rows": rows}, options.out / "table.json")
    if options.picture:
        draw(rows, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
