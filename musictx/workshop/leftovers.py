"""What a process that was killed left half made: removed before more is made."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

UNFINISHED_S = 3600.0  # nothing that is being made takes as long


def remove_unfinished(place: Path, note: str) -> list[Path]:
    """Removes folders in `place` that never got their file `note`, which is written last; those removed."""
    removed = []
    for folder in sorted(place.glob("*")):
        if not folder.is_dir() or folder.is_symlink() or (folder / note).exists():
            continue
        if time.time() - folder.stat().st_mtime > UNFINISHED_S:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed
