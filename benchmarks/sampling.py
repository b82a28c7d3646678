"""What the sliders do to the music: `python -m benchmarks.sampling CORPUS.zip [--checkpoints enhanced] [--out FOLDER]`.

Continues openings of validation pieces (10 s, by 30 s) under the three presets, under Balanced and top-k alone acting
on all tokens as the keras-io example draws, under plain sampling, and under Balanced with the attention temperature
scaled; each is measured as
`python -m musictx evaluate --music` does, beside what was really played, and with the NLL of the openings. Every
setting's figures go to a file of its own as soon as they are there, so that an interrupted run goes on where it
stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.config import SAMPLING_PRESETS, SamplingConfig
from musictx.continuation_evaluation import CONTINUATION_S, FAULTS, Opening, evaluate_continuations, openings
from musictx.generation.engines.base import Decoder
from musictx.generation.score import score_seed
from musictx.midi.codec import encode
from musictx.python_api import open_studio
from musictx.training.pieces import read_pieces

FOCUSES = (0.7, 0.8, 1.2, 1.4)  # times the attention temperature as trained, which is Balanced itself
BALANCED = SAMPLING_PRESETS["balanced"]
SETTINGS: tuple[tuple[str, SamplingConfig], ...] = (
    *SAMPLING_PRESETS.items(),
    ("balanced over all tokens", dataclasses.replace(BALANCED, scope="tokens")),
    ("top-k alone, over all tokens", SamplingConfig(temperature=1.0, top_k=10, top_p=1.0, scope="tokens")),
    ("plain", SamplingConfig(temperature=1.0, top_k=0, top_p=1.0)),
)
SHOWN = (
    "density", "polyphony", "last_pitches", "repetition", "pitch_class_distance", "density_distance", "seed_distance",
    "key_kept", "similarity",
)  # fmt: skip
CURVES = ("polyphony", "last_pitches", "repetition", "pitch_class_distance", "seed_distance", "similarity")
REAL = "what was played"


def settings_of(options: argparse.Namespace) -> list[tuple[str, SamplingConfig]]:
    """What is measured, by name: SETTINGS or those that were asked for, and Balanced at each focus."""
    chosen = [(name, sampling) for name, sampling in SETTINGS if name in options.settings]
    return chosen + [(f"focus {focus:g}", dataclasses.replace(BALANCED, focus=focus)) for focus in options.focuses]


def seed_nll(decoder: Decoder, seeds: Sequence[Opening], focus: float) -> float:
    """Nats a token of all the seeds: how well attention of that width foresees what people played."""
    scores = [score for opening in seeds if (score := score_seed(decoder, encode(opening.seed), focus))]
    return sum(score.per_token * score.tokens for score in scores) / sum(score.tokens for score in scores)


def measure(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The summary of every checkpoint and setting, from its file where there is one."""
    pieces = [ids for path in options.corpora for ids in read_pieces(path, "validation")]
    seeds = openings(pieces, options.openings, real_s=options.seconds)
    work = {"openings": len(seeds), "seconds": options.seconds, "seed": options.seed}
    found: dict[str, dict[str, Any]] = {}
    for checkpoint in options.checkpoints:
        studio, name = open_studio(checkpoint)
        decoder = studio.decoder(name)
        for setting, sampling in settings_of(options):
            path = options.out / name / f"{setting.replace(' ', '-').replace(',', '')}.json"
            if not path.is_file() or json.loads(path.read_text())["work"] != work:
                print(f"{name}, {setting}", file=sys.stderr, flush=True)
                measured = evaluate_continuations(decoder, seeds, sampling, options.seconds, options.seed)
                nll = seed_nll(decoder, seeds, sampling.focus)
                write_json({"work": work, "seed_nll": round(nll, 4), **measured.summary()}, path)
            found.setdefault(name, {})[setting] = json.loads(path.read_text())
    return found


def table(summaries: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each setting of one checkpoint, and one for the real continuations: mean, half the 95 % interval."""
    rows = [(setting, {**summary["generated"], "nll": summary["seed_nll"]}) for setting, summary in summaries.items()]
    if real := next(iter(summaries.values()))["real"]:  # openings that are all seed have no other continuation
        rows.append((REAL, {**real, "nll": "-"}))
    return [
        {
            "setting": setting,
            "seed NLL": row["nll"],
            **{name: f"{row[name][0]:.2f} ± {row[name][1]:.2f}" if name in row else "-" for name in SHOWN},
            **{fault: f"{row['faults'][fault]:.0%}" for fault in FAULTS},
        }
        for setting, row in rows
    ]


def draw(found: dict[str, dict[str, Any]], focuses: Sequence[float], path: Path) -> None:
    """Each measure over the attention temperature's factor, a line for each checkpoint; dashed: what was played."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    by_focus = sorted([(1.0, "balanced"), *((focus, f"focus {focus:g}") for focus in focuses)])
    figure, axes = pyplot.subplots(1, len(CURVES), figsize=(3 * len(CURVES), 3.2), dpi=100)
    for plot, measured in zip(axes, CURVES, strict=True):
        for name, summaries in found.items():
            figures = [(focus, summaries[setting]["generated"]) for focus, setting in by_focus]
            points = [(focus, *row[measured]) for focus, row in figures if measured in row]
            plot.errorbar(*zip(*points, strict=True), label=name, capsize=3)
            real = next(iter(summaries.values()))["real"]
            if measured in real:
                plot.axhline(real[measured][0], color="grey", ls="--", lw=1)
        plot.set_title(measured.replace("_", " "), fontsize=10)
        plot.set_xlabel("focus")
    axes[0].legend(fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints the tables, draws the curves; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path, help="validation pieces: zips, folders or prepared corpora")
    parser.add_argument("--checkpoints", nargs="+", default=["enhanced"])
    names = [name for name, _ in SETTINGS]
    parser.add_argument("--settings", nargs="*", choices=names, default=names, help="which settings")
    parser.add_argument("--focuses", nargs="*", type=float, default=FOCUSES, help="Balanced at each of these, too")
    parser.add_argument("--openings", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=CONTINUATION_S)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / "sampling", help="folder for the figures")
    parser.add_argument("--picture", type=Path, help="where to draw the curves over the attention temperature")
    options = parser.parse_args(words)
    found = measure(options)
    print_facts(machine(("onnxruntime",)))
    for name, summaries in found.items():
        print(f"{name}, {options.openings} openings, {options.seconds:g} s")
        print_table(table(summaries))
    if options.picture:
        draw(found, options.focuses, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
