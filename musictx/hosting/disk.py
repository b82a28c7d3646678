"""How much of the disk visitors fill: so much each, so much together, some left free; and what is old goes."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from musictx.hosting.messages import App, Receive, Scope, Send, address_of, drain, header, path_of, refuse

MB = 2**20
ABORTED_S = 600.0  # a file of an upload that is no longer coming: finished ones are moved at once
LOOK_S = 2.0  # between two measurings of the folder
ADDRESSES = 10_000


@dataclass(frozen=True)
class DiskLimits:
    """visitor_bytes: of one address within `file_s`; all_bytes: of the folder; free_bytes: left on the disk."""

    visitor_bytes: float
    all_bytes: float
    free_bytes: float
    file_s: float


class Disk:
    """The folder of uploads and downloads.

    Args:
        folder: where they lie.
        limits: see there.
        clock: seconds since 1970, as files have them.
    """

    def __init__(self, folder: Path, limits: DiskLimits, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.limits, self._clock = folder, limits, clock
        self._brought: OrderedDict[str, list[tuple[float, int]]] = OrderedDict()
        self._used, self._looked = 0, -LOOK_S

    def used(self) -> int:
        """Bytes in the folder, as of a moment ago."""
        if self._clock() - self._looked >= LOOK_S:
            self._used, self._looked = sum(_size(path) for path in self.folder.rglob("*")), self._clock()
        return self._used

    def free(self) -> int:
        """Bytes that the disk has left."""
        place = self.folder if self.folder.exists() else self.folder.parent
        return shutil.disk_usage(place).free

    def refusal(self, address: str, coming: int) -> str:
        """ "" if an upload of `coming` bytes may begin, else the sentence."""
        if self.brought(address) + coming > self.limits.visitor_bytes:
            return (
                f"You have brought {self.brought(address) / MB:.0f} MB in {self.limits.file_s / 3600:g} hours; "
                f"at most {self.limits.visitor_bytes / MB:.0f} MB are kept for one visitor. Come back later."
            )
        if self.used() + coming > self.limits.all_bytes or self.free() - coming < self.limits.free_bytes:
            return "There is no room for uploads on this server just now. Come back later."
        return ""

    def brought(self, address: str) -> int:
        """Bytes that came from an address, whole uploads or not, within the time that files are kept."""
        since = self._clock() - self.limits.file_s
        kept = [entry for entry in self._brought.get(address, ()) if entry[0] > since]
        if kept:
            self._brought[address] = kept
        else:
            self._brought.pop(address, None)
        return sum(size for _, size in kept)

    def add(self, address: str, size: int) -> None:
        """So much came from there."""
        self._brought.setdefault(address, []).append((self._clock(), size))
        self._brought.move_to_end(address)
        while len(self._brought) > ADDRESSES:
            self._brought.popitem(last=False)

    def sweep(self, keep: Collection[str] = ()) -> int:
        """Removes what is older than it may be, uploads that were broken off, and empty folders; files removed.

        Args:
            keep: paths that belong to the page itself.
        """
        removed, now = 0, self._clock()
        for path in sorted(self.folder.rglob("*"), key=lambda path: len(path.parts), reverse=True):
            with contextlib.suppress(OSError):
                if path.is_dir() and not path.is_symlink():
                    if now - path.stat().st_mtime > ABORTED_S:
                        path.rmdir()  # only an empty one goes
                    continue
                unfinished = path.parent == self.folder and path.name.startswith("tmp")
                oldest_s = ABORTED_S if unfinished else self.limits.file_s
                age_s = now - path.lstat().st_mtime
                if str(path) not in keep and not path.name.startswith(".") and age_s > oldest_s:
                    path.unlink()
                    removed += 1
        return removed


class Quotas:
    """Middleware: an upload begins only where there is room for it (413 or 507), and is counted as it comes.

    Args:
        app: what is behind it.
        disk: the accounts.
        proxies: see `address_of`.
    """

    def __init__(self, app: App, disk: Disk, proxies: int) -> None:
        self.app, self.disk, self.proxies = app, disk, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        is_upload = scope["type"] == "http" and scope["method"] == "POST" and path_of(scope).endswith("/upload")
        if not is_upload:
            await self.app(scope, receive, send)
            return
        address, declared = address_of(scope, self.proxies), header(scope, "content-length")
        coming = int(declared) if declared.isdigit() else 0
        refusal = self.disk.refusal(address, coming)
        if refusal:
            await drain(receive)
            await refuse(send, 413 if refusal.startswith("You") else 507, refusal)
            return
        taken = 0

        async def counted() -> dict[str, object]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return dict(message)

        try:
            await self.app(scope, counted, send)
        finally:
            self.disk.add(address, taken)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.lstat().st_size if not path.is_dir() else 0
    return 0
