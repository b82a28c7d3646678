"""The validation windows of a run, and their NLL under the network as it stands: compiled once, asked often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musictx.midi import vocabulary
from musictx.model.transformer import MusicTransformer
from musictx.training.dataset import Corpus, validation_windows
from musictx.training.devices import Devices
from musictx.training.objective import NextToken
from musictx.types import Ids

TOKENS_AT_ONCE = 4096


class Validation:
    """Fixed windows of the first corpus's validation pieces.

    Args:
        model: asked at each call with its present weights.
        corpora: of the run.
        length: tokens of a window.
        most: windows, evenly spread over the pieces.
        jit: compile with XLA.
        devices: that share the work.
    """

    def __init__(
        self, model: MusicTransformer, corpora: Sequence[Corpus], length: int, most: int, jit: bool, devices: Devices
    ) -> None:
        rows = validation_windows([corpora[0].ids(piece) for piece in corpora[0].split("validation")], length)
        if len(rows):
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))]
        self._rows = rows
        self._devices = devices
        fitting = max(1, min(TOKENS_AT_ONCE // length, len(rows)))
        self._batch = -(-fitting // devices.devices) * devices.devices
        self._judge = NextToken(model, 0.0)
        self._judge.compile(jit_compile=jit)

    def __len__(self) -> int:
        return len(self._rows)

    def nll(self) -> float:
        """Nats per event over all windows; START, END and PAD are not counted, as in `evaluate`."""
        total, tokens = 0.0, 0
        for start in range(0, len(self._rows), self._batch):
            filled = np.full((self._batch, self._rows.shape[1]), vocabulary.PAD, np.int32)
            part: Ids = self._rows[start : start + self._batch]
            filled[: len(part)] = part
            targets = np.where(filled[:, 1:] < vocabulary.EVENTS, filled[:, 1:], vocabulary.PAD)
            counted = int((targets != vocabulary.PAD).sum())
            self._judge.test_on_batch(*self._devices.share(filled[:, :-1], targets))
            total += float(self._judge.nll.result()) * counted
            tokens += counted
        return total / max(tokens, 1)
