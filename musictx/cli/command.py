"""What a command of the command line is made of, and what several of them share."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from musictx.errors import SettingsError


@dataclass(frozen=True)
class Command:
    """summary: one line for the list of commands. add_arguments: fills the command's parser when
    it is the one called. run: does it, with the parsed arguments.
    """

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


def writable_folder(folder: Path, option: str = "--out") -> Path:
    """Says before any work begins if nothing can be written into `folder`; makes nothing yet.

    Raises:
        SettingsError: if it, or what it would lie in, is a file or not to be written in.
    """
    try:
        there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
        if not there.is_dir():
            raise SettingsError(f"{option}: {there} is no folder. Give another place.")
        with tempfile.TemporaryFile(dir=there):
            pass
    except SettingsError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"{option}: {folder} cannot be written to ({reason}). Give another place.") from error
    return folder


def writable_file(path: Path, option: str = "--out") -> Path:
    """The same for a file; one of that name may be replaced.

    Raises:
        SettingsError: if it is a folder, or cannot be written.
    """
    if path.is_dir():
        raise SettingsError(f"{option} {path} is a folder. Give the name of a file.")
    if path.exists() and not os.access(path, os.W_OK):
        raise SettingsError(f"{option} {path} cannot be written to. Give another file.")
    writable_folder(path.parent, option)
    return path


def print_json(values: Any) -> None:
    """One JSON document on stdout, for other programs."""
    print(json.dumps(values, indent=2, ensure_ascii=False, default=str))
