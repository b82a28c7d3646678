"""Whether two checkouts of musictx write the same pieces: `python -m benchmarks.golden --checkout PATH`.

Ten settings, each engine, one random seed each: the notes of every continuation of the other checkout are compared with
this one's, exactly. For changes that are to change nothing: both are run on this machine, by this interpreter.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import print_table

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("onnx", "onnx-int8", "keras")
# Temperature, top-k, top-p, focus, scope, stay in key, variations; the two last pieces outgrow `tiny`'s window.
SETTINGS: tuple[tuple[Any, ...], ...] = (
    (0.8, 10, 0.92, 1.0, "keys", 1.0, 1),
    (0.7, 5, 0.85, 1.0, "keys", 1.0, 1),
    (1.1, 15, 0.95, 1.0, "keys", 1.0, 1),
    (0.0, 0, 1.0, 1.0, "keys", 1.0, 1),
    (1.0, 0, 1.0, 1.0, "keys", 0.0, 1),
    (0.8, 10, 0.92, 0.7, "keys", 2.0, 1),
    (0.8, 10, 0.92, 1.4, "keys", 0.5, 1),
    (0.9, 20, 0.9, 1.0, "tokens", 1.0, 1),
    (0.8, 10, 0.92, 1.0, "keys", 1.0, 4),
    (1.3, 0, 0.98, 1.0, "tokens", 0.0, 2),
)
# Run in either checkout: names that both have.
PIECES = """
import json, sys
from musictx.config import SamplingConfig
from musictx.studio import ComposeSettings, Studio
engine, checkpoint, seconds, settings = sys.argv[1], sys.argv[2], float(sys.argv[3]), json.loads(sys.argv[4])
studio = Studio(engine=engine)
seeds = studio.built_in_seeds()
for number, (heat, k, p, focus, scope, key, variations) in enumerate(settings):
    sampling = SamplingConfig(heat, k, p, focus, scope, key)
    chosen = ComposeSettings(sampling, seconds, 60.0, variations, number, checkpoint)
    *_, last = studio.compose(studio.read_seed(seeds[number % len(seeds)].path), chosen)
    print(json.dumps([[take.continuation.pitch.tolist(), take.continuation.velocity.tolist(),
        take.continuation.start_s.tolist(), take.continuation.end_s.tolist()] for take in last.takes]))
"""


def pieces(checkout: Path, engine: str, checkpoint: str, seconds: float) -> list[Any]:
    """The notes of each setting's takes, written by the code of `checkout`."""
    command = [sys.executable, "-c", PIECES, engine, checkpoint, str(seconds), json.dumps(SETTINGS)]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{checkout}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def main() -> int:
    """0 if every piece is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True, help="the other checkout")
    parser.add_argument("--checkpoint", default="enhanced")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=[*ENGINES])
    options = parser.parse_args()
    rows = []
    for engine in options.engines:
        both = [
            pieces(place.resolve(), engine, options.checkpoint, options.seconds) for place in (options.checkout, ROOT)
        ]
        assert len(both[0]) == len(both[1]) == len(SETTINGS)
        same = sum(theirs == ours for theirs, ours in zip(*both, strict=True))
        notes = sum(len(take[0]) for piece in both[1] for take in piece)
        rows.append({"engine": engine, "pieces": len(SETTINGS), "the same": same, "notes": notes})
    print_table(rows)
    return int(any(row["the same"] < row["pieces"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
