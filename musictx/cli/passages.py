"""index, shared: which passages were in the training data, and whether a piece shares them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from musictx.cli.command import Command, print_json, writable_folder
from musictx.errors import CheckpointError

if TYPE_CHECKING:
    from musictx.midi.notes import NoteSequence


def _index_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpora", nargs="+", type=Path, help="the prepared corpora it learned from")
    parser.add_argument("--checkpoint", type=Path, required=True, default=argparse.SUPPRESS, help="its folder")


def _index(options: argparse.Namespace) -> None:
    from musictx.midi.codec import decode
    from musictx.midi.passage_index import PassageIndex
    from musictx.model.card import read_card
    from musictx.training.dataset import open_corpus

    read_card(options.checkpoint)  # says at once if there is no checkpoint
    writable_folder(options.checkpoint, "--checkpoint")
    corpora = [open_corpus(path) for path in options.corpora]

    def pieces(split: str) -> list[NoteSequence]:
        return [decode(corpus.ids(piece)) for corpus in corpora for piece in corpus.split(split)]

    training, validation = pieces("train"), pieces("validation")
    path = PassageIndex.of(training, validation).save(options.checkpoint)
    print(
        f"{path}: {len(training):,} training pieces, measured against {len(validation):,} validation ones, "
        f"{path.stat().st_size / 2**20:.1f} MB"
    )


def _shared_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("midi", nargs="+", type=Path, help="MIDI files")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def _shared(options: argparse.Namespace) -> None:
    from musictx.midi.files import read_midi
    from musictx.midi.passage_index import INDEX_FILE
    from musictx.python_api import open_studio
    from musictx.takes import sharing_facts, sharing_sentence

    studio, name = open_studio(options.checkpoint)
    index = studio.passage_index(name)
    if index is None:
        raise CheckpointError(
            f"{name} has no {INDEX_FILE}: nobody can say what was in its training data. "
            f"Make one with: python -m musictx index CORPORA --checkpoint {studio.folders.checkpoints / name}"
        )
    found = {str(path): index.sharing(read_midi(path).notes) for path in options.midi}
    if options.json:
        print_json({path: sharing_facts(sharing) for path, sharing in found.items()})
        return
    for path, sharing in found.items():
        print(f"{path}: {sharing_sentence(sharing)}")


INDEX = Command("remember the passages a checkpoint learned from", _index_arguments, _index)
SHARED = Command("the longest passage that pieces share with the training data", _shared_arguments, _shared)
