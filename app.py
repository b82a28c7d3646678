"""Starts the page: arguments -> studio and workshop -> launch.

    python app.py [--host 127.0.0.1] [--port 7860] [--checkpoint enhanced] [--engine auto] [--share]

GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are honoured; on a Hugging Face Space (SPACE_ID) the page
listens to the outside without further ado. MUSICTX_TRAINING=on opens the Train tab,
MUSICTX_LOGINS=name:password,… asks for a name.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, with the environment as its defaults."""
    outside = "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"
    parser = argparse.ArgumentParser(prog="app.py", description="musictx: a piano co-writer in the browser")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", outside), help="address to listen on")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("GRADIO_SERVER_PORT", "7860")), help="port to listen on"
    )
    parser.add_argument("--checkpoint", default=None, help="name in checkpoints/ (default: enhanced)")
    parser.add_argument(
        "--engine", default=None, help="auto, onnx, onnx-int8 or keras (default: $MUSICTX_ENGINE, else auto)"
    )
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted or told to end; the exit status."""
    options = parse(arguments)
    # systemd, Docker and a Space end the page with SIGTERM: it leaves as after Ctrl-C, its files removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # After the arguments: --help should not wait seconds for Gradio.
    from musictx.errors import MusictxError
    from musictx.ui.page import serve
    from musictx.workshop.workshop import open_workshop

    try:
        workshop = open_workshop(Path(__file__).resolve().parent, engine=options.engine)
        serve(
            workshop.studio,
            workshop,
            host=options.host,
            port=options.port,
            checkpoint=options.checkpoint,
            share=options.share,
        )
    except MusictxError as error:
        print(f"musictx cannot start: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass  # before the server stood, which ends on it by itself
    return 0


if __name__ == "__main__":
    sys.exit(main())
