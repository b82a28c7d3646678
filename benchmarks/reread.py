"""What a change of the MIDI reader changes: `python -m benchmarks.reread CHECKOUT ZIP_OR_FOLDER ... [--files N]`.

CHECKOUT is another checkout of this project, such as `git worktree add ../before COMMIT` makes. Both readers read every
file in turn, each in a process of its own, and one line a source says
  - files and notes of both; files with any change;
  - onsets that one of them alone has, and notes of which the end moved by more than 1 ms, later or earlier;
  - CPU seconds of both for reading and encoding, and their ratio: what a preparation of the corpus takes.
"""

from __future__ import annotations

import argparse
import pickle
import random
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import print_table

SUFFIXES = (".mid", ".midi")
MOVED_S = 0.001
COUNTS = ("files", "files changed", "read now", "refused now", "notes before", "notes now")
CHANGES = ("onsets gone", "onsets new", "ends later", "ends earlier")
HERE = Path(__file__).resolve().parents[1]
WORKER = """
import pickle, sys, time
from musictx.errors import MidiError
from musictx.midi.codec import encode
from musictx.midi.files import read_midi
while True:
    content = pickle.load(sys.stdin.buffer)
    begin = time.process_time()
    try:
        notes = read_midi(content).notes
        encode(notes)
        answer = notes.pitch, notes.start_s, notes.end_s
    except MidiError as error:
        answer = str(error)
    pickle.dump((time.process_time() - begin, answer), sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class Reader:
    """The reader of a checkout, in a process of its own."""

    def __init__(self, checkout: Path) -> None:
        command = [sys.executable, "-c", WORKER]
        self._process = subprocess.Popen(command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seconds = 0.0

    def __call__(self, content: bytes) -> Any:
        """(pitch, onset, end) of the notes, or the sentence that refuses the file."""
        assert self._process.stdin is not None and self._process.stdout is not None
        pickle.dump(content, self._process.stdin)
        self._process.stdin.flush()
        seconds, answer = pickle.load(self._process.stdout)
        self.seconds += seconds
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()


def contents(source: Path, most: int) -> Iterator[bytes]:
    """The files of a zip or folder; `most` of them, drawn at random but always the same, unless it is 0."""
    draw = random.Random(0)
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
        yield from (path.read_bytes() for path in (draw.sample(paths, min(most, len(paths))) if most else paths))
        return
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(SUFFIXES))
        yield from (archive.read(name) for name in (draw.sample(names, min(most, len(names))) if most else names))


def compare(before: Any, now: Any) -> Counter[str]:
    """What differs between two readings of one file."""
    if isinstance(before, str) or isinstance(now, str):
        kinds = {(True, False): "read now", (False, True): "refused now"}
        return Counter({kinds.get((isinstance(before, str), isinstance(now, str)), "refused by both"): 1, "files": 1})
    keys = [np.round(start_s * 1000).astype(np.int64) * 128 + pitch for pitch, start_s, _ in (before, now)]
    common, first, second = np.intersect1d(*keys, return_indices=True)
    moved_s = now[2][second] - before[2][first]
    found = Counter(
        {
            "files": 1,
            "notes before": keys[0].size,
            "notes now": keys[1].size,
            "onsets gone": keys[0].size - common.size,
            "onsets new": keys[1].size - common.size,
            "ends later": int((moved_s > MOVED_S).sum()),
            "ends earlier": int((moved_s < -MOVED_S).sum()),
        }
    )
    found["files changed"] = int(
        any(found[name] for name in ("onsets gone", "onsets new", "ends later", "ends earlier"))
    )
    return found


def main() -> int:
    """Compares and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description="What a change of the MIDI reader changes.")
    parser.add_argument("checkout", type=Path, help="of another state of this project")
    parser.add_argument("sources", type=Path, nargs="+", help="zips or folders of MIDI files")
    parser.add_argument("--files", type=int, default=0, help="how many of each (default: all)")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for source in options.sources:
        readers = [Reader(options.checkout.resolve()), Reader(HERE)]
        total: Counter[str] = Counter()
        begin = time.monotonic()
        for content in contents(source, options.files):
            total += compare(*(reader(content) for reader in readers))
        for reader in readers:
            reader.close()
        before_s, now_s = (reader.seconds for reader in readers)
        rows.append(
            {"source": source.stem, **{name: total[name] for name in (*COUNTS, *CHANGES)}}
            | {"CPU s before": round(before_s, 2), "now": round(now_s, 2), "ratio": round(now_s / before_s, 2)}
        )
        print(f"{source.stem}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
