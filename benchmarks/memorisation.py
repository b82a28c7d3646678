"""How much of what a checkpoint writes was in its training data, beside what real pieces share with it.

    python -m benchmarks.memorisation CORPUS.zip [--checkpoint enhanced] [--pieces 200] [--out curves.png]
        [--training PREPARED ...]

Continues openings of validation pieces under each preset and looks every continuation up in the checkpoint's index of
passages; where the prepared training corpora are given, in each of their pieces too (`benchmarks.one_piece`). The
measure is what people play after the same openings, each cut to as many notes as the first preset wrote: a model that
copies shares longer passages than pianists do. Every continuation is kept as MIDI, to be heard and to be looked up
again: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import RESULTS, machine, print_facts, print_table
from benchmarks.one_piece import OnePiece
from musictx.config import SAMPLING_PRESETS, SamplingConfig
from musictx.continuation_evaluation import CONTINUATION_S, Opening, evaluate_continuations, openings
from musictx.generation.engines.base import Decoder
from musictx.midi.codec import decode
from musictx.midi.files import read_midi, write_midi
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import PassageIndex
from musictx.model.weights import weights_hash
from musictx.python_api import open_studio
from musictx.training.dataset import open_corpus
from musictx.training.pieces import read_pieces

REAL = "what was played"
USUAL = SamplingConfig().stay_in_key
REAL_S = 60.0


def run(options: argparse.Namespace) -> dict[str, list[NoteSequence]]:
    """The continuations by preset, and what was played, each cut to as many notes as the first preset wrote."""
    pieces = [ids for path in options.corpora for ids in read_pieces(path, "validation")]
    seeds = openings(pieces, options.pieces, real_s=options.seconds)
    # People strike fewer keys a second than the model: more of their music, for as many notes.
    longer = openings(pieces, options.pieces, real_s=REAL_S)
    played = [long.real or short.real or NoteSequence.empty() for long, short in zip(longer, seeds, strict=True)]
    music = takes(options.checkpoint, seeds, options)
    sizes = [len(notes) for notes in music[options.presets[0]]]
    music[REAL] = [notes.select(np.arange(len(notes)) < most) for notes, most in zip(played, sizes, strict=True)]
    return music


def takes(
    checkpoint: str, seeds: Sequence[Opening], options: argparse.Namespace, stay_in_key: float = USUAL
) -> dict[str, list[NoteSequence]]:
    """The continuation of each opening by preset, kept or made now; options: presets, seconds, seed, kept."""
    studio, name = open_studio(checkpoint)
    work = {"pieces": len(seeds), "seconds": options.seconds, "seed": options.seed}
    work["weights"] = weights_hash(studio.folders.checkpoints / name)
    music = {}
    for preset in options.presets:
        sampling = dataclasses.replace(SAMPLING_PRESETS[preset], stay_in_key=stay_in_key)
        setting = preset if stay_in_key == USUAL else f"{preset}, stay in key {stay_in_key:g}"
        print(f"{name}, {setting}", file=sys.stderr, flush=True)
        folder = options.kept / name / setting.replace(", ", "-").replace(" ", "-")
        music[preset] = continued(studio.decoder(name), seeds, sampling, work, folder)
    return music


def measures(options: argparse.Namespace) -> dict[str, Callable[[NoteSequence], int]]:
    """What is asked of every piece: the notes of its longest passage that is shared, by where."""
    studio, name = open_studio(options.checkpoint)
    index = PassageIndex.load(studio.folders.checkpoints / name)
    if index is None:
        raise SystemExit(f"{name} has no index of passages: python -m musictx index")
    asked: dict[str, Callable[[NoteSequence], int]] = {
        "the training data": lambda notes: index.passages.longest_shared(notes).notes
    }
    if options.training:
        corpora = [open_corpus(path) for path in options.training]
        training = OnePiece(decode(corpus.ids(piece)) for corpus in corpora for piece in corpus.split("train"))
        asked["one training piece"] = training.longest_shared
    return asked


def continued(
    decoder: Decoder, seeds: Sequence[Opening], sampling: SamplingConfig, work: dict[str, Any], folder: Path
) -> list[NoteSequence]:
    """The continuation of each opening, from its file in `folder` where that holds the same work."""
    work = {**work, "sampling": dataclasses.asdict(sampling)}
    about = folder / "work.json"
    if not about.is_file() or json.loads(about.read_text()) != work:
        for path in folder.glob("*.mid"):
            path.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        about.write_text(json.dumps(work) + "\n")
    takes = []
    for number, opening in enumerate(seeds, 1):
        path = folder / f"{number:03}.mid"
        if not path.is_file():
            measured = evaluate_continuations(decoder, [opening], sampling, work["seconds"], work["seed"])
            if len(measured.notes[0]):
                write_midi(measured.notes[0], path, name=f"{folder.name} {number}")
            else:
                path.touch()
        # A file without a note would be refused as no music: nothing at all stands for silence.
        takes.append(read_midi(path).notes if path.stat().st_size else NoteSequence.empty())
    return takes


def row_of(name: str, lengths: list[int]) -> dict[str, Any]:
    """One line of the table."""
    values = np.array(lengths)
    share = {f"over {limit}": f"{np.mean(values > limit):.0%}" for limit in (20, 50)}
    quartiles = {f"{percent} %": int(np.percentile(values, percent)) for percent in (50, 90, 95)}
    return {"continuations": name, "pieces": values.size, **quartiles, "longest": int(values.max()), **share}


def draw(found: dict[str, dict[str, list[int]]], path: Path) -> None:
    """For each measure the share of pieces whose longest shared passage is at least so long."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(found), figsize=(6 * len(found), 4), dpi=110, sharey=True, squeeze=False)
    for axes, (where, lengths_by_name) in zip(panels[0], found.items(), strict=True):
        for name, lengths in lengths_by_name.items():
            notes = np.arange(0, 81)
            style = {"color": "#1f3b6e", "lw": 3} if name == REAL else {"lw": 1.5}
            axes.plot(notes, [np.mean(np.array(lengths) >= count) for count in notes], label=name, **style)
        axes.set_xlabel(f"notes of the longest passage shared with {where}")
        axes.legend()
    panels[0][0].set_ylabel("share of pieces with one at least as long")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Reads the command line, measures, prints the tables, draws the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path, help="validation pieces: zips, folders or prepared corpora")
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=CONTINUATION_S)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--presets", nargs="+", choices=list(SAMPLING_PRESETS), default=list(SAMPLING_PRESETS))
    parser.add_argument("--training", nargs="+", type=Path, default=[], help="the prepared corpora it learned from")
    parser.add_argument("--kept", type=Path, default=RESULTS / "memorisation", help="folder for the continuations")
    parser.add_argument("--out", type=Path, help="picture of the curves")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    asked = measures(options)  # first: a missing index is to be known before hours of work
    music = run(options)
    found = {
        where: {name: [longest(notes) for notes in pieces] for name, pieces in music.items()}
        for where, longest in asked.items()
    }
    if options.out:
        draw(found, options.out)
    if options.json:
        print(json.dumps({"machine": machine(("onnxruntime",)), "found": found}, indent=2))
        return
    print_facts(machine(("onnxruntime",)))
    for where, lengths_by_name in found.items():
        print(f"\nNotes of the longest passage shared with {where}:\n")
        print_table([row_of(name, lengths) for name, lengths in lengths_by_name.items()])


if __name__ == "__main__":
    main()
