"""What every benchmark needs: the machine it ran on, a clock, a table."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from musictx import __version__

RESULTS = Path(__file__).resolve().parent / "results"  # where figures are kept, as JSON


def write_json(result: Any, path: Path) -> None:
    """Writes a benchmark's figures; the folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """What the figures depend on: processor, its load, system, Python and the versions of `packages`."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "musictx": __version__,
        **{package: _version(package) for package in packages},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # tensorflow-cpu and its like bear another name
        pass
    try:
        return str(importlib.import_module(package).__version__)
    except ImportError:
        return "not installed"


def processor_name() -> str:
    """The model of the CPU where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def peak_mb(process: int | str = "self") -> float | None:
    """The most memory that a process, this one if none is given, ever had, in MiB; None where the system does not tell.

    Not from getrusage, whose figure a child inherits from the process that started it.
    """
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    peaks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return peaks[0] if peaks else None


def median_s(work: Callable[[], object], repeats: int) -> float:
    """Median of the seconds `work` takes."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def print_facts(facts: dict[str, Any]) -> None:
    """One line of names and values."""
    print(", ".join(f"{name} {value}" for name, value in facts.items()), end="\n\n")


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Rows of equal keys, columns aligned."""
    cells = [list(rows[0]), *([f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print()
