"""prepare, train: from a corpus to a checkpoint."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import math
import signal
import threading
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictx.cli.command import Bar, Command
from musictx.errors import TrainingError

if TYPE_CHECKING:
    from musictx.training.train import Report


def _prepare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, help="a zip or folder of MIDI files, with or without a metadata.csv")
    parser.add_argument(
        "--out", type=Path, required=True, default=argparse.SUPPRESS, help="folder for the prepared corpus"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that read files")


def _prepare(options: argparse.Namespace) -> None:
    from musictx.training.prepare import prepare

    with Bar("preparing", "file") as bar:
        done = prepare(options.source, options.out, options.workers, bar)
    print(
        f"{done.folder}: {done.pieces:,} pieces, {done.tokens:,} tokens, {done.notes:,} notes, "
        f"{done.seconds / 3600:.1f} hours; {len(done.left_out)} files left out"
    )
    for name, reason in done.left_out[:10]:
        print(f"  {name}: {reason}")


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    """The run's folder, and a flag for every field of TrainingConfig."""
    from musictx.training.config import TrainingConfig

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = inspect.getdoc(TrainingConfig)
    parser.add_argument("folder", type=Path, nargs="?", help="of the run: its state, figures and checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last saved state")
    parser.add_argument("--run", type=Path, help="a run laid out by the Train tab or `runs start`: waits its turn")
    parser.add_argument("--measure", action="store_true", help="with --run: only times a few steps")
    kinds = typing.get_type_hints(TrainingConfig)
    for field in dataclasses.fields(TrainingConfig):
        nargs, convert = _reading_of(kinds[field.name])
        # Absent flags stay out of the result: a resumed run then keeps what it was started with.
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            nargs=nargs,
            type=convert,
            default=argparse.SUPPRESS,
            metavar="TOKENS:SHARE" if field.name == "lengths" else field.name.upper(),
            help=f"default: {field.default!r}".replace("%", "%%"),
        )


def _reading_of(kind: Any) -> tuple[str | None, Callable[[str], Any]]:
    """argparse's `nargs` and `type` for a field's type."""
    if typing.get_origin(kind) is tuple:
        inner = typing.get_args(kind)[0]
        return "+", _length if typing.get_origin(inner) is tuple else inner
    return None, kind if kind in (int, float, str) else float


def _length(text: str) -> tuple[int, float]:
    """'512:0.6' or '2048' as (window length, share of the steps at which it ends)."""
    tokens, _, share = text.partition(":")
    return int(tokens), float(share or 1)


def _train(options: argparse.Namespace) -> None:
    from musictx.training.allocator import keep_freed_memory

    keep_freed_memory()
    if options.run:
        from musictx.cli.runs import work_on

        work_on(options.run, options.measure)
        return
    from musictx.training.config import TrainingConfig
    from musictx.training.runs import RunFolder
    from musictx.workshop.child import recorded
    from musictx.workshop.process import clear_request, stop_asked

    if options.folder is None:
        raise TrainingError("Give the folder of the run: python -m musictx train runs/mine --data data/mine")
    own = ("command", "folder", "resume", "run", "measure")
    given = {name: value for name, value in vars(options).items() if name not in own}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    started = RunFolder(options.folder)
    config = TrainingConfig.from_dict(started.read_config()) if options.resume else TrainingConfig()
    config = dataclasses.replace(config, **given)
    if not config.data:
        raise TrainingError("Give at least one prepared corpus: --data FOLDER (made with: python -m musictx prepare).")
    if not options.resume:
        started.check_vacant()
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
    print(f"{run.best} is the best checkpoint by validation, {run.last} the last; go on with --resume")


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
