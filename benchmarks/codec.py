"""Notes to tokens and back: `python -m benchmarks.codec [--notes 100000] [--json]`.

The vectorised codec beside a plain loop that follows the same contract, in one run, on made-up
notes (same every time). The loop also checks it: the benchmark stops if their answers differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import machine, median_s, print_facts, print_table
from musictx.midi import vocabulary as v
from musictx.midi.codec import decode, encode, quantise, stretch, token_times
from musictx.midi.notes import NoteSequence

NOTES_PER_SECOND = 10.0


def piece(count: int) -> NoteSequence:
    """Random notes of a lively piece, overlaps and all; the same for the same `count`."""
    draw = np.random.default_rng(0)
    start_s = draw.uniform(0, count / NOTES_PER_SECOND, count)
    end_s = start_s + draw.exponential(0.4, count) + 0.001
    return NoteSequence(draw.integers(28, 96, count, np.int16), draw.integers(1, 128, count, np.int16), start_s, end_s)


def loop_encode(notes: NoteSequence) -> list[int]:
    """The codec's contract as a loop; `notes` are quantised."""
    events = []
    for pitch, velocity, start_s, end_s in zip(notes.pitch, notes.velocity, notes.start_s, notes.end_s, strict=True):
        events.append((round(start_s * v.STEPS_PER_SECOND), 1, int(pitch), int(velocity) // 4))
        events.append((round(end_s * v.STEPS_PER_SECOND), 0, int(pitch), 0))
    ids, now, loudness = [], 0, -1
    for step, is_on, pitch, bin_ in sorted(events):
        while now < step:
            shift = min(step - now, v.MAX_SHIFT_STEPS)
            ids.append(v.TIME_SHIFT + shift - 1)
            now += shift
        if is_on and bin_ != loudness:
            ids.append(v.VELOCITY + bin_)
            loudness = bin_
        ids.append((v.NOTE_ON if is_on else v.NOTE_OFF) + pitch)
    return ids


def loop_decode(ids: list[int]) -> list[tuple[int, int, float, float]]:
    """Notes of well-formed ids, by a loop."""
    notes, sounding, now, loudness = [], dict[int, tuple[float, int]](), 0, 0
    for token in ids:
        if token < v.NOTE_OFF:
            sounding[token] = (now / v.STEPS_PER_SECOND, 4 * loudness + 2)
        elif token < v.TIME_SHIFT:
            start_s, velocity = sounding.pop(token - v.NOTE_OFF)
            notes.append((token - v.NOTE_OFF, velocity, start_s, now / v.STEPS_PER_SECOND))
        elif token < v.VELOCITY:
            now += token - v.TIME_SHIFT + 1
        else:
            loudness = token - v.VELOCITY
    return notes


def measure(count: int, repeats: int) -> list[dict[str, Any]]:
    """One row a function: seconds, notes a second, and how often faster than the loop."""
    notes = quantise(piece(count))
    ids = encode(notes)
    listed = ids.tolist()
    if loop_encode(notes) != listed or NoteSequence.from_tuples(loop_decode(listed)) != decode(ids):
        raise SystemExit("the codec and the loop disagree: no figures")
    pairs: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = [
        ("encode", lambda: encode(notes), lambda: loop_encode(notes)),
        ("decode", lambda: decode(ids), lambda: NoteSequence.from_tuples(loop_decode(ids.tolist()))),
        ("token_times", lambda: token_times(ids), None),
        ("stretch", lambda: stretch(ids, 1.05), None),
    ]
    rows = []
    for name, work, loop in pairs:
        took_s = median_s(work, repeats)
        ratio = f"{median_s(loop, repeats) / took_s:.1f}" if loop else "-"
        row = {"notes": len(notes), "tokens": ids.size, "function": name, "milliseconds": took_s * 1e3}
        rows.append({**row, "notes_per_second": len(notes) / took_s, "times_the_loop": ratio})
    return rows


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description="Time the codec.")
    parser.add_argument("--notes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": machine(["numpy"]),
        "codec": [row for count in options.notes for row in measure(count, options.repeats)],
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    print_facts(result["machine"])
    print_table(result["codec"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
