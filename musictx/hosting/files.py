"""The folder of a page's uploads and downloads: its own, chosen before Gradio chooses, swept when nobody is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

VARIABLE = "GRADIO_TEMP_DIR"
PREFIX = "musictx-page-"
LOCK = ".in-use"
UNLOCKED_S = 24 * 3600.0  # a folder without a lock is of an older version, or is being made just now


@contextlib.contextmanager
def own_files() -> Iterator[Path]:
    """The folder of this page's uploads and downloads while it is served: GRADIO_TEMP_DIR, else one of its own.

    Gradio's default is one folder for all pages of a machine. There a page that ends removes files of the same
    content from under another one, and a second user of the machine may not write at all: Gradio fails as it is
    imported, so this comes before. Folders of pages that were killed are removed.
    """
    if VARIABLE in os.environ:
        yield Path(os.environ[VARIABLE])
        return
    remove_abandoned(Path(tempfile.gettempdir()))
    with contextlib.ExitStack() as kept:
        folder = kept.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True))
        # The system opens the lock however the process ends: whoever can take it knows that the page is gone.
        kept.enter_context(FileLock(Path(folder) / LOCK))
        os.environ[VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[VARIABLE]


@contextlib.contextmanager
def temporary_files() -> Iterator[Path]:
    """While it lasts, what this process makes for a moment lies in one folder, and goes with it however threads end.

    Never inside the folder of `own_files`: what lies there Gradio takes for a visitor's already, and does not serve.
    """
    with contextlib.ExitStack() as kept:
        folder = kept.enter_context(tempfile.TemporaryDirectory(prefix=f"{PREFIX}work-", ignore_cleanup_errors=True))
        kept.enter_context(FileLock(Path(folder) / LOCK))
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


def remove_abandoned(place: Path) -> list[Path]:
    """Removes what pages left in `place` that were killed; the folders removed."""
    return [folder for folder in sorted(place.glob(f"{PREFIX}*")) if _is_abandoned(folder) and _removed(folder)]


def _is_abandoned(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        if folder.is_symlink() or not folder.is_dir() or not os.access(folder, os.W_OK):
            return False
        if not (folder / LOCK).exists():
            return time.time() - folder.stat().st_mtime > UNLOCKED_S
        try:
            with FileLock(folder / LOCK, timeout=0):
                return True
        except Timeout:
            return False
    return False


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
