"""prepare, train: from a corpus to a checkpoint."""

from __future__ import annotations

import argparse
import dataclasses
import math
import signal
import threading
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from musictx.cli.command import Bar, Command, read_number, read_whole, typed, writable_folder
from musictx.errors import TrainingError
from musictx.settings import check_whole

if TYPE_CHECKING:
    from musictx.training.train import Report

MOST_WORKERS = 1024
_READERS: Mapping[Any, Callable[[str], Any]] = MappingProxyType({int: read_whole, float: read_number, str: str})
SHOWN_REASONS = 10  # of files left out


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a zip or folder of MIDI files, with or without a metadata.csv")
    parser.add_argument(
        "--out", type=Path, required=True, default=argparse.SUPPRESS, help="folder for the prepared corpus"
    )
    parser.add_argument("--workers", type=read_whole, default=2, help="processes that read files")


def _prepare(options: argparse.Namespace) -> None:
    from musictx.training.prepare import prepare

    check_whole("workers", options.workers, 1, MOST_WORKERS)
    writable_folder(options.out)
    with Bar("preparing", "file") as bar:
        done = prepare(options.source, options.out, options.workers, bar)
    print(
        f"{done.folder}: {done.pieces:,} pieces ({done.training_pieces:,} for training, "
        f"{done.pieces - done.training_pieces:,} held out), {done.tokens:,} tokens, {done.notes:,} notes, "
        f"{done.seconds / 3600:.1f} hours; {len(done.left_out)} files left out"
    )
    for name, reason in done.left_out[:SHOWN_REASONS]:
        print(f"  {name}: {reason}")
    if len(done.left_out) > SHOWN_REASONS:
        print(f"  and {len(done.left_out) - SHOWN_REASONS:,} more")
    if done.others:
        kinds = ", ".join(f"{count:,} {suffix or 'without a suffix'}" for suffix, count in sorted(done.others.items()))
        print(f"  no MIDI by their names, and passed over: {kinds}")
    if not done.training_pieces:
        print("  nothing to train on: all pieces are held out. Add pieces, or a metadata.csv that says which are which")
    elif done.training_pieces == done.pieces:
        print("  nothing is held out: a training on this cannot tell which of its checkpoints is the best")


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's folder, and a flag for every field of TrainingConfig."""
    from musictx.training.config import TrainingConfig

    parser.add_argument("folder", type=Path, nargs="?", help="of the run: its state, figures and checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last saved state")
    parser.add_argument("--run", type=Path, help="a run laid out by the Train tab or `runs start`: waits its turn")
    parser.add_argument("--measure", action="store_true", help="with --run: only times a few steps")
    kinds = typing.get_type_hints(TrainingConfig)
    for field in dataclasses.fields(TrainingConfig):
        nargs, convert = _reading_of(kinds[field.name])
        # Absent flags stay out of the result, so the default is said in words: a resumed run keeps what it began with.
        value: Any = field.default
        default = " ".join(map(_typed_length, value)) if field.name == "lengths" else typed(value)
        given = f" (default: {default})" if value is not None and default else ""
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            nargs=nargs,
            type=convert,
            default=argparse.SUPPRESS,
            metavar=_metavar(field.name, kinds[field.name]),
            help=f"{field.metadata['about']}{given}".replace("%", "%%"),
        )


def _metavar(name: str, kind: Any) -> str:
    """What stands for a value in the help."""
    if name == "lengths":
        return "TOKENS[:SHARE]"
    return "on|off" if kind is bool else name.upper()


def _typed_length(length: tuple[int, float]) -> str:
    """As `_length` reads it."""
    return f"{length[0]}:{length[1]:g}" if length[1] < 1 else str(length[0])


def _reading_of(kind: Any) -> tuple[str | None, Callable[[str], Any]]:
    """argparse's `nargs` and `type` for a field's type."""
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return "+", _length if typing.get_origin(inner) is tuple else _READERS[inner]
    if kind is bool:
        return None, _switch
    return None, _READERS.get(kind, read_number)  # a field that may be None is a number where it is given


def _switch(text: str) -> bool:
    """'on' or 'off', and what else people type for it."""
    known = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    try:
        return known[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"on or off, not {text!r}") from None


def _length(text: str) -> tuple[int, float]:
    """'512:0.6' or '2048' as (window length, share of the steps at which it ends)."""
    tokens, _, share = text.partition(":")
    try:
        return int(tokens), float(share or 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"TOKENS or TOKENS:SHARE such as 512:0.6, not {text!r}") from None


def _train(options: argparse.Namespace) -> None:
    from musictx.training.allocator import keep_freed_memory

    keep_freed_memory()
    if options.run:
        from musictx.workshop.runs.job import work_on

        work_on(options.run, options.measure)
        return
    from musictx.training.config import TrainingConfig
    from musictx.training.plan import planned
    from musictx.training.runs import RunFolder
    from musictx.workshop.runs.status import clear_request, stop_asked
    from musictx.workshop.runs.worker import recorded

    if options.folder is None:
        raise TrainingError("Give the folder of the run: python -m musictx train runs/mine --data data/mine")
    own = ("command", "folder", "resume", "run", "measure")
    given = {name: value for name, value in vars(options).items() if name not in own}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    started = RunFolder(options.folder)
    config = TrainingConfig.from_dict(started.read_config()) if options.resume else TrainingConfig()
    config = dataclasses.replace(config, **given)
    if not options.resume:
        started.check_vacant()
        writable_folder(options.folder, "the run's folder")
        config = planned(config)  # `train` does it again; here it costs no second and leaves no folder
    from musictx.training.train import train  # seconds to import: after the checks

    clear_request(options.folder)
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with Bar("training", "step") as bar, recorded(options.folder, config):
            run = train(
                config,
                options.folder,
                options.resume,
                _progress_line(bar),
                lambda: stop.is_set() or stop_asked(options.folder),
            )
    finally:
        signal.signal(signal.SIGINT, before)
    best = f"{run.best} is the best checkpoint by validation, {run.last} the last"
    unknown = f"{run.last} is the last checkpoint; which is the best nobody can say, since no piece is held out"
    print(f"{best if run.best.exists() else unknown}; go on with --resume")


def _progress_line(bar: Bar) -> Callable[[Report], None]:
    """Shows a run's reports behind its bar, the last validation kept in sight."""
    validation = math.nan

    def report(now: Report) -> None:
        nonlocal validation
        if now.validation_nll is not None:
            validation = now.validation_nll
            return
        bar(now.step, now.steps)
        bar.say(f"nll {now.nll:.3f}, validation {validation:.3f}, {now.tokens_per_second:,.0f} tokens/s")

    return report


PREPARE = Command("encode a corpus of MIDI files for training", _prepare_arguments, _prepare)
TRAIN = Command("train a checkpoint on prepared corpora; Ctrl-C saves and stops", _train_arguments, _train)
