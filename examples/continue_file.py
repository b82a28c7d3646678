"""Continues one MIDI file: `python -m examples.continue_file song.mid --out outputs`.

A studio reads the seed, composes and writes files. It loads a checkpoint once, so a program that
continues many files should keep it (see continue_folder.py).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from musictx.config import ComposeSettings, RenderSettings
from musictx.python_api import open_studio


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and continues the file."""
    parser = argparse.ArgumentParser(description="Continues one MIDI file.")
    parser.add_argument("midi", type=Path, help="the seed, a .mid file of piano music")
    parser.add_argument("--out", type=Path, default=Path("outputs"), help="folder for take-1.mid and take-1.wav")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--seconds", type=float, default=20.0, help="of new music, 5 to 180")
    parser.add_argument("--seed", type=int, default=0, help="random seed: the same one gives the same music")
    options = parser.parse_args(arguments)

    studio, checkpoint = open_studio(options.checkpoint)
    seed = studio.read_seed(options.midi)
    settings = ComposeSettings(seconds=options.seconds, random_seed=options.seed, checkpoint=checkpoint)
    # compose() yields after every call of the engine; the last value holds the finished takes.
    for progress in studio.compose(seed, settings):
        print(f"\r{progress.seconds:.1f} of {options.seconds:.0f} s", end="", flush=True)
    print()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in studio.export(progress.takes[0], options.out, RenderSettings(), formats=("mid", "wav")).values():
        print(path)


if __name__ == "__main__":
    main()
