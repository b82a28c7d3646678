"""The command line: `python -m musictx COMMAND ...`.

    generate      continue a seed MIDI                       render   play a MIDI file into a sound file
    checkpoints   list the checkpoints                       prepare  encode a corpus for training
    train         train a checkpoint                         evaluate NLL and music of a checkpoint
    index         remember what a checkpoint learned from    shared   what a piece shares with it
    redo          write a range of a MIDI file anew
    runs          list, show, start, stop, resume, delete training runs

A command's own arguments, and whatever it imports, are loaded only when it is the one called:
`--help` answers at once. What a user can correct ends with one line on stderr and exit code 2.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from musictx import __version__
from musictx.cli import judge, learn, passages, play, redo, runs
from musictx.cli.command import Command, HelpFormatter, Parser
from musictx.errors import MusictxError

USER_ERROR, INTERRUPTED = 2, 130  # exit codes; argparse uses 2 as well

COMMANDS: dict[str, Command] = {
    "generate": play.GENERATE,
    "render": play.RENDER,
    "redo": redo.REDO,
    "checkpoints": play.CHECKPOINTS,
    "prepare": learn.PREPARE,
    "train": learn.TRAIN,
    "evaluate": judge.EVALUATE,
    "index": passages.INDEX,
    "shared": passages.SHARED,
    "runs": runs.RUNS,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's greetings are no news to a musician
    try:
        options = build_parser(words[0] if words else "").parse_args(words)
        COMMANDS[options.command].run(options)
    except MusictxError as error:
        print(f"musictx: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains as it ends
        return 0
    except OSError as error:  # a disk that is full, a file that may not be read: nothing that a trace would mend
        place = f"{error.filename}: " if error.filename else ""
        print(f"musictx: {place}{error.strerror or error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("musictx: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def build_parser(chosen: str) -> argparse.ArgumentParser:
    """A parser that knows all commands by name and the arguments of the `chosen` one."""
    parser = Parser(prog="musictx", description="A piano co-writer: continues a seed MIDI.")
    parser.add_argument("--version", action="version", version=f"musictx {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            formatter_class=HelpFormatter,
        )
        if name == chosen:
            command.add_arguments(own)
    return parser
