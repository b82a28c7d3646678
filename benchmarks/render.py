"""How fast notes become sound: `python -m benchmarks.render [--seconds 60] [--json]`.

Renders one made-up piece (same every time) on each SoundFont found, then writes it in each
format. Prints seconds, and how many seconds of music are done in one second; medians.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.measure import machine, median_s, print_facts, print_table
from musictx.audio.encode import FORMATS, write_audio
from musictx.audio.engines import open_engine
from musictx.audio.library import synthesiser_name
from musictx.audio.loudness import Samples
from musictx.audio.soundfont import SoundFont, find_soundfonts
from musictx.audio.synth import render
from musictx.files import cache_folder
from musictx.midi.notes import NoteSequence

SAMPLE_RATE_HZ = 44100
ROOMS = (0.0, 0.2)  # dry, and the page's default
OWN_FONTS = Path(__file__).resolve().parents[1] / "assets" / "soundfonts"


def piece(seconds: float, notes_per_second: float) -> NoteSequence:
    """Random keys, half of them held as under a pedal; the same for the same arguments."""
    rng = np.random.default_rng(0)
    count = max(1, round(seconds * notes_per_second))
    start_s = rng.uniform(0, seconds, count)
    held_s = np.where(rng.random(count) < 0.5, rng.uniform(0.1, 0.4, count), rng.uniform(1.0, 3.0, count))
    pitch, velocity = rng.integers(28, 92, count, np.int16), rng.integers(30, 100, count, np.int16)
    return NoteSequence(pitch, velocity, start_s, start_s + held_s)


def measure_font(font: SoundFont, notes: NoteSequence, repeats: int) -> list[dict[str, Any]]:
    """One row for each room: loading, rendering, and how often faster than real time."""
    load_s = median_s(lambda: open_engine(font, 0.0, SAMPLE_RATE_HZ).close(), repeats)
    rows = []
    for room in ROOMS:
        length_s = len(render(notes, font, room=room)) / SAMPLE_RATE_HZ
        took_s = median_s(lambda room=room: render(notes, font, room=room), repeats)  # type: ignore[misc]
        row = {"soundfont": font.name, "room": room, "load_s": load_s, "render_s": took_s}
        rows.append({**row, "times_real_time": length_s / took_s})
    return rows


def measure_formats(samples: Samples, repeats: int) -> list[dict[str, Any]]:
    """One row for each format: time, size, and how often faster than real time."""
    length_s = len(samples) / SAMPLE_RATE_HZ
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in FORMATS:
            path = Path(folder) / f"piece{suffix}"
            took_s = median_s(lambda path=path: write_audio(samples, path, SAMPLE_RATE_HZ), repeats)  # type: ignore[misc]
            size = path.stat().st_size
            row = {"format": suffix, "write_s": took_s, "megabytes": size / 1e6, "kbit_s": size * 8e-3 / length_s}
            rows.append({**row, "times_real_time": length_s / took_s})
    return rows


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description="Time rendering and encoding.")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the piece")
    parser.add_argument("--notes-per-second", type=float, default=12.0, help="12 is lively piano music")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    notes = piece(options.seconds, options.notes_per_second)
    fonts = find_soundfonts([OWN_FONTS], cache_folder())
    result: dict[str, Any] = {
        "machine": {
            **machine(["numpy"]),
            "synthesiser": synthesiser_name(),
            "libsndfile": soundfile.__libsndfile_version__,
        },
        "piece": {"seconds": options.seconds, "notes": len(notes), "repeats": options.repeats},
        "render": [row for font in fonts for row in measure_font(font, notes, options.repeats)],
        "encode": measure_formats(render(notes, fonts[0]), options.repeats),
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    for title in ("machine", "piece"):
        print_facts(result[title])
    print_table(result["render"])
    print_table(result["encode"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
