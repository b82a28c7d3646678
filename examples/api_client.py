"""Asks a running page for a continuation: `python -m examples.api_client song.mid`, beside `make run`.

The only thing this needs is `gradio_client`; musictx itself may run on another machine.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from gradio_client import Client, handle_file


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line and asks the page."""
    parser = argparse.ArgumentParser(description="Asks a running page for a continuation.")
    parser.add_argument("midi", type=Path, help="the seed, a .mid file of piano music")
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="of the page")
    parser.add_argument("--out", type=Path, default=Path("outputs"), help="folder for the MIDI and MP3 files")
    parser.add_argument("--seconds", type=float, default=20.0, help="of new music, 5 to 180")
    parser.add_argument("--preset", default="balanced", help="precise, balanced or creative")
    options = parser.parse_args(arguments)

    client = Client(options.url, verbose=False, analytics_enabled=False)
    try:
        # The API page of the server lists every parameter; what is not given has a default.
        midi, audio, info = client.predict(
            seed_file=handle_file(str(options.midi)),
            preset=options.preset,
            seconds=options.seconds,
            api_name="/compose",
        )
    finally:
        client.close()
    options.out.mkdir(parents=True, exist_ok=True)
    for path in (*midi, *audio):  # one of each for every variation
        print(shutil.copy(path, options.out))
    # The random seed gives the same music again: predict(..., random_seed=...).
    print("random seed", info["takes"][0]["random_seed"])


if __name__ == "__main__":
    main()
