"""Writes the built-in seeds from their note lists: `python -m scripts.make_seeds`.

assets/seeds/ID.mid and assets/seeds/seeds.json, which the studio reads. The music is
in scripts/seeds/; running this twice gives the same notes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from musictx.midi.files import write_midi
from scripts.seeds import PIECES
from scripts.seeds.performance import Piece, perform

SEEDS = Path(__file__).resolve().parents[1] / "assets" / "seeds"


def entry(piece: Piece) -> dict[str, str]:
    """What seeds.json says about a piece."""
    return {
        "id": piece.id,
        "title": piece.title,
        "style": piece.style,
        "credit": piece.credit,
        "file": f"{piece.id}.mid",
    }


def write_seeds(folder: Path) -> list[Path]:
    """Writes every seed and seeds.json into `folder`; returns the MIDI files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        write_midi(perform(piece), folder / f"{piece.id}.mid", name=piece.title, tempo_bpm=piece.tempo_bpm)
        for piece in PIECES
    ]
    listing = json.dumps([entry(piece) for piece in PIECES], indent=2, ensure_ascii=False)
    (folder / "seeds.json").write_text(listing + "\n", encoding="utf-8")
    return files


def main() -> None:
    """Reads the command line and writes the seeds."""
    parser = argparse.ArgumentParser(description="Writes the built-in seeds from their note lists.")
    parser.add_argument("--out", type=Path, default=SEEDS, help="folder to write to (default: assets/seeds)")
    for path in write_seeds(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
