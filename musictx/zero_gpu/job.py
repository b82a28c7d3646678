"""What runs in the process that has the GPU: a checkpoint's folder and a request to tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from musictx.generation.generate import within
from musictx.generation.tokens import Drawn, TokenRequest
from musictx.model_cache import ModelCache

GPU = "GPU"


class GpuJob:
    """Built before the fork and used behind it; networks are loaded there, at the first call of each.

    Nothing of it is touched in the page's own process: what threads hold at the moment of a fork is held for ever.
    """

    def __init__(self, checkpoints: Path) -> None:
        self._models = ModelCache(checkpoints, checkpoints, "keras", Path)

    def __call__(self, folder: str, request: TokenRequest) -> Iterator[Drawn]:
        """The tokens of the checkpoint in `folder`, up to the last that the request needs."""
        for drawn in within(self._models.tokens(folder), request):
            yield replace(drawn, engine=GPU)
