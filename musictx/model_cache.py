"""Checkpoints in use: engines and passage indexes, loaded once for everybody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from musictx.errors import CheckpointError
from musictx.generation.engines.choose import engine_setting, open_engine
from musictx.generation.engines.fair_lock import FairLock
from musictx.generation.tokens import EngineTokens, TokenSource
from musictx.midi.passage_index import PassageIndex
from musictx.model.card import CARD_FILE, list_cards
from musictx.model.weights import weights_hash

if TYPE_CHECKING:
    from musictx.generation.engines.base import Decoder

Elsewhere = Callable[[Path, TokenSource], TokenSource]
MOST_HASHES = 32  # of weights, the newest
MOST_VISITING = 2  # engines of people's own checkpoints: each holds a network and what was compiled for it


class ModelCache:
    """What has been loaded so far; safe to ask from several threads.

    Args:
        checkpoints: the folder of those that everybody may use.
        cache: the user's folder for what engines build.
        engine: what runs the networks, see `generation.engines`; $MUSICTX_ENGINE or "auto" if None.
        resolve: the folder of a checkpoint that lies elsewhere, such as a training run's; None for other names.
        elsewhere: given a checkpoint's folder and the source of tokens of this process, another source.

    Raises:
        SettingsError: if there is no engine of that name.
    """

    def __init__(
        self,
        checkpoints: Path,
        cache: Path,
        engine: str | None,
        resolve: Callable[[str], Path | None],
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._elsewhere = elsewhere
        self._checkpoints, self._cache, self._resolve = checkpoints, cache, resolve
        self._engine, self._lock = engine_setting(engine), FairLock()
        self._decoders: dict[str, Decoder] = {}
        self._visiting: dict[str, Decoder] = {}  # of resolved folders, by their present weights; the newest few
        self._indexes: dict[str, PassageIndex | None] = {}
        self._weights: dict[tuple[Path, int], str] = {}
        self._loading = threading.Lock()

    def decoder(self, name: str) -> Decoder:
        """The engine of a checkpoint; see `Studio.decoder`."""
        folder = self._resolve(name)
        with self._loading:
            if folder is not None:
                return self._visitor(folder)
            if name not in self._decoders:
                self._decoders[name] = self._load(name)
            return self._decoders[name]

    def tokens(self, name: str) -> TokenSource:
        """The source of tokens of a checkpoint: its engine, or what `elsewhere` makes of it."""
        here = EngineTokens(self.decoder(name))
        return here if self._elsewhere is None else self._elsewhere(self._resolve(name) or self._folder(name), here)

    def engine(self, name: str) -> str:
        """What runs a checkpoint, as it is called in `generation.engines.choose`."""
        if type(self.decoder(name)).__name__ == "KerasDecoder":  # not imported for its name
            return "keras"
        return "onnx" if self._engine == "auto" else self._engine

    def weights(self, name: str) -> str:
        """SHA-256 of a checkpoint's weights, made once until its card changes.

        Raises:
            CheckpointError: if it cannot be read.
        """
        folder = self._resolve(name) or self._folder(name)
        key = (folder, (folder / CARD_FILE).stat().st_mtime_ns if (folder / CARD_FILE).exists() else 0)
        with self._loading:
            if key not in self._weights:
                self._weights = {key: weights_hash(folder), **dict(list(self._weights.items())[:MOST_HASHES])}
            return self._weights[key]

    def passage_index(self, name: str) -> PassageIndex | None:
        """The passages that a checkpoint learned from; see `Studio.passage_index`."""
        folder = self._resolve(name)
        if folder is not None:
            return PassageIndex.load(folder)
        with self._loading:
            if name not in self._indexes:
                self._indexes[name] = PassageIndex.load(self._folder(name))
            return self._indexes[name]

    def _visitor(self, folder: Path) -> Decoder:
        """The engine of a checkpoint that may change or go: loaded again when it has, and few are kept."""
        key = f"{folder}@{(folder / CARD_FILE).stat().st_mtime_ns if (folder / CARD_FILE).exists() else 0}"
        decoder = self._visiting.pop(key, None) or self._open(folder)
        self._visiting[key] = decoder
        for oldest in list(self._visiting)[:-MOST_VISITING]:
            del self._visiting[oldest]
        return decoder

    def _load(self, name: str) -> Decoder:
        return self._open(self._folder(name))

    def _folder(self, name: str) -> Path:
        """Where the checkpoint `name` lies, which must be there."""
        folder = self._checkpoints / name
        if not name or Path(name).name != name or not (folder / CARD_FILE).is_file():
            known = ", ".join(card.name for card in list_cards(self._checkpoints))
            raise CheckpointError(f"No checkpoint named {name!r}. There are: {known or 'none'}.")
        return folder

    def _open(self, folder: Path) -> Decoder:
        return open_engine(folder, self._engine, self._cache, self._lock, [self._checkpoints])
