"""Starts the page: arguments -> studio and workshop -> launch.

    python app.py [--host 127.0.0.1] [--port 7860] [--checkpoint enhanced] [--engine auto] [--share] [--public]

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
from typing import NoReturn

from musictx.cli.command import HelpFormatter, Parser
from musictx.errors import MusictxError
from musictx.hosting.files import own_files, temporary_files
from musictx.hosting.logs import kept_log
from musictx.hosting.settings import HostSettings, listing
from musictx.ui.server.address import LARGEST_PORT, check_address, read_port


class _Help(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """The settings of a host keep their lines."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, with the environment as its defaults."""
    outside = "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"
    host, port = os.environ.get("GRADIO_SERVER_NAME", outside), os.environ.get("GRADIO_SERVER_PORT", "7860")
    parser = Parser(
        prog="app.py",
        description="musictx: a piano co-writer in the browser",
        epilog=f"Settings of a host, from the environment:\n{listing()}",
        formatter_class=_Help,
    )
    parser.add_argument("--host", default=host, help="address to listen on")
    # As a string, so that what stands in the environment is read and answered as what is typed.
    parser.add_argument("--port", type=read_port, default=port, help=f"port to listen on, 1 to {LARGEST_PORT}")
    parser.add_argument("--checkpoint", default=None, help="name in checkpoints/ (default: enhanced)")
    parser.add_argument(
        "--engine", default=None, help="auto, onnx, onnx-int8 or keras (default: $MUSICTX_ENGINE, else auto)"
    )
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio")
    parser.add_argument(
        "--public", action="store_true", help="open to the world: the strict settings of a host, see below"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until interrupted or told to end; the exit status."""
    options = parse(arguments)
    # systemd, Docker and a Space end the page with SIGTERM: it leaves as after Ctrl-C, its files removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = HostSettings.from_environment(os.environ, options.public)
        check_address(options.host, options.port)
        # The folder before Gradio is imported, which chooses one then.
        with kept_log(settings), own_files(), temporary_files():
            _serve(options, settings)
    except MusictxError as error:
        print(f"musictx cannot start: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass  # before the server stood, which ends on it by itself
    return 0


def _serve(options: argparse.Namespace, settings: HostSettings) -> None:
    # After the arguments: --help should not wait seconds for Gradio.
    from musictx.zero_gpu.device import ZeroGpu, has_zero_gpu, lend, prepare_zero_gpu
    from musictx.zero_gpu.runs import GpuRuns

    if has_zero_gpu():
        prepare_zero_gpu()  # before Gradio
    from musictx.ui.page import serve
    from musictx.workshop.workshop import open_workshop

    project = Path(__file__).resolve().parent
    elsewhere = ZeroGpu(project / "checkpoints", settings.gpu_patience_s) if has_zero_gpu() else None
    runner = GpuRuns(lend).runner() if has_zero_gpu() else None
    workshop = open_workshop(project, engine=options.engine, elsewhere=elsewhere, runner=runner)
    serve(
        workshop.studio,
        workshop,
        host=options.host,
        port=options.port,
        checkpoint=options.checkpoint,
        share=options.share,
        settings=settings,
    )


def leave(status: int) -> NoReturn:
    """Ends the process at once. Its files are removed by now, and what threads of the engine are still at would, on
    the way through the interpreter's end, abort it.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(main())
