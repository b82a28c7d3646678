"""runs: what the Train tab does, from the command line."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictx.cli.command import Bar, Command, HelpFormatter, print_json, read_whole
from musictx.errors import TrainingError

if TYPE_CHECKING:
    from musictx.workshop.runs.store import RunStore
    from musictx.workshop.runs.view import RunView
    from musictx.workshop.workshop import Workshop

WATCH_S = 1.0  # between two looks at a run that is waited for
PROJECT = Path(__file__).resolve().parents[2]


def _runs_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    texts = {
        "list": "every run, newest first",
        "show": "one run: where it stands, what the curves say, its samples",
        "start": "a dataset of MIDI files, zips and folders, and a run on it",
        "stop": "ask a run to save and stop",
        "resume": "go on from the last saved state",
        "delete": "remove a run's folder",
    }
    for name, text in texts.items():
        action = actions.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", formatter_class=HelpFormatter
        )
        action.add_argument("--folder", type=Path, help="of the runs (default: those of the page)")
        if name in ("list", "show"):
            action.add_argument("--json", action="store_true", help="print as JSON")
        if name == "start":
            action.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="of .mid and .zip files, folders")
            action.add_argument("--settings", type=Path, help="file saved in the Train tab (default: what fits)")
            action.add_argument("--name", default="", help="of the run, up to 60 characters")
        elif name != "list":
            action.add_argument("run", help="id of the run, or its folder")
        if name in ("start", "resume"):
            action.add_argument("--wait", action="store_true", help="until it has ended; Ctrl-C leaves it at work")
        if name == "resume":
            action.add_argument("--more-steps", type=read_whole, default=0, help="lengthens the run by so many")


def _runs(options: argparse.Namespace) -> None:
    from musictx.workshop.policy import WorkshopLimits
    from musictx.workshop.runs.store import RunStore
    from musictx.workshop.workshop import open_workshop

    workshop = open_workshop(PROJECT)
    folder, run = options.folder or workshop.folder / "runs", getattr(options, "run", "")
    if (Path(run) / "run.json").is_file():
        folder, run = Path(run).resolve().parent, Path(run).resolve().name
    store = RunStore(folder, WorkshopLimits())
    if options.action == "list":
        _list(store, options.json)
    elif options.action == "show":
        _show(store, run, options.json)
    elif options.action == "start":
        _start(workshop, options)
    elif options.action == "resume":
        store.resume("", run, options.more_steps)
        _after_start(store, run, options.wait)
    elif options.action == "stop":
        store.stop("", run)
        print(f"{run} was asked to save and stop")
    else:
        store.delete("", run)
        print(f"{run} is deleted")


def _list(store: RunStore, as_json: bool) -> None:
    views = store.runs("")
    if as_json:
        print_json([_facts(view) for view in views])
        return
    for view in views:
        print(f"{view.run_id:40} {_status(view):24} {_nll(view)}")
    if not views:
        print(f"no runs in {store.folder}")


def _show(store: RunStore, run: str, as_json: bool) -> None:
    from musictx.workshop.runs.reader import view_run

    view = view_run(store.find("", run))
    if as_json:
        print_json(dataclasses.asdict(view))
        return
    print(f"{view.settings.name}: {_status(view)}\n{_nll(view)}")
    if view.eta_s is not None:
        print(f"about {view.eta_s / 60:.0f} minutes left, {view.tokens_per_second:,.0f} tokens a second")
    for sentence in (view.error, *view.advice, view.memorised):
        if sentence:
            print(sentence)
    for sample in view.samples:
        print(f"sample of step {sample.step}: {sample.midi}")
    print(f"log: {view.log}")


def _start(workshop: Workshop, options: argparse.Namespace) -> None:
    from musictx.workshop.runs.settings import RunSettings

    if options.folder:
        raise TrainingError("A run is started among those of the page: leave --folder out, or set MUSICTX_WORKSHOP.")
    asked = RunSettings.from_json(_text(options.settings)) if options.settings else None
    named = dataclasses.replace(asked or RunSettings(), **({"name": options.name} if options.name else {}))
    if asked:  # before hours of music are read
        workshop.check_settings("", named)
    with Bar("reading", "file") as bar:
        report = workshop.take_in("", options.paths, options.name, bar)
    for row in report.rows:
        if row.reason:
            print(f"{row.file}: {row.verdict}. {row.reason}")
    print(
        f"{report.training_pieces} pieces ({report.training_minutes:.1f} minutes) to train on, "
        f"{report.validation_pieces} ({report.validation_minutes:.1f}) held out. {report.expectation}"
    )
    settings = asked or workshop.defaults("", report.dataset_id)
    if options.name:
        settings = dataclasses.replace(settings, name=options.name)
    run_id = workshop.start("", report.dataset_id, settings)
    _after_start(workshop.store, run_id, options.wait)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read ({error}). Give a file saved in the Train tab.") from error


def _after_start(store: RunStore, run: str, wait: bool) -> None:
    from musictx.workshop.runs.reader import view_run

    folder = store.find("", run)
    print(f"{run} is {_status(view_run(folder))}; look with: python -m musictx runs show {run}")
    if not wait:
        return
    with Bar("training", "step") as bar:
        while (view := view_run(folder)).live:
            bar(view.step, view.steps)
            bar.say(_nll(view))
            time.sleep(WATCH_S)
    print(f"{_status(view)}\n{_nll(view)}")
    if view.status == "failed":
        raise TrainingError(view.error)


def _status(view: RunView) -> str:
    if view.status == "queued":
        return f"queued, place {view.queue_place}"
    return f"{view.status}, step {view.step} of {view.steps}"


def _nll(view: RunView) -> str:
    parts = [
        f"{title} {value:.3f}"
        for title, value in (("validation NLL before", view.nll_before), ("best", view.nll_best))
        if value is not None
    ]
    return ", ".join(parts) or "no validation NLL yet"


def _facts(view: RunView) -> dict[str, Any]:
    names = ("run_id", "status", "queue_place", "step", "steps", "nll_before", "nll_best", "best_step", "error")
    return {"name": view.settings.name, **{name: getattr(view, name) for name in names}}


RUNS = Command("list, show, start, stop, resume or delete training runs", _runs_arguments, _runs)
