"""How fast GPU and CPU were lately, and which of them has a piece sooner."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from musictx.generation.tokens import Drawn, TokenRequest

USUAL_TOKENS_S = 14.0  # of a second of piano music
MEMORY = 0.7  # weight of what was measured before
ANEW_S = 900.0  # after so long the GPU is tried again, though it was slower


def expected_tokens(request: TokenRequest) -> float:
    """How many tokens of all variations a piece of that length usually has."""
    return request.seconds * USUAL_TOKENS_S * request.variations


class Speeds:
    """Tokens a second of both devices and the GPU's way to its first token; safe to ask from several threads.

    Args:
        clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.cpu_rate = self.gpu_rate = 0.0  # tokens a second, 0 if unknown
        self.gpu_start_s = 0.0
        self._gpu_heard_s = float("-inf")

    def cpu(self, drawn: Drawn) -> None:
        """A call of the CPU came back."""
        with self._lock:
            self.cpu_rate = _smoothed(self.cpu_rate, drawn)

    def gpu(self, drawn: Drawn, start_s: float | None = None) -> None:
        """A call of the GPU came back; `start_s`: of the first one, how long it took to come in all."""
        with self._lock:
            self._gpu_heard_s = self._clock()
            if start_s is None:
                self.gpu_rate = _smoothed(self.gpu_rate, drawn)
            else:  # it holds the loading of the network, so it says nothing of the speed
                self.gpu_start_s = start_s

    def prefer_gpu(self, request: TokenRequest) -> bool:
        """Whether the GPU has the piece sooner, as far as is known; it has the benefit of the doubt."""
        with self._lock:
            if not self.cpu_rate or not self.gpu_rate or self._clock() - self._gpu_heard_s > ANEW_S:
                return True
            tokens = expected_tokens(request)
            return self.gpu_start_s + tokens / self.gpu_rate < tokens / self.cpu_rate


def _smoothed(rate: float, drawn: Drawn) -> float:
    now = drawn.ids_BN.size / max(drawn.work_s, 1e-6)
    return MEMORY * rate + (1 - MEMORY) * now if rate else now
