"""What figures depend on, and how they are printed: shared by the benchmarks."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from pathlib import Path
from typing import Any

from musictx import __version__


def machine(*modules: str) -> dict[str, Any]:
    """Hardware, its load, system and versions: Python's, our own and those of `modules`."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "musictx": __version__,
        **{name: import_module(name).__version__ for name in modules},
    }


def processor_name() -> str:
    """The model of the CPU where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def print_table(rows: list[dict[str, Any]]) -> None:
    """Rows of equal keys, columns aligned."""
    cells = [list(rows[0]), *([f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print()
