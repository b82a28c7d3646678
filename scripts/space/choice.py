"""What a Space is laid out for: its hardware, its checkpoints, whether people may train."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HARDWARE = ("zero", "cpu", "gpu")


class LayoutError(Exception):
    """Why nothing is laid out, as a sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """What the card of a checkpoint says, as far as a Space repeats it.

    Attributes:
        data: the corpora it learned from, by name.
        base: the name of the checkpoint that a LoRA belongs beside, "" for a whole network.
    """

    name: str
    title: str
    licence: str
    data: tuple[str, ...] = ()
    base: str = ""


@dataclass(frozen=True)
class Choice:
    """What the command line asks for.

    Attributes:
        hardware: one of HARDWARE.
        checkpoints: the one chosen, then the bases that it needs.
        training: whether named Hugging Face accounts may train.
        repo: "USER/SPACE", "" where it is not known yet.
    """

    hardware: str
    checkpoints: tuple[Checkpoint, ...]
    training: bool = False
    repo: str = ""


def read_checkpoints(name: str, folder: Path) -> tuple[Checkpoint, ...]:
    """The checkpoint of that name in `folder`, then the bases that it needs.

    Raises:
        LayoutError: if one of them is missing.
    """
    found = [_read(name, folder)]
    while found[-1].base and found[-1].base not in [each.name for each in found]:
        found.append(_read(found[-1].base, folder))
    return tuple(found)


def _read(name: str, folder: Path) -> Checkpoint:
    known = sorted(path.parent.name for path in folder.glob("*/config.json"))
    if name not in known:
        raise LayoutError(f"There is no checkpoint named {name!r}. There are: {', '.join(known) or 'none'}.")
    card = json.loads((folder / name / "config.json").read_text(encoding="utf-8"))
    data = tuple(str(each["name"]) for each in card.get("data", ()))
    return Checkpoint(name, card["title"], card["licence"], data, card.get("adapter", {}).get("base", ""))


def check_choice(choice: Choice) -> None:
    """Refuses what no Space can do.

    Raises:
        LayoutError: with the reason.
    """
    if choice.repo and len([part for part in choice.repo.split("/") if part]) != 2:
        raise LayoutError(f"--repo is the name of the Space, as in --repo someone/musictx. Received: {choice.repo!r}")


def licences(checkpoints: Sequence[Checkpoint]) -> tuple[str, ...]:
    """The licences of the weights by name, each once, without what the card adds in brackets."""
    return tuple(dict.fromkeys(each.licence.split("(")[0].strip() for each in checkpoints))
