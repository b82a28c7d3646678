"""What a command of the command line is made of, and what several of them share."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from musictx.errors import SettingsError


@dataclass(frozen=True)
class Command:
    """summary: one line for the list of commands. add_arguments: fills the command's parser when
    it is the one called. run: does it, with the parsed arguments."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


class Parser(argparse.ArgumentParser):
    """A parser that answers what it cannot read with one line, instead of all options and then the line."""

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(2, f"{self.prog}: {message}. See: {self.prog} --help\n")


def read_whole(text: str) -> int:
    """A whole number, for an option's `type`."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a whole number, not {text!r}") from None


def read_number(text: str) -> float:
    """A number, for an option's `type`."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give a number, not {text!r}") from None


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Help that says a default as it would be typed, and none where there is nothing to type."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        words, default = action.help or "", action.default
        if default is argparse.SUPPRESS or default is None or default is False or default in ("", [], ()):
            return words
        return f"{words} (default: {typed(default)})".replace("%", "%%")


def typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list | tuple):
        return " ".join(map(typed, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


LINE_EVERY_S = 60.0  # in a log


class Bar:
    """Progress on stderr of work that reports (done, in all): a bar in a terminal, elsewhere a line a minute."""

    def __init__(self, title: str, unit: str) -> None:
        from tqdm import tqdm

        self._title = title
        self._bar = tqdm(desc=title, unit=unit, disable=None, leave=False)
        self._said = time.monotonic()

    def __call__(self, done: float, total: float) -> None:
        """Shows that `done` of `total` is done."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)
        if self._bar.disable and time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            print(f"{self._title}: {done / max(total, 1e-9):.0%}", file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Shows `text` behind the bar."""
        self._bar.set_postfix_str(text)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def check_folder(option: str, folder: Path) -> None:
    """Raises SettingsError for a folder that nothing can be written into, before the work that is to go there."""
    nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        why = "is no folder" if not nearest.is_dir() else "cannot be written to"
        raise SettingsError(f"{option} {folder}: {nearest} {why}. Give another folder.")


def print_json(values: Any) -> None:
    """One JSON document on stdout, for other programs."""
    print(json.dumps(values, indent=2, ensure_ascii=False, default=str))
