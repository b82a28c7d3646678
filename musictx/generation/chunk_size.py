"""How many tokens to ask of an engine at once: as many as it draws in a fifth of a second.

A page that gets them then shows new notes five times a second, on a fast machine and on a slow one; and whoever
presses Stop waits no longer than that. The time counted is that of the call as the caller sees it,
its wait for a turn included: where several streams share a machine, each asks for less at a time.
"""

from __future__ import annotations

TARGET_S = 0.2  # a quarter of a second is the promise; the rest is for what the caller does with the tokens
FIRST = 16  # tokens of the first call, when nothing has been measured


class ChunkSize:
    """The count for the next call of one stream, after what the calls before it took."""

    def __init__(self, most: int) -> None:
        """`most` tokens are asked for at once at most; the engine says how many, see `Decoder.chunk`."""
        self._most = most
        self._count = min(FIRST, most)

    def count(self) -> int:
        """Tokens to ask for now."""
        return self._count

    def took(self, tokens: int, seconds: float) -> None:
        """A call for `tokens` came back after `seconds`."""
        fitting = int(tokens * TARGET_S / max(seconds, 1e-6))
        # Twice as many at most: one call that happened to be quick says little.
        self._count = max(1, min(fitting, 2 * tokens, self._most))
