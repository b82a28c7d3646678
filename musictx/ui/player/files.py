"""The files of a take as the page offers them: names that every system takes, words, addresses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData

from musictx.ui import text

FORMATS = {"mid": "MIDI", "continuation": "Continuation only", "wav": "WAV", "mp3": "MP3", "flac": "FLAC"}
HINTS = {
    "mid": "Notes of seed and continuation, for your DAW or notation program",
    "continuation": "MIDI of the new notes alone, from the join on",
    "wav": "Uncompressed sound",
    "mp3": "Small, plays everywhere",
    "flac": "Compressed without loss",
    "zip": "Every take in every format",
}
JOINER = "\N{ZERO WIDTH JOINER}"  # of emoji
SKIN_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
KEPT_MARKS = "_'’‘‚“”„«»‹›" + JOINER + SKIN_TONES
LONGEST_NAME_BYTES = 120  # of 255 that a file system takes, and 200 that Gradio does: the rest is for take and number


@dataclass(frozen=True)
class TakeFiles:
    """What has been written of one take so far: format -> path."""

    paths: dict[str, Path] = field(default_factory=dict)
    problem: str = ""


def files_value(written: TakeFiles) -> dict[str, Any]:
    """What can be played and taken away of a take so far."""
    return {
        "audio": file_data(written.paths.get("flac")),
        "files": [file_entry(suffix, written.paths.get(suffix)) for suffix in FORMATS],
        "files_problem": written.problem,
    }


def file_data(path: Path | None) -> dict[str, Any] | None:
    """A file that Gradio copies into its cache and gives an address."""
    return FileData(path=str(path), orig_name=path.name).model_dump() if path else None


def file_entry(suffix: str, path: Path | None) -> dict[str, Any]:
    """One download: its button's words, and the file once there is one."""
    label = FORMATS.get(suffix, "All takes")
    size = f" · {text.file_size(path.stat().st_size)}" if path and path.exists() else ""
    return {"label": label, "hint": HINTS[suffix] + size, "name": path.name if path else "", "data": file_data(path)}


def safe_name(name: str) -> str:
    """A file name made of a seed's or a run's name, which every file system, header and browser leaves as it is.

    Letters of all scripts, digits, quotes and emoji stay; what is no part of a name on one of them becomes a dash.
    Double quotes become typographic ones, since Windows and browsers allow no others.
    """
    whole = unicodedata.normalize("NFC", name.lower())
    quoted = re.sub(r'(?<=\S)"', "”", whole).replace('"', "“")
    kept = "".join(letter if _stays(letter) else "-" for letter in quoted)
    return _shortened("-".join(part for part in kept.split("-") if part), LONGEST_NAME_BYTES) or "musictx"


def _stays(letter: str) -> bool:
    return letter in KEPT_MARKS or unicodedata.category(letter)[0] in "LMN" or unicodedata.category(letter) == "So"


def _shortened(name: str, most_bytes: int) -> str:
    """The beginning of `name`, cut between whole characters: file systems count bytes."""
    while len(name.encode()) > most_bytes:
        name = name[:-1]
    return name.strip("-" + JOINER)
