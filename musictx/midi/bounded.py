"""Reading MIDI of unknown origin: in a process of its own, whose memory and time are bounded.

A few hundred kB of legal MIDI may describe what takes gigabytes once it is parsed. What a file becomes is only known
when it has become it, so that happens where it harms nobody. Small files, which cannot become much, are read at once.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from musictx.errors import MidiError
from musictx.files import child_environment
from musictx.midi.files import Recording, read_midi

MOST_BYTES = 96 * 2**20  # that the process may take beyond what it began with
LONGEST_S = 60.0
SMALL_BYTES = 2**16
READY = "ready"
ANSWER_BYTES = 32 * 2**20  # what comes back is bounded as well


class BoundedReader:
    """`read_midi`, in another process where the file is not small; the process stays for the next file.

    Args:
        most_bytes: that a file may take once it is read.
        small_bytes: up to which a file is read here.
        longest_s: that reading may take.
    """

    def __init__(
        self, most_bytes: int = MOST_BYTES, small_bytes: int = SMALL_BYTES, longest_s: float = LONGEST_S
    ) -> None:
        self._most_bytes, self._small_bytes, self._longest_s = most_bytes, small_bytes, longest_s
        self._lock = threading.Lock()  # one file at a time, so that the bound is one for all
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, source: str | Path | bytes) -> Recording:
        """As `read_midi`; MidiError also for what takes too much memory or time."""
        size = len(source) if isinstance(source, bytes) else _size(Path(source))
        if size <= self._small_bytes:
            return read_midi(source)
        name = "the data" if isinstance(source, bytes) else Path(source).name
        with self._lock:
            answer = self._ask(source, name)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Ends the process; the next file starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for line in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was not sent is sent to nobody
                if line is not None:
                    line.close()
        process.wait()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _ask(self, source: str | Path | bytes, name: str) -> Any:
        """The recording, or the error to be raised."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        try:
            process = self._process or self._start()
            timer = threading.Timer(self._longest_s, give_up)
            timer.start()
            try:
                answer = _exchange(process, source)
            finally:
                timer.cancel()
        except (EOFError, OSError, pickle.UnpicklingError):  # it was ended, perhaps by the system
            self.close()
            if late.is_set():
                return MidiError(f"{name} takes more than {self._longest_s:.0f} s to read. Cut a passage out of it.")
            return _too_large(name)
        if isinstance(answer, MemoryError):
            self.close()  # and with it all that it took
            return _too_large(name)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "musictx.midi.bounded", str(self._most_bytes)],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        if pickle.load(self._process.stdout) != READY:
            raise EOFError
        return self._process


def _exchange(process: subprocess.Popen[bytes], source: str | Path | bytes) -> Any:
    """Hands a file over and waits for what comes back; both ends are this program."""
    assert process.stdin is not None and process.stdout is not None
    pickle.dump(source, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)


def serve(incoming: IO[bytes], outgoing: IO[bytes], most_bytes: int) -> None:
    """The other process: reads one file after another until nobody asks any more."""
    read_midi(_tune())  # what is loaded once is no file's memory
    _limit(most_bytes)
    answer: Any = READY
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            packed = pickle.dumps(answer)
            outgoing.write(packed if len(packed) <= ANSWER_BYTES else pickle.dumps(MemoryError()))
            outgoing.flush()
            answer = _answer(pickle.load(incoming))


def _answer(source: str | Path | bytes) -> Any:
    try:
        return read_midi(source)
    except RuntimeError as error:  # how a parser in C++ says that it got no memory
        return MemoryError() if "alloc" in str(error) else error
    except Exception as error:
        return error


def _limit(most_bytes: int) -> None:
    """So much more address space than now, where the system knows such a limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + most_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _tune() -> bytes:
    """The smallest file with a note."""
    events = b"\x00\x90\x3c\x40\x60\x80\x3c\x00\x00\xff\x2f\x00"
    return b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk" + len(events).to_bytes(4, "big") + events


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0  # `read_midi` says what is wrong


def _too_large(name: str) -> MidiError:
    return MidiError(
        f"{name} becomes far larger when it is read than a file of music does, and was not read. "
        "Export it again, or cut a passage out of it in a MIDI editor."
    )


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, int(sys.argv[1]))
