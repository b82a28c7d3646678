"""Writes a prepared corpus piece by piece: little memory however large it grows, and it can go on after a kill.

    tokens.npy    uint16 (T,), all pieces one after another, each START ... END
    pieces.json   name, vocabulary, left_out and, per piece: file, split, start, length, notes, seconds

Until `finish` both have other names: `tokens.part` takes the tokens, `pieces.part.jsonl` a line a file behind them,
so that a line never speaks of tokens that are not there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.files import replace_file
from musictx.midi import vocabulary

UNFINISHED_TOKENS, UNFINISHED_PIECES = "tokens.part", "pieces.part.jsonl"


@dataclass(frozen=True)
class Piece:
    """One piece of a prepared corpus: `tokens[start : start + length]`, START and END included."""

    file: str
    split: str
    start: int
    length: int
    notes: int
    seconds: float


class CorpusWriter:
    """A context in which pieces are added one by one; `finish` gives the corpus its names.

    Args:
        folder: of the corpus; an older one there stands until `finish`.
        source: says what is being prepared: an unfinished preparation of the same goes on, of another it is dropped.

    Attributes:
        done: names of the files that an interrupted preparation has dealt with.
        pieces, left_out: all so far, those of the interrupted one included; left_out as (name, reason).
    """

    def __init__(self, folder: Path, source: str) -> None:
        self.folder = folder
        self.pieces: list[Piece] = []
        self.left_out: list[tuple[str, str]] = []
        folder.mkdir(parents=True, exist_ok=True)
        head = json.dumps({"source": source, "vocabulary": vocabulary.fingerprint()})
        lines = list(_whole_lines(folder / UNFINISHED_PIECES))
        stored = folder / UNFINISHED_TOKENS
        size = stored.stat().st_size if stored.exists() else 0
        for line in lines[1:] if lines[:1] == [head] else []:
            record = json.loads(line)
            if "left_out" in record or 2 * (record["start"] + record["length"]) <= size:
                self._remember(record)
        replace_file(folder / UNFINISHED_PIECES, "".join(f"{line}\n" for line in [head, *self._lines()]).encode())
        self._tokens = (folder / UNFINISHED_TOKENS).open("ab")
        self._tokens.truncate(2 * self.tokens)
        self._index = (folder / UNFINISHED_PIECES).open("a", encoding="utf-8")
        self.done = {piece.file for piece in self.pieces} | {name for name, _ in self.left_out}

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self.pieces[-1].start + self.pieces[-1].length if self.pieces else 0

    def add(self, file: str, split: str, ids: npt.NDArray[np.uint16], notes: int, seconds: float) -> None:
        """Appends a piece: its ids with START and END, uint16 (T,)."""
        piece = Piece(file, split, self.tokens, int(ids.size), notes, seconds)
        self._tokens.write(ids.astype("<u2").tobytes())
        self._tokens.flush()
        self._note(asdict(piece))

    def leave_out(self, file: str, reason: str) -> None:
        """Notes a file that cannot be used."""
        self._note({"left_out": file, "reason": reason})

    def finish(self, name: str) -> None:
        """Gives the corpus its names."""
        self.__exit__(None, None, None)
        unfinished = self.folder / "tokens.tmp.npy"
        with (self.folder / UNFINISHED_TOKENS).open("rb") as raw, unfinished.open("wb") as file:
            shape = {"descr": "<u2", "fortran_order": False, "shape": (self.tokens,)}
            np.lib.format.write_array_header_1_0(file, shape)
            shutil.copyfileobj(raw, file)
        os.replace(unfinished, self.folder / "tokens.npy")
        write_index(self.folder, name, self.pieces, self.left_out)
        for part in (UNFINISHED_TOKENS, UNFINISHED_PIECES):
            (self.folder / part).unlink()

    def _note(self, record: dict[str, Any]) -> None:
        self._index.write(json.dumps(record) + "\n")
        self._index.flush()
        self._remember(record)

    def _remember(self, record: dict[str, Any]) -> None:
        if "left_out" in record:
            self.left_out.append((record["left_out"], record["reason"]))
        else:
            self.pieces.append(Piece(**record))

    def _lines(self) -> Iterator[str]:
        yield from (json.dumps(asdict(piece)) for piece in self.pieces)
        yield from (json.dumps({"left_out": name, "reason": reason}) for name, reason in self.left_out)

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tokens.close()
        self._index.close()


def write_index(folder: Path, name: str, pieces: Iterable[Piece], left_out: Iterable[tuple[str, str]] = ()) -> None:
    """Writes pieces.json, whole or not at all."""
    index = {
        "name": name,
        "vocabulary": vocabulary.fingerprint(),
        "pieces": [asdict(piece) for piece in pieces],
        "left_out": list(left_out),
    }
    replace_file(folder / "pieces.json", json.dumps(index).encode())


def _whole_lines(path: Path) -> Iterator[str]:
    """The lines of a file that end; the last of a killed process may not."""
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from (line[:-1] for line in file if line.endswith("\n"))
