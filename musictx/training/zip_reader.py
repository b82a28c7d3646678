"""Zips that anybody may have made: one way to open them, linear and bounded, with one type of error.

The directory of a zip is read whole as it is opened: how much of it there may be is checked as it is read, before
anything is made of it. Members are unpacked in pieces that are bounded too, which only stored and deflated ones can be:
a few bytes of bzip2 or LZMA become gigabytes in one call of their decompressors.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from musictx.errors import TrainingError

DIRECTORY_BYTES_A_MEMBER = 512  # an entry has 46, its name and what a packer adds
DIRECTORY_BYTES_MORE = 2**17  # the end of the file is read as well: it may hold a comment of 64 KiB
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
OTHERS = {9: "Deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA", 93: "Zstandard", 95: "xz"}
ENCRYPTED = 1  # flag of a member


class ZipReader:
    """An open zip.

    Args:
        path: of the file.
        most_members: more entries are refused, before they are looked at.

    Attributes:
        members: all entries, directories among them, as the zip's directory lists them.

    Raises:
        TrainingError: if it is no zip, is damaged, or holds more.
    """

    def __init__(self, path: Path, most_members: int) -> None:
        self.path = path
        with ExitStack() as opened:
            file = opened.enter_context(self._opened_file())
            file.left = most_members * DIRECTORY_BYTES_A_MEMBER + DIRECTORY_BYTES_MORE
            try:
                with self._one_error():
                    self._archive = opened.enter_context(zipfile.ZipFile(file))
            except _TooMuch:
                raise self._crowded("more", most_members) from None
            self.members: Sequence[zipfile.ZipInfo] = self._archive.infolist()
            if len(self.members) > most_members:
                raise self._crowded(f"{len(self.members):,}", most_members)
            file.left = math.inf
            self._opened = opened.pop_all()

    def __enter__(self) -> ZipReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self, member: zipfile.ZipInfo | str, most_bytes: int) -> bytes:
        """The first `most_bytes` of a member, all of it if there are fewer.

        Raises:
            TrainingError: if it is not there, is damaged, encrypted, or packed in an unusual way.
        """
        with self._one_error(member):
            info = self._archive.getinfo(member) if isinstance(member, str) else member
            self.check(info)
            with self._archive.open(info) as file:
                return file.read(most_bytes)

    def copy(self, member: zipfile.ZipInfo, target: Path) -> None:
        """Writes a member to the file `target`, in pieces. Raises TrainingError as `read` does."""
        with self._one_error(member):
            self.check(member)
            with self._archive.open(member) as file, target.open("wb") as out:
                while piece := file.read(2**20):
                    out.write(piece)

    def check(self, info: zipfile.ZipInfo) -> None:
        """Raises TrainingError for a member that cannot be unpacked within bounds."""
        if info.flag_bits & ENCRYPTED:
            raise TrainingError(f"{_shown(info)} in {self.path.name} is encrypted; pack it without a password.")
        if info.compress_type not in METHODS:
            kind = OTHERS.get(info.compress_type, f"method {info.compress_type}")
            raise TrainingError(
                f"{_shown(info)} in {self.path.name} is packed with {kind}, which is not unpacked here. "
                "Pack the files again as an ordinary zip (deflate)."
            )

    def _opened_file(self) -> _Metered:
        try:
            return _Metered(self.path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise TrainingError(f"{self.path.name} could not be opened: {reason}.") from error

    def _crowded(self, found: str, most: int) -> TrainingError:
        return TrainingError(f"{self.path.name} holds {found} entries; at most {most:,} are read. Split it.")

    @contextmanager
    def _one_error(self, member: zipfile.ZipInfo | str = "") -> Iterator[None]:
        """Whatever `zipfile` and the decompressors make of damaged bytes is one sentence."""
        try:
            yield
        except TrainingError:
            raise
        except Exception as error:  # IndexError, UnicodeDecodeError, struct.error, zlib.error …: any byte may be wrong
            inside = f"{_shown(member)} in {self.path.name} is damaged"
            what = inside if member else f"{self.path.name} is no zip that can be read"
            raise TrainingError(f"{what} ({error}). Pack the zip again.") from error


class _TooMuch(BaseException):
    """More was read of a directory than it may have; no Exception, so that nobody takes it for damage."""


class _Metered(io.FileIO):
    """A file of which at most `left` bytes are read at all."""

    left: float = 0

    def read(self, size: int | None = -1) -> bytes:
        """As FileIO; counts."""
        if size is None or size < 0:
            size = max(0, os.fstat(self.fileno()).st_size - self.tell())
        if size > self.left:
            raise _TooMuch
        found = super().read(size) or b""
        self.left -= len(found)
        return found


def _shown(member: zipfile.ZipInfo | str) -> str:
    name = member if isinstance(member, str) else member.filename
    return "".join(each if each.isprintable() else "?" for each in name[:80])
