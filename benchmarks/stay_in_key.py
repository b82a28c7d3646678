"""What *Stay in key* does after the built-in seeds: `python -m benchmarks.stay_in_key [--strengths 0 0.5 1 1.5 2]`.

Continues each seed and says, as means over the seeds, which share of the new notes is foreign (of a pitch class that
the seed does not have) and how far the pitch classes are from the seed's, for each strength and random seed. Openings
of real pieces are compared by `benchmarks.paired --stay-in-key`.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

import numpy as np

from benchmarks.measure import machine, print_facts, print_table
from musictx.config import SAMPLING_PRESETS, ComposeSettings, SamplingConfig
from musictx.midi.measures import foreign_share, pitch_class_distance
from musictx.python_api import open_studio
from musictx.studio import Studio
from musictx.takes import Take

VARIATIONS = 4


def takes(studio: Studio, settings: ComposeSettings) -> list[Take]:
    """The takes after every built-in seed."""
    found: list[Take] = []
    for built_in in studio.built_in_seeds():
        *_, last = studio.compose(studio.read_seed(built_in.path, built_in.title), settings)
        found += last.takes
    return found


def row_of(strength: float, random_seed: int, found: Sequence[Take]) -> dict[str, str]:
    """One line of the table."""
    foreign = np.mean([foreign_share(take.continuation, take.seed) for take in found])
    distance = np.mean([pitch_class_distance(take.continuation, take.seed) for take in found])
    return {
        "strength": f"{strength:g}",
        "random seed": str(random_seed),
        "foreign": f"{foreign:.2%}",
        "distance to the seed": f"{distance:.3f}",
    }


def main(words: Sequence[str] | None = None) -> int:
    """Composes, prints the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--preset", choices=list(SAMPLING_PRESETS), default="balanced")
    parser.add_argument(
        "--strengths", nargs="+", type=float, default=[0.0, 0.5, SamplingConfig().stay_in_key, 1.5, 2.0]
    )
    parser.add_argument("--random-seeds", nargs="+", type=int, default=[5, 6, 7])
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(words)
    studio, checkpoint = open_studio(options.checkpoint)
    rows = []
    for random_seed in options.random_seeds:
        for strength in options.strengths:
            print(f"random seed {random_seed}, strength {strength:g}", file=sys.stderr, flush=True)
            sampling = dataclasses.replace(SAMPLING_PRESETS[options.preset], stay_in_key=strength)
            settings = ComposeSettings(
                sampling, options.seconds, variations=VARIATIONS, random_seed=random_seed, checkpoint=checkpoint
            )
            rows.append(row_of(strength, random_seed, takes(studio, settings)))
    print_facts(machine(("onnxruntime",)))
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
