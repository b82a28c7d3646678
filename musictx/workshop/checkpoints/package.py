"""A checkpoint as one zip of card and weights, and back: nothing in it is ever executed.

A LoRA goes out as its small matrices if its base comes with the program, else merged with its base.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from musictx.errors import CheckpointError, TrainingError
from musictx.files import whole_file
from musictx.midi import vocabulary
from musictx.model.card import CARD_FILE, NOTICE_FILE, CheckpointCard, read_card
from musictx.model.headers import check_headers
from musictx.training.runs import OWN_BASE
from musictx.training.zip_reader import ZipReader
from musictx.workshop.checkpoints.trial import check_elsewhere, merge_elsewhere
from musictx.workshop.datasets.archive import checked_members

MEMBERS = re.compile(r"config\.json|NOTICE|README\.md|curve\.png|weights-[\w.-]+\.safetensors")
MOST_MEMBERS = 100
MOST_BYTES = 2**30
COMPRESSION = 50.0  # weights hardly compress
LARGEST = {"width": 2048, "blocks": 48, "ffn_width": 8192, "window": 16384}


def pack_checkpoint(folder: Path, title: str, target: Path) -> Path:
    """Writes the checkpoint in `folder` to the zip `target`, or to a new one in the folder `target`.

    Raises:
        CheckpointError: if it cannot be read.
    """
    card = read_card(folder)
    if target.is_dir():
        target = target / f"{_plain(title)}.zip"
    with tempfile.TemporaryDirectory() as temporary:
        if card.adapter.get("base") == OWN_BASE:
            merged = Path(temporary) / "merged"
            merge_elsewhere(folder, merged)
            folder, card = merged, read_card(merged)
        with whole_file(target) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(CARD_FILE, dataclasses.replace(card, title=title).to_json())
            notice = [NOTICE_FILE] * (folder / NOTICE_FILE).is_file()
            for name in (*card.shards, *notice):
                archive.write(folder / name, name)
    return target


def unpack_checkpoint(path: Path, folder: Path, bases: list[Path]) -> CheckpointCard:
    """Puts the checkpoint in the zip `path` into the new `folder`, once all of it has been read as a trial.

    Its card and headers are compared here, where nothing is made of them yet, its weights in a process of its own.

    Args:
        bases: where a LoRA's base may be, see `load_checkpoint`.

    Raises:
        CheckpointError: if it is no such zip, too large, damaged, or does not fit; nothing is left behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as temporary:
        inside = Path(temporary) / folder.name
        inside.mkdir()
        _extract(path, inside)
        _check_card(path, read_card(inside))
        check_headers(inside, bases)
        check_elsewhere(inside, bases)
        shutil.move(inside, folder)
    return read_card(folder)


def _extract(path: Path, folder: Path) -> None:
    try:
        members = checked_members(path, MOST_BYTES, MOST_MEMBERS, COMPRESSION)
        names = [info.filename for info in members]
        strange = [name for name in names if not MEMBERS.fullmatch(name) or names.count(name) > 1]
        if strange or CARD_FILE not in {info.filename for info in members}:
            what = f"it holds {strange[0][:80]!r}" if strange else f"it holds no {CARD_FILE}"
            raise CheckpointError(
                f"{path.name} is no checkpoint of musictx: {what}. Choose a zip that was downloaded from a run."
            )
        with ZipReader(path, MOST_MEMBERS) as archive:
            for info in members:
                archive.copy(info, folder / info.filename)
    except TrainingError as error:
        raise CheckpointError(str(error)) from error


def _check_card(path: Path, card: CheckpointCard) -> None:
    """Refuses what is of another program, and what would build a giant network."""
    if card.vocabulary != vocabulary.fingerprint() or card.model.vocabulary_size != vocabulary.SIZE:
        raise CheckpointError(
            f"{path.name} was trained on another vocabulary: its tokens would play as nonsense. "
            "Use a checkpoint made by this version."
        )
    for name, most in LARGEST.items():
        if getattr(card.model, name) > most:
            raise CheckpointError(
                f"{path.name} describes a network with {name} {getattr(card.model, name):,}; at most {most:,} is read."
            )


def _plain(title: str) -> str:
    return re.sub(r"[^\w -]+", "", title).strip().replace(" ", "-")[:60] or "checkpoint"
