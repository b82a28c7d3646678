"""Tokens from a GPU that may not come, or be taken away: then this machine's CPU goes on from where it stood.

request -> GPU: tokens, tokens, ... -> (refused, late or gone) -> CPU: tokens, ...
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

from musictx.generation.tokens import Drawn, TokenRequest, TokenSource
from musictx.zero_gpu.refusals import UNKNOWN, reason
from musictx.zero_gpu.speeds import Speeds

GpuCall = Callable[[str, TokenRequest], Generator[Drawn, None, None]]

CPU = "CPU"

LATE = "The GPU takes long to come, so the CPU plays."
SLOWER = "The CPU plays: it has a piece of this length sooner than the GPU."


class GpuRefusedError(Exception):
    """No tokens come from the GPU, or no more; its text is for the visitor."""


class ZeroGpuTokens:
    """A `TokenSource` of one checkpoint.

    Args:
        call: draws on the GPU, in another process.
        folder: of the checkpoint.
        cpu: goes on where the GPU does not.
        speeds: of both, shared by all checkpoints.
        patience_s: for the first tokens of the GPU: a visitor does not wait in a queue while the CPU stands idle.
    """

    def __init__(self, call: GpuCall, folder: Path, cpu: TokenSource, speeds: Speeds, patience_s: float) -> None:
        self._call, self._folder, self._cpu = call, folder, cpu
        self._speeds, self._patience_s = speeds, patience_s

    def __call__(self, request: TokenRequest) -> Iterator[Drawn]:
        """See `TokenSource`."""
        remark = SLOWER
        if self._speeds.prefer_gpu(request):
            try:
                for drawn in self._on_gpu(request):
                    request = request.after(drawn.ids_BN)
                    yield drawn
                return
            except GpuRefusedError as refused:
                remark = str(refused)
        for drawn in self._cpu(request):
            self._speeds.cpu(drawn)
            yield replace(drawn, engine=CPU, remark=remark)

    def _on_gpu(self, request: TokenRequest) -> Iterator[Drawn]:
        """The GPU's tokens.

        Raises:
            GpuRefusedError: if there are none, or no more though the piece is not at its end.
        """
        began = time.perf_counter()
        call = _Call(self._call, str(self._folder), request)
        try:
            first = call.next(self._patience_s)
            if first is None:
                return
            start_s = time.perf_counter() - began
            self._speeds.gpu(first, start_s)
            yield replace(first, work_s=start_s)  # as the visitor has waited for it
            while (drawn := call.next(None)) is not None:
                self._speeds.gpu(drawn)
                yield drawn
        finally:
            call.give_up()


class _Call:
    """A call of the GPU, listened to from another thread, so that it can be given up while it waits for its turn."""

    def __init__(self, call: GpuCall, folder: str, request: TokenRequest) -> None:
        self._answers: queue.Queue[Drawn | None | Exception] = queue.Queue()
        self._given_up = threading.Event()
        # The visitor's request, by which `spaces` knows whose minutes are used, is a context variable.
        context = contextvars.copy_context()
        listening = (self._listen, call, folder, request)
        threading.Thread(target=context.run, args=listening, name="musictx-gpu", daemon=True).start()

    def next(self, patience_s: float | None) -> Drawn | None:
        """The next answer, None after the last.

        Raises:
            GpuRefusedError: if an error came instead, or nothing for `patience_s`.
        """
        try:
            answer = self._answers.get(timeout=patience_s)
        except queue.Empty:
            raise GpuRefusedError(LATE) from None
        if isinstance(answer, Exception):
            raise GpuRefusedError(f"{reason(answer)}, so the CPU plays.") from answer
        return answer

    def give_up(self) -> None:
        """No more is wanted: the GPU is given back at its next step."""
        self._given_up.set()

    def _listen(self, call: GpuCall, folder: str, request: TokenRequest) -> None:
        try:
            with contextlib.closing(call(folder, request)) as tokens:
                for drawn in tokens:
                    if self._given_up.is_set():
                        return
                    self._answers.put(drawn)
            self._answers.put(None)
        except Exception as error:
            if reason(error) == UNKNOWN:
                logging.getLogger(__name__).exception("the GPU failed")
            self._answers.put(error)
