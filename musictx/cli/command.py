"""What a command of the command line is made of, and what several of them share."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """summary: one line for the list of commands. add_arguments: fills the command's parser when
    it is the one called. run: does it, with the parsed arguments."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


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


def print_json(values: Any) -> None:
    """One JSON document on stdout, for other programs."""
    print(json.dumps(values, indent=2, ensure_ascii=False, default=str))
