"""How much of what a checkpoint writes was in its training data, beside what real pieces share with it.

    python -m benchmarks.memorisation CORPUS.zip [--checkpoint enhanced] [--pieces 200] [--out curves.png]

Continues openings of held-out pieces under each preset and looks every continuation up in the checkpoint's index of
passages; the real continuations of the same openings, cut to as many notes, are the measure. A model that copies
shares longer passages than pianists do. What a preset gave is kept: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import RESULTS, machine, print_facts, print_table
from musictx.audition import CONTINUATION_S, audition, openings
from musictx.config import SAMPLING_PRESETS
from musictx.experiment import open_studio
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import PassageIndex
from musictx.midi.passages import PassageSet
from musictx.training.pieces import read_pieces

REAL = "what was played"


def run(options: argparse.Namespace) -> dict[str, list[int]]:
    """Notes of the longest shared passage of every continuation, by preset; and of the real ones."""
    studio, name = open_studio(options.checkpoint)
    index = PassageIndex.load(studio.folders.checkpoints / name)
    if index is None:
        raise SystemExit(f"{name} has no index of passages: python -m musictx index")
    pieces = [ids for path in options.corpora for ids in read_pieces(path, "validation")]
    seeds = [opening for opening in openings(pieces, options.pieces, real_s=options.seconds) if opening.real]
    work = {"pieces": len(seeds), "seconds": options.seconds, "seed": options.seed}
    found: dict[str, list[int]] = {}
    written: list[int] = []
    for preset in options.presets:
        path = options.kept / name / f"{preset}.json"
        if not path.is_file() or json.loads(path.read_text())["work"] != work:
            print(f"{name}, {preset}", file=sys.stderr, flush=True)
            heard = audition(studio.decoder(name), seeds, SAMPLING_PRESETS[preset], options.seconds, options.seed)
            shared = [index.passages.longest_shared(notes).notes for notes in heard.notes]
            median = int(np.median([len(notes) for notes in heard.notes]))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"work": work, "shared": shared, "median_notes": median}) + "\n")
        kept = json.loads(path.read_text())
        found[preset] = kept["shared"]
        written.append(kept["median_notes"])
    most = max(written)
    found[f"{REAL}, {most} notes"] = [_shared(index.passages, opening.real, most) for opening in seeds if opening.real]
    return found


def _shared(passages: PassageSet, notes: NoteSequence, most: int) -> int:
    """Of the first `most` notes: more of them would have more to share."""
    return passages.longest_shared(notes.select(np.arange(len(notes)) < most)).notes


def row_of(name: str, lengths: list[int]) -> dict[str, Any]:
    """One line of the table."""
    values = np.array(lengths)
    share = {f"over {limit}": f"{np.mean(values > limit):.0%}" for limit in (20, 50)}
    quartiles = {f"{percent} %": int(np.percentile(values, percent)) for percent in (50, 90, 95)}
    return {"continuations": name, "pieces": values.size, **quartiles, "longest": int(values.max()), **share}


def draw(found: dict[str, list[int]], path: Path) -> None:
    """Share of pieces whose longest shared passage is at least so long."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), dpi=110)
    for name, lengths in found.items():
        notes = np.arange(0, 101)
        real = name.startswith(REAL)
        style = {"color": "#1f3b6e", "lw": 3} if real else {"lw": 1.5}
        axes.plot(notes, [np.mean(np.array(lengths) >= count) for count in notes], label=name, **style)
    axes.set_xlabel("notes of the longest passage shared with the training data")
    axes.set_ylabel("share of pieces with one at least as long")
    axes.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Reads the command line, measures, prints the table, draws the curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path, help="held-out pieces: zips, folders or prepared corpora")
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=CONTINUATION_S)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--presets", nargs="+", choices=list(SAMPLING_PRESETS), default=list(SAMPLING_PRESETS))
    parser.add_argument("--kept", type=Path, default=RESULTS / "memorisation", help="folder of what each preset gave")
    parser.add_argument("--out", type=Path, help="picture of the curves")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = run(options)
    if options.out:
        draw(found, options.out)
    if options.json:
        print(json.dumps({"machine": machine(("onnxruntime",)), "found": found}, indent=2))
        return
    print_facts(machine(("onnxruntime",)))
    print_table([row_of(name, lengths) for name, lengths in found.items()])


if __name__ == "__main__":
    main()
