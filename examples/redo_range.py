"""A page writes a range anew: `python -m examples.redo_range song.mid --start 8 --end 12`, beside `make run`.

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
    parser = argparse.ArgumentParser(description="Asks a running page to write a range of a MIDI file anew.")
    parser.add_argument("midi", type=Path, help="a .mid file of piano music")
    parser.add_argument("--start", type=float, required=True, help="of the range, in seconds from the first note")
    parser.add_argument("--end", type=float, required=True, help="of the range, 0.5 to 30 s later")
    parser.add_argument("--candidates", type=int, default=8, help="1 to 16")
    parser.add_argument("--url", default="http://127.0.0.1:7860", help="of the page")
    parser.add_argument("--out", type=Path, default=Path("outputs"), help="folder for the MIDI files")
    options = parser.parse_args(arguments)

    client = Client(options.url, verbose=False, analytics_enabled=False)
    try:
        job = client.submit(
            file=handle_file(str(options.midi)),
            start=options.start,
            end=options.end,
            candidates=options.candidates,
            api_name="/redo",
        )
        for _, facts in job:  # yields while it works; job.cancel() would end it
            print(f"\r{len(facts['candidates'])} of {facts['of']} candidates", end="", flush=True)
        print()
        files, facts = job.outputs()[-1]
    finally:
        client.close()
    options.out.mkdir(parents=True, exist_ok=True)
    for path, candidate in zip(files, facts["candidates"], strict=True):  # best first
        print(shutil.copy(path, options.out), "NLL of what follows:", candidate["nll"])


if __name__ == "__main__":
    main()
