"""A studio whose pieces are counted for the host's figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from musictx.hosting.watch import Watch

if TYPE_CHECKING:
    from musictx.takes import Progress


class WatchedStudio:
    """The studio itself, but that `watch` hears how each piece went."""

    def __init__(self, studio: Any, watch: Watch) -> None:
        self._studio, self._watch = studio, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._studio, name)

    def compose(self, *values: Any, **more: Any) -> Iterator[Progress]:
        """As `Studio.compose`."""
        progress = None
        for progress in self._studio.compose(*values, **more):
            yield progress
        if progress is not None and progress.done:
            self._watch.piece(progress.first_note_s, progress.tokens_per_second)


def watched(studio: Any, watch: Watch | None) -> Any:
    """`studio`, counted if there is a watch."""
    return studio if watch is None else WatchedStudio(studio, watch)
