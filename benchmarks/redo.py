"""How long a redone range takes and how well it fits: `python -m benchmarks.redo [--candidates 8 16 --seconds 4]`.

For each built-in seed the range in its middle is written anew. What follows is judged, in nats a token, after the
chosen candidate, after all candidates on average, after what the seed really has there, and after nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.measure import machine, print_facts, print_table
from musictx.config import SAMPLING_PRESETS
from musictx.generation.redo import FollowingNll, redo
from musictx.generation.tokens import EngineTokens
from musictx.midi.notes import NoteSequence
from musictx.midi.ranges import split_at
from musictx.python_api import open_studio


def main(words: Sequence[str] | None = None) -> int:
    """Redoes, prints the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--preset", choices=list(SAMPLING_PRESETS), default="balanced")
    parser.add_argument("--candidates", nargs="+", type=int, default=[8, 16])
    parser.add_argument("--seconds", type=float, default=4.0, help="of the range")
    parser.add_argument("--random-seed", type=int, default=5)
    options = parser.parse_args(words)
    studio, checkpoint = open_studio(options.checkpoint)
    decoder, sampling = studio.decoder(checkpoint), SAMPLING_PRESETS[options.preset]
    studio.warm_up(checkpoint)
    print_facts(machine(["numpy", "onnxruntime"]) | {"engine": type(decoder).__name__})
    for candidates in options.candidates:
        rows: list[dict[str, Any]] = []
        for built_in in studio.built_in_seeds():
            notes = studio.read_seed(built_in.path, built_in.title).recording.notes
            start_s = round((notes.duration_s - options.seconds) / 2, 2)
            parts = split_at(notes, start_s, start_s + options.seconds)
            began = time.perf_counter()
            *_, last = redo(
                EngineTokens(decoder),
                decoder,
                notes,
                parts.start_s,
                parts.end_s,
                sampling=sampling,
                candidates=candidates,
                random_seed=options.random_seed,
            )
            took_s = time.perf_counter() - began
            judge = FollowingNll(decoder, parts)
            nll = [each.nll for each in last.candidates if each.nll is not None]
            rows.append(
                {
                    "seed": built_in.id,
                    "seconds": took_s,
                    "chosen": min(nll),
                    "mean": float(np.mean(nll)),
                    "worst": max(nll),
                    "real": judge(parts.inside),
                    "nothing": judge(NoteSequence.empty()),
                }
            )
        figures = [name for name in rows[0] if name != "seed"]
        rows.append({"seed": "mean", **{name: float(np.mean([row[name] for row in rows])) for name in figures}})
        print(f"{candidates} candidates of {options.seconds:g} s")
        print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
