"""What a checkpoint says of itself, readable without loading a network.

A checkpoint is a folder:

    config.json                       the card: model, vocabulary, data, licence, figures, list of shards
    weights-1-of-2.safetensors …      float16 arrays, each file under 16 MB
    README.md                         the same for people

A LoRA's folder holds only its own small matrices; `adapter` says beside which base they belong.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from musictx.config import ModelConfig, from_known_fields
from musictx.errors import CheckpointError, SettingsError

FORMAT = 1
CARD_BYTES, LONGEST_TEXT, MOST_SHARDS = 2**20, 20_000, 1000
CARD_FILE = "config.json"
NOTICE_FILE = "NOTICE"  # licence texts that must go along with the weights and with what is made from them


@dataclass(frozen=True)
class CheckpointCard:
    """The contents of `config.json`.

    name: the folder's name. title, description, style: for the picker and the About tab.
    licence: of the weights. model: the network's shape. vocabulary: fingerprint of the tokens.
    data: sources with their licences. recipe: how it was trained. figures: what was measured.
    limits: plain words on what it cannot do. shards: weight files, in order.
    adapter: of a LoRA alone: the base's name ("base"), the hash of its weights ("weights") and the rank ("rank").
    """

    name: str
    title: str
    licence: str
    model: ModelConfig
    vocabulary: str
    description: str = ""
    style: str = ""
    limits: str = ""
    data: tuple[dict[str, Any], ...] = ()
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    shards: tuple[str, ...] = ()
    adapter: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """The text of `config.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def carry_notice(origin: Path, folder: Path) -> None:
    """Puts the notice of the checkpoint `origin`, if it has one, beside one in `folder` that is made from it."""
    if (origin / NOTICE_FILE).is_file():
        shutil.copyfile(origin / NOTICE_FILE, folder / NOTICE_FILE)


def read_card(folder: Path) -> CheckpointCard:
    """Reads a checkpoint's card.

    Raises:
        CheckpointError: if there is none, it cannot be read, or is of an unknown format.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise CheckpointError(
            f"No checkpoint at {folder}: {CARD_FILE} is missing. Give a folder from checkpoints/ or one you trained."
        )
    try:
        if path.stat().st_size > CARD_BYTES:
            raise ValueError(f"it has {path.stat().st_size:,} bytes")
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
        if values.get("format") != FORMAT:
            raise CheckpointError(
                f"{path} is of format {values.get('format')!r}; this program reads {FORMAT}. Update musictx."
            )
        values["name"] = folder.name  # a renamed or copied folder is found by its new name
        values["model"] = ModelConfig.from_dict(values["model"])
        values["data"], values["shards"] = tuple(values.get("data", ())), tuple(values.get("shards", ()))
        card: CheckpointCard = from_known_fields(CheckpointCard, values)
        _check_types(card)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, SettingsError) as error:
        raise CheckpointError(f"{path} is damaged ({error}). Fetch the checkpoint again.") from error
    return card


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number that a card may hold")


def _check_types(card: CheckpointCard) -> None:
    """Raises TypeError: a card may come from anybody, and what reads it later relies on what its fields are."""
    for name in ("title", "licence", "vocabulary", "description", "style", "limits"):
        value = getattr(card, name)
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise TypeError(f"{name} is no text of at most {LONGEST_TEXT:,} characters")
    for name in ("recipe", "figures", "adapter"):
        if not isinstance(getattr(card, name), dict):
            raise TypeError(f"{name} is no table")
    if not all(isinstance(source, dict) for source in card.data):
        raise TypeError("data holds something that is no table")
    if not all(isinstance(shard, str) for shard in card.shards) or len(set(card.shards)) < len(card.shards):
        raise TypeError("shards are not the names of different files")
    if len(card.shards) > MOST_SHARDS:
        raise TypeError(f"it names {len(card.shards):,} files")
    if not all(isinstance(card.adapter.get(name, ""), str) for name in ("base", "weights")):
        raise TypeError("the base of the adapter is no text")


def list_cards(folder: Path) -> tuple[CheckpointCard, ...]:
    """The cards of all readable checkpoints in `folder`, sorted by name; damaged ones are left out."""
    cards = []
    for path in sorted(folder.glob(f"*/{CARD_FILE}")):
        try:
            cards.append(read_card(path.parent))
        except CheckpointError:
            continue
    return tuple(cards)


def figure_words(figure: Any) -> list[str]:
    """What one of a card's figures says: what `evaluate` measured on a split, or one number."""
    if not isinstance(figure, dict):
        return [_number(figure)]
    units = {"per_token": "nats a token", "per_note": "a note", "per_second": "a second"}
    return [f"{_number(figure[name])} {unit}" for name, unit in units.items() if name in figure]


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
