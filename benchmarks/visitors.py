"""Several visitors at one engine: `python -m benchmarks.visitors [--visitors 1 2 5 8] [--seconds 20]`.

Each visitor composes in a thread of their own, as on the page, which lets five go on at once. Reported: tokens per
second of all together and of the slowest, and the gaps between two reports to the same visitor, within which
Stop is heard too. Beside it four variations of one visitor, which are made as one batch: what batching
visitors together could gain at most.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.config import ComposeSettings
from musictx.studio import Studio
from musictx.ui.access.stop_flags import AT_ONCE

WARM_S = 1.0  # reports within the first second are about reading the seed


def visit(studio: Studio, slots: threading.Semaphore, settings: ComposeSettings, made: list[dict[str, Any]]) -> None:
    """One visitor's piece: waits for a slot, composes, notes when each report came."""
    seed = studio.read_seed(studio.built_in_seeds()[0].path)
    asked = time.perf_counter()
    with slots:
        began = time.perf_counter()
        reports = [(time.perf_counter(), progress) for progress in studio.compose(seed, settings)]
    times, progress = [at for at, _ in reports], reports[-1][1]
    gaps = [after - before for before, after in zip(times, times[1:], strict=False) if before - began > WARM_S]
    made.append(
        {
            "waited_s": began - asked,
            "first_report_s": times[0] - began,
            "took_s": times[-1] - began,
            "tokens": progress.tokens,
            "gaps_s": gaps,
            "ending": progress.ending,
        }
    )


def measure(studio: Studio, visitors: int, variations: int, options: argparse.Namespace) -> dict[str, Any]:
    """One row: so many visitors who press at the same moment."""
    slots, made = threading.Semaphore(AT_ONCE), list[dict[str, Any]]()
    threads = []
    began = time.perf_counter()
    for number in range(visitors):
        settings = ComposeSettings(
            seconds=options.seconds, variations=variations, random_seed=number, checkpoint=options.checkpoint
        )
        threads.append(threading.Thread(target=visit, args=(studio, slots, settings, made)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began
    assert len(made) == visitors and all(row["ending"] in ("finished", "too dense") for row in made), made
    gaps = np.concatenate([row["gaps_s"] for row in made])
    return {
        "visitors": visitors,
        "variations": variations,
        "tokens/s": sum(row["tokens"] for row in made) / took_s,
        "slowest": min(row["tokens"] / row["took_s"] for row in made),
        "median gap s": float(np.median(gaps)),
        "95 % s": float(np.quantile(gaps, 0.95)),
        "longest s": float(gaps.max()),
        "first report s": max(row["first_report_s"] for row in made),
        "longest wait s": max(row["waited_s"] for row in made),
    }


def main() -> int:
    """Measures, prints and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description="Several visitors at one engine.")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 2, 5, 8])
    parser.add_argument("--seconds", type=float, default=20.0, help="of music for each")
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--engine", default=None, help="see README")
    parser.add_argument("--out", type=Path, default=RESULTS / "visitors.json", help="where the figures go as JSON")
    options = parser.parse_args()
    studio = Studio(engine=options.engine)
    studio.warm_up(options.checkpoint)
    rows = [measure(studio, visitors, 1, options) for visitors in options.visitors]
    rows.append(measure(studio, 1, 4, options))
    facts = machine(["onnxruntime", "numpy"])
    print_facts(facts)
    print_table(rows)
    write_json({"machine": facts, "at_once": AT_ONCE, "rows": rows}, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
