"""MIDI readers side by side: `python -m benchmarks.readers [FOLDER_OR_ZIP] [--files 20] [--json]`.

Reads a sample of the files (the built-in seeds and made-up files without an argument) with
every reader, in turn, file by file, and reports
  - time, and how often faster than pretty_midi, in the same run;
  - disagreements: files whose set of (onset in ms, pitch) differs from pretty_midi's;
  - damage: of each file some broken copies are made (flipped bytes, cut short, wrong header).
    "read" counts those that gave notes, "refused" those that raised, and "kinds" the kinds of
    exception a caller must expect. Each reader meets them in a process of its own: "crashed"
    says that this process died or did not end.
Of notes that overlap or lie behind damage readers differ for good reasons: see `musictx/midi/performance.py`.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi
import symusic

from benchmarks.codec import piece
from benchmarks.measure import machine, print_facts, print_table
from musictx.midi.files import read_midi, write_midi

Onsets = set[tuple[int, int]]  # (milliseconds, pitch)
SEEDS = Path(__file__).resolve().parents[1] / "assets" / "seeds"
MADE_UP_NOTES = (100, 3_000, 10_000)
BROKEN_COPIES = 10  # of each file
LIMIT_S = 300  # for all broken files of one reader


def with_musictx(content: bytes) -> Onsets:
    """The reader of this package: everything the page needs, pedal included."""
    notes = read_midi(content).notes
    return onsets(notes.start_s, notes.pitch)


def with_symusic(content: bytes) -> Onsets:
    """symusic alone, times in seconds."""
    score = symusic.Score.from_midi(content, ttype="second")
    tracks = [track.notes.numpy() for track in score.tracks if not track.is_drum]
    return onsets(*(np.concatenate([track[key] for track in tracks]) for key in ("time", "pitch")))


def with_pretty_midi(content: bytes) -> Onsets:
    """pretty_midi, the reference of the comparison."""
    midi = pretty_midi.PrettyMIDI(io.BytesIO(content))
    notes = [note for instrument in midi.instruments if not instrument.is_drum for note in instrument.notes]
    return onsets(np.array([note.start for note in notes]), np.array([note.pitch for note in notes]))


def with_mido(content: bytes) -> Onsets:
    """mido: messages only, a note is whatever its note-on says."""
    now_s, struck = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(content)):
        now_s += message.time
        if message.type == "note_on" and message.velocity and message.channel != 9:
            struck.append((now_s, message.note))
    return onsets(np.array([second for second, _ in struck]), np.array([pitch for _, pitch in struck]))


READERS: dict[str, Callable[[bytes], Onsets]] = {
    "musictx": with_musictx,
    "symusic": with_symusic,
    "pretty_midi": with_pretty_midi,
    "mido": with_mido,
}


def onsets(start_s: np.ndarray, pitch: np.ndarray) -> Onsets:
    """Onsets counted from the first, so that leading silence does not matter."""
    milliseconds = np.round((start_s - start_s.min()) * 1000).astype(int)
    return set(zip(milliseconds.tolist(), pitch.tolist(), strict=True))


def differs(ours: Onsets, theirs: Onsets) -> int:
    """Notes of either that the other has not, a millisecond of rounding allowed."""
    return sum(
        not any((at + step, pitch) in other for step in (-1, 0, 1))
        for one, other in ((ours, theirs), (theirs, ours))
        for at, pitch in one
    )


def sample(source: Path | None, count: int) -> list[bytes]:
    """The contents of `count` MIDI files of a folder or zip, drawn at random but always the same."""
    if source is None:
        made_up = [written(notes) for notes in MADE_UP_NOTES]
        return [*(path.read_bytes() for path in sorted(SEEDS.glob("*.mid"))), *made_up]
    draw = random.Random(0)
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
        return [path.read_bytes() for path in draw.sample(paths, min(count, len(paths)))]
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith((".mid", ".midi")))
        return [archive.read(name) for name in draw.sample(names, min(count, len(names)))]


def written(count: int) -> bytes:
    """A made-up piece as a file."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return write_midi(piece(count), Path(folder) / "piece.mid").read_bytes()


