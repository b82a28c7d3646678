"""Continues every MIDI file of a folder: `python -m examples.continue_folder songs --out outputs`.

A file that cannot be used is named with the reason, and the others go on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from musictx.config import ComposeSettings, RenderSettings
from musictx.errors import MidiError
from musictx.python_api import open_studio


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and continues the files."""
    parser = argparse.ArgumentParser(description="Continues every MIDI file of a folder.")
    parser.add_argument("folder", type=Path, help="with .mid files; folders in it are searched too")
    parser.add_argument("--out", type=Path, default=Path("outputs"), help="a folder is made in it for each file")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--seconds", type=float, default=20.0, help="of new music, 5 to 180")
    parser.add_argument("--variations", type=int, default=1, help="takes of each file, 1 to 4")
    options = parser.parse_args(arguments)

    studio, checkpoint = open_studio(options.checkpoint)  # loads the network at the first take, for all files
    settings = ComposeSettings(seconds=options.seconds, variations=options.variations, checkpoint=checkpoint)
    for path in sorted(options.folder.rglob("*.mid")):
        try:
            seed = studio.read_seed(path)
        except MidiError as error:
            print(f"{path}: left out. {error}")
            continue
        *_, last = studio.compose(seed, settings)
        target = options.out / path.relative_to(options.folder).with_suffix("")
        target.mkdir(parents=True, exist_ok=True)
        for take in last.takes:
            print(studio.export(take, target, RenderSettings(), formats=("mid",))["mid"])


if __name__ == "__main__":
    main()
