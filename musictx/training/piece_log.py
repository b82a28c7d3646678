"""What an evaluation found, piece by piece, in a file: a long one goes on where it was interrupted."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np

from musictx.errors import TrainingError
from musictx.training.evaluate import PieceLoss
from musictx.types import Ids


class PieceLog:
    """A file of JSON lines, one for each piece that was measured. Other weights or settings may share the file.

    Args:
        path: of the file; it need not be there.
        terms: all that a piece's NLL depends on but the piece: the weights, the window, the precision.

    Raises:
        TrainingError: if the file cannot be read or written.
    """

    def __init__(self, path: Path, terms: str) -> None:
        self.path = path
        self.terms = terms
        self._losses: dict[str, PieceLoss] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+", encoding="utf-8", errors="replace") as file:
                file.seek(0)
                lines = file.read().split("\n")
                if lines[-1]:  # torn by a kill: what follows begins a line of its own
                    file.write("\n")
        except OSError as error:
            raise TrainingError(f"{path} cannot be used to keep results ({error.strerror}). Give a file.") from error
        for line in lines:
            try:
                values = json.loads(line)
                key = str(values.pop("piece"))
                self._losses[key] = PieceLoss(**values)
            except (ValueError, AttributeError, KeyError, TypeError):
                continue

    def find(self, ids: Ids) -> PieceLoss | None:
        """What was found for this piece under the same terms."""
        return self._losses.get(self._key(ids))

    def add(self, ids: Ids, loss: PieceLoss) -> None:
        """Keeps what was found, at once."""
        key = self._key(ids)
        self._losses[key] = loss
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"piece": key, **dataclasses.asdict(loss)}) + "\n")

    def _key(self, ids: Ids) -> str:
        return hashlib.sha256(self.terms.encode() + np.ascontiguousarray(ids, np.int32).tobytes()).hexdigest()[:32]