def broken(contents: list[bytes]) -> list[bytes]:
    """Damaged copies, the same for the same files."""
    draw = random.Random(1)
    copies = []
    for content in contents:
        for number in range(BROKEN_COPIES):
            copy = bytearray(content)
            if number % 3 == 0:
                del copy[draw.randrange(len(copy)) :]
            elif number % 3 == 1:
                for _ in range(number):
                    copy[draw.randrange(14, len(copy))] = draw.randrange(256)
            else:
                copy[draw.randrange(8, 22)] = draw.randrange(256)  # header, first chunk's length
            copies.append(bytes(copy))
    return copies


def measure(contents: list[bytes]) -> list[dict[str, Any]]:
    """One row a reader: time and agreement on good files."""
    took = dict.fromkeys(READERS, 0.0)
    notes = dict.fromkeys(READERS, 0)
    apart = dict.fromkeys(READERS, 0)
    files_apart = dict.fromkeys(READERS, 0)
    for content in contents:
        found: dict[str, Onsets] = {}
        for name, reader in READERS.items():
            begin = time.perf_counter()
            found[name] = reader(content)
            took[name] += time.perf_counter() - begin
        for name, onset in found.items():
            difference = differs(onset, found["pretty_midi"])
            notes[name] += len(onset)
            apart[name] += difference
            files_apart[name] += difference > 0
    return [
        {
            "reader": name,
            "files": len(contents),
            "notes": notes[name],
            "ms_per_file": took[name] / len(contents) * 1e3,
            "times_pretty_midi": took["pretty_midi"] / took[name],
            "files_that_differ": files_apart[name],
            "notes_that_differ": apart[name],
        }
        for name in READERS
    ]


def outcomes(name: str, contents: list[bytes], results: multiprocessing.Queue[dict[str, Any]]) -> None:
    """What one reader makes of broken files; runs in a process of its own."""
    warnings.simplefilter("ignore")
    read, kinds = 0, set()
    for content in contents:
        try:
            read += len(READERS[name](content)) > 0
        except Exception as error:
            kinds.add(type(error).__name__)
    results.put({"read": read, "refused": len(contents) - read, "kinds": " ".join(sorted(kinds)) or "-"})


def survive(contents: list[bytes]) -> list[dict[str, Any]]:
    """One row a reader: what became of the broken files, and whether the process lived."""
    rows = []
    context = multiprocessing.get_context("spawn")
    for name in READERS:
        results: multiprocessing.Queue[dict[str, Any]] = context.Queue()
        process = context.Process(target=outcomes, args=(name, contents, results))
        process.start()
        process.join(LIMIT_S)
        crashed = process.exitcode != 0
        process.kill()
        outcome = {"read": "-", "refused": "-", "kinds": "-"} if crashed else results.get(timeout=10)
        rows.append({"reader": name, "broken_files": len(contents), "crashed": crashed, **outcome})
    return rows


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare MIDI readers.")
    parser.add_argument("source", type=Path, nargs="?", help="a folder or zip of MIDI files; default: the seeds")
    parser.add_argument("--files", type=int, default=20, help="how many files of it")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # pretty_midi warns of tempo marks on other tracks
    contents = sample(options.source, options.files)
    if not contents:
        parser.error(f"no .mid or .midi files in {options.source}")
    result = {
        "machine": machine(["symusic", "pretty_midi", "mido", "numpy"]),
        "good files": measure(contents),
        "broken files": survive(broken(contents)),
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return 0
    print_facts(result["machine"])  # type: ignore[arg-type]
    print_table(result["good files"])  # type: ignore[arg-type]
    print_table(result["broken files"])  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())
