"""evaluate: what a checkpoint is worth, as NLL over whole pieces and as music beside what people played."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictx.cli.command import Bar, Command, print_json, read_number, read_whole, writable_file, writable_folder
from musictx.config import SAMPLING_PRESETS
from musictx.settings import check_range, check_whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from musictx.continuation_evaluation import Comparison

    Ids = npt.NDArray[np.int32]

PRECISIONS = ("float32", "mixed_bfloat16")
MANY = 10**6  # above every count that makes sense
SHOWN = (  # what a person reads first; the JSON has all
    "pitch_class_distance",
    "density_distance",
    "seed_distance",
    "foreign",
    "key_kept",
    "density",
    "polyphony",
    "span",
    "repetition",
    "similarity",
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, help="MIDI files, folders or zips of them, or prepared corpora")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--split", default="validation", help="which pieces, where a corpus says what is held out")
    parser.add_argument("--every", type=read_whole, default=1, help="take every so-manieth piece only")
    parser.add_argument(
        "--window", type=read_whole, default=None, help="tokens read at once (the model's own if not given)"
    )
    parser.add_argument("--batch", type=read_whole, default=1, help="windows read side by side")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of the network's arithmetic")
    parser.add_argument("--kept", type=Path, help="file that keeps each piece's NLL; a later call goes on from it")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    music = parser.add_argument_group("how its music differs from people's")
    music.add_argument("--music", action="store_true", help="continue openings of the pieces instead, and measure them")
    music.add_argument("--openings", type=read_whole, default=40, help="so many pieces, evenly spread over all")
    presets = list(SAMPLING_PRESETS)
    said = f"of temperature, top-k and top-p, measured in turn: {', '.join(presets)}"
    music.add_argument("--presets", nargs="+", choices=presets, default=presets, metavar="PRESET", help=said)
    music.add_argument("--seconds", type=read_number, default=30.0, help="length of the continuations")
    music.add_argument("--seed", type=read_whole, default=0, help="random seed of the continuations")
    music.add_argument(
        "--out", type=Path, default=None, help="write openings and continuations as MIDI into this folder"
    )


def _evaluate(options: argparse.Namespace) -> None:
    from musictx.training.pieces import read_pieces

    _check(options)
    pieces = [ids for path in options.paths for ids in read_pieces(path, options.split)][:: options.every]
    if options.music:
        _judge_music(options, pieces)
    else:
        _judge_loss(options, pieces)


def _check(options: argparse.Namespace) -> None:
    """What was typed, all of it before anything is read; SettingsError or CheckpointError says what does not fit."""
    from musictx.config import LARGEST_SEED, LENGTH_RANGE_S
    from musictx.model.card import read_card
    from musictx.python_api import open_studio

    check_whole("--every", options.every, 1, MANY)
    check_whole("--batch", options.batch, 1, MANY)
    check_whole("--openings", options.openings, 1, MANY)
    check_whole("--seed", options.seed, 0, LARGEST_SEED)
    check_range("--seconds", options.seconds, *LENGTH_RANGE_S)
    studio, name = open_studio(options.checkpoint)
    window = read_card(studio.folders.checkpoints / name).model.window
    check_whole("--window", window if options.window is None else options.window, 1, window)
    if options.out is not None:
        writable_folder(options.out)
    if options.kept is not None:
        writable_file(options.kept, "--kept")


def _judge_loss(options: argparse.Namespace, pieces: list[Ids]) -> None:
    """NLL in nats per token, per note and per second."""
    from musictx.midi.vocabulary import fingerprint
    from musictx.model.checkpoint import load_checkpoint
    from musictx.model.weights import weights_hash
    from musictx.python_api import open_studio
    from musictx.training.allocator import keep_freed_memory
    from musictx.training.evaluate import evaluate
    from musictx.training.piece_log import PieceLog

    keep_freed_memory()
    studio, name = open_studio(options.checkpoint)
    folder = studio.folders.checkpoints / name
    model, card = load_checkpoint(folder, fingerprint(), dtype=options.precision)
    window = options.window or model.config.window
    terms = f"{weights_hash(folder)} {card.model} {card.adapter} {window} {options.precision}"
    kept = PieceLog(options.kept, terms) if options.kept else None
    with Bar("evaluating", "token") as bar:
        figures = evaluate(model, pieces, window, options.batch, report=bar, kept=kept)
    if options.json:
        print_json({"checkpoint": card.name, "precision": options.precision, **dataclasses.asdict(figures)})
        return
    print(
        f"{card.name}: {figures.per_token:.4f} nats per token, {figures.per_note:.3f} per note, "
        f"{figures.per_second:.2f} per second of music\n"
        f"over {figures.tokens:,} tokens, {figures.notes:,} notes, {figures.seconds:,.0f} s in {figures.pieces} "
        f"pieces, windows of {figures.window}"
    )


def _judge_music(options: argparse.Namespace, pieces: list[Ids]) -> None:
    """Continuations of openings, each preset in turn."""
    from musictx.continuation_evaluation import evaluate_continuations, openings
    from musictx.python_api import open_studio

    seeds = openings(pieces, options.openings, real_s=options.seconds)
    studio, name = open_studio(options.checkpoint)
    decoder = studio.decoder(name)
    summaries: dict[str, Any] = {}
    for preset in options.presets:
        with Bar(preset, "opening") as bar:
            measured = evaluate_continuations(
                decoder, seeds, SAMPLING_PRESETS[preset], options.seconds, options.seed, bar
            )
        if options.out:
            _write(measured, seeds, options.out / preset)
        summaries[preset] = measured.summary()
    if options.json:
        print_json({"checkpoint": name, "seconds": options.seconds, "random_seed": options.seed, "presets": summaries})
        return
    _print_table(name, summaries)


def _write(measured: Comparison, seeds: Any, folder: Path) -> None:
    """`opening-N.mid` for each, the continuation behind its opening."""
    from musictx.midi.files import write_midi

    folder.mkdir(parents=True, exist_ok=True)
    for number, (opening, notes) in enumerate(zip(seeds, measured.notes, strict=True), 1):
        whole = opening.seed.followed_by(notes.shifted(opening.seed_s))
        write_midi(whole, folder / f"opening-{number:02}.mid", name=f"opening {number}")


def _print_table(name: str, summaries: dict[str, Any]) -> None:
    """Means with half their 95 % interval, a column a preset and one for the real continuations."""
    real = next(iter(summaries.values()))["real"]
    columns = {**{preset: summary["generated"] for preset, summary in summaries.items()}, "real": real}
    print(f"{name}, {next(iter(summaries.values()))['continuations']} openings")
    print("".join(f"{title:>18}" for title in ("", *columns)))
    for figure in SHOWN:
        cells = (f"{row[figure][0]:.2f} ± {row[figure][1]:.2f}" if figure in row else "–" for row in columns.values())
        print("".join(f"{cell:>18}" for cell in (figure[:18].replace("_", " "), *cells)))
    for fault in next(iter(columns.values()))["faults"]:
        rates = (f"{row['faults'][fault]:.0%}" if row else "–" for row in columns.values())
        print("".join(f"{cell:>18}" for cell in (fault, *rates)))


EVALUATE = Command("NLL of whole pieces under a checkpoint, or its music beside people's", _arguments, _evaluate)
