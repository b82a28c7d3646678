"""Two checkpoints after the same openings, opening by opening: `python -m benchmarks.paired CORPUS.zip --kept FOLDER`.

Or one checkpoint that stays in key and wanders: `--checkpoints enhanced enhanced --stay-in-key 0 1`. Or two versions of
the program: `--kept BEFORE AFTER`, of which the older one has filled the first folder. Pieces differ far more than
checkpoints do: the interval of a mean over openings is mostly the pieces' own. Here the first one's figure is
taken from the second's for every opening, and the mean of these differences has an interval of its own. The measures
are those of `python -m musictx evaluate --music`, the takes those that `benchmarks.memorisation` keeps; what is missing
there is made.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, machine, print_facts, print_table
from benchmarks.memorisation import USUAL, takes
from musictx.config import SAMPLING_PRESETS
from musictx.continuation_evaluation import (
    ContinuationMeasures,
    Opening,
    figures,
    mean_and_half,
    measure_continuation,
    openings,
)
from musictx.training.pieces import read_pieces

ALL = "all presets"


def listen(
    checkpoint: str, stay_in_key: float, kept: Path, seeds: Sequence[Opening], options: argparse.Namespace
) -> dict[str, list[ContinuationMeasures]]:
    """What is heard after each opening under each preset."""
    options = argparse.Namespace(**{**vars(options), "kept": kept})
    return {
        preset: [
            measure_continuation(opening, notes.between(0, options.seconds), options.seconds, opening.real)
            for opening, notes in zip(seeds, music, strict=True)
        ]
        for preset, music in takes(checkpoint, seeds, options, stay_in_key).items()
    }


def differences(
    first: Sequence[ContinuationMeasures], second: Sequence[ContinuationMeasures]
) -> list[dict[str, float | None]]:
    """The second's figures less the first's, for each opening; None where one of them could not be measured."""
    found = []
    for one, other in zip(map(figures, first), map(figures, second), strict=True):
        pairs = {name: (one[name], other[name]) for name in one}
        found.append({name: None if a is None or b is None else b - a for name, (a, b) in pairs.items()})
    return found


def mean_of(rows: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """One opening's differences under several presets as their mean, so that it counts once."""
    return {
        name: None if any(row[name] is None for row in rows) else sum(row[name] or 0.0 for row in rows) / len(rows)
        for name in rows[0]
    }


def main(words: Sequence[str] | None = None) -> int:
    """Makes what is missing, prints the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path, help="validation pieces: zips, folders or prepared corpora")
    parser.add_argument("--checkpoints", nargs=2, default=["original", "enhanced"], metavar=("FIRST", "SECOND"))
    parser.add_argument("--stay-in-key", nargs=2, type=float, default=[USUAL, USUAL], metavar=("FIRST", "SECOND"))
    parser.add_argument("--openings", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--presets", nargs="+", choices=list(SAMPLING_PRESETS), default=list(SAMPLING_PRESETS))
    kept = [RESULTS / "memorisation"]
    parser.add_argument("--kept", nargs="+", type=Path, default=kept, help="folder of the continuations, or one a side")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(words)
    if len(options.kept) > 2:
        parser.error(f"--kept takes one folder, or one for each side. Received: {len(options.kept)}")
    pieces = [ids for path in options.corpora for ids in read_pieces(path, "validation")]
    seeds = openings(pieces, options.openings, real_s=options.seconds)
    sides = list(zip(options.checkpoints, options.stay_in_key, strict=True))
    folders = [options.kept[0], options.kept[-1]]
    first, second = (listen(*side, folder, seeds, options) for side, folder in zip(sides, folders, strict=True))
    found = {preset: differences(first[preset], second[preset]) for preset in options.presets}
    found[ALL] = [mean_of(rows) for rows in zip(*found.values(), strict=True)]
    means = {
        measured: {preset: mean_and_half(row[measured] for row in rows) for preset, rows in found.items()}
        for measured in found[ALL][0]
    }
    if options.json:
        print(json.dumps({"openings": len(seeds), "sides": sides, "differences": means}, indent=2))
        return 0
    print_facts(machine(("onnxruntime",)))
    names = [f"{name} (stay in key {strength:g})" for name, strength in sides]
    print(f"{names[1]} less {names[0]}, {len(seeds)} openings, {options.seconds:g} s")
    print_table(
        [
            {"measure": measured, **{preset: _shown(pair) for preset, pair in row.items()}}
            for measured, row in means.items()
        ]
    )
    return 0


def _shown(pair: tuple[float, float] | None) -> Any:
    return "-" if pair is None else f"{pair[0]:+.4f} ± {pair[1]:.4f}"


if __name__ == "__main__":
    sys.exit(main())
