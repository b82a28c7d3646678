"""Which pieces are for validation, where a corpus or a dataset does not say so itself."""

from __future__ import annotations

import hashlib
import math
from pathlib import PurePosixPath

SHARE_OF_CORPUS = 0.1  # of pieces without a metadata.csv, by a hash of their name
SHARE_OF_DATASET = 0.15  # of the pieces of a person's dataset: there are few
FEWEST_PIECES = 2  # one piece is for training


def split_by_name(name: str) -> str:
    """The split of a file of a corpus: the same wherever the file lies."""
    place = int.from_bytes(hashlib.sha256(PurePosixPath(name).name.encode()).digest()[:4], "big") / 2**32
    return "validation" if place < SHARE_OF_CORPUS else "train"


def validation_groups(contents: dict[int, str]) -> set[int]:
    """Which groups of versions of one piece are for validation, of those given with the content of their first file.

    So the same files are split alike whatever they are called, and at least one is for validation where there are two.
    """
    if len(contents) < FEWEST_PIECES:
        return set()
    wanted = max(1, math.floor(SHARE_OF_DATASET * len(contents)))
    return set(sorted(contents, key=lambda group: contents[group])[:wanted])
