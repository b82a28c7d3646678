"""The checkpoints that come with the program: what stands beside their weights, and what is said of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musictx.midi import vocabulary
from musictx.midi.passage_index import PassageIndex
from musictx.model.card import CheckpointCard, list_cards
from musictx.model.weights import SHIPPED

CARDS = {card.name: card for card in list_cards(SHIPPED)}
ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1_000_000

each = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)


def test_no_folder_lacks_a_readable_card() -> None:
    assert sorted(CARDS) == sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())


@each
def test_weights_and_index_are_there_and_small_enough(card: CheckpointCard) -> None:
    folder = SHIPPED / card.name
    assert card.vocabulary == vocabulary.fingerprint()
    assert all((folder / shard).stat().st_size < 16 * MEGABYTE for shard in card.shards)
    assert {path.name for path in folder.glob("*.safetensors")} == set(card.shards)
    assert (folder / "passages.npz").stat().st_size < 20 * MEGABYTE
    assert PassageIndex.load(folder) is not None
    assert (folder / "curve.png").is_file()


@each
def test_the_licence_is_what_the_data_allows(card: CheckpointCard) -> None:
    licences = [source["licence"] for source in card.data]
    if any("NC" in licence for licence in licences):
        assert "non-commercial" in card.licence
        return
    assert set(licences) == {"MIT"} and card.licence.startswith("MIT")
    notice = (SHIPPED / card.name / "NOTICE").read_text(encoding="utf-8")
    assert notice.count("Copyright (c)") == len(licences)  # each asks that its notice goes along
    assert "Permission is hereby granted" in notice


@each
def test_readmes_and_docs_say_what_the_card_says(card: CheckpointCard) -> None:
    own = (SHIPPED / card.name / "README.md").read_text(encoding="utf-8")
    for words in (card.title, card.licence, card.description, card.limits):
        assert words and words in own
    (line,) = [
        line
        for line in (ROOT / "docs" / "training.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| [{card.name}](../checkpoints/{card.name}/README.md)")
    ]
    assert line.endswith(f"| {card.figures['maestro-validation']['per_token']:.3f} |")
    assert f"{card.model.blocks} " in line and f"width {card.model.width}" in line
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| \[{card.name}\]\(checkpoints/.*$", readme, re.MULTILINE)
    assert card.licence.split(" (")[0] in row
