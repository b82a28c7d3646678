"""Which pianos this machine has: SoundFont files, with their licence and credit."""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from musictx.audio import sf2
from musictx.errors import AudioError

SUFFIXES = (".sf2", ".sf3")
SALAMANDER_FILE = "salamander-grand.sf2"  # what `make soundfont` puts into the cache
UNKNOWN_LICENCE = "licence: see its author"

# Fonts people are likely to have, by a word in their file name or title: (name, licence, credit).
KNOWN: dict[str, tuple[str, str, str]] = {
    "salamander": ("Salamander Grand", "CC BY 3.0", "Salamander Grand Piano V3 by Alexander Holm"),
    "fluidr3": ("Fluid R3", "MIT", "Fluid R3 by Frank Wen"),
    "musescoregeneral": ("MuseScore General", "MIT", "MuseScore General by S. Christian Collins, after Frank Wen"),
    "generaluser": ("GeneralUser GS", "GeneralUser GS licence", "GeneralUser GS by S. Christian Collins"),
    "timgm6mb": ("TimGM6mb", "GPL-2.0", "TimGM6mb by Tim Brechbill"),
}


@dataclass(frozen=True)
class SoundFont:
    """A font that `render` can play.

    name: short and unique among those found; licence: of its samples; credit: the line
    to show wherever it sounds, empty if unknown; stereo: whether its samples are;
    bank and program: where its piano is.
    """

    name: str
    path: Path
    licence: str
    credit: str
    stereo: bool
    bank: int = 0
    program: int = 0


def read_soundfont(path: Path) -> SoundFont:
    """What the file at `path` is; AudioError with the remedy if it is missing or damaged."""
    if path.suffix.lower() not in SUFFIXES:
        raise AudioError(f"A SoundFont is a file ending in .sf2 or .sf3. Received: {path.name}")
    facts = sf2.read_facts(path)
    word = _known_word(f"{path.stem} {facts.name}")
    name, licence, credit = KNOWN[word] if word else (facts.name or path.stem, UNKNOWN_LICENCE, facts.author)
    return SoundFont(name, path, licence, credit, facts.stereo, facts.piano.bank, facts.piano.program)


def find_soundfonts(folders: Sequence[Path], cache: Path) -> list[SoundFont]:
    """All usable fonts, best first.

    Order: the Salamander grand built into `cache`; those in `folders` (the user's own
    choice, alphabetically); the system's; the small one inside pretty_midi's wheel. A
    damaged file is left out and named in a warning to the log. The list may be empty.
    """
    found: list[SoundFont] = []
    seen: set[tuple[str, int]] = set()
    for path in _candidates(folders, cache):
        identity = (path.resolve().name, path.stat().st_size)  # links and copies are listed once
        if identity in seen:
            continue
        seen.add(identity)
        try:
            found.append(_renamed(read_soundfont(path), {font.name for font in found}))
        except AudioError as error:
            logging.getLogger(__name__).warning("%s", error)
    return found


def best_soundfont(fonts: Sequence[SoundFont]) -> SoundFont:
    """The first of `fonts`; AudioError with the remedy if there is none."""
    if not fonts:
        raise AudioError(
            "No SoundFont was found. Put a .sf2 or .sf3 file into assets/soundfonts, or run `make soundfont` "
            "to build the Salamander grand piano."
        )
    return fonts[0]


def system_folders() -> tuple[Path, ...]:
    """Where the platform's packages and users keep SoundFonts."""
    if sys.platform == "win32":
        return (Path("C:/soundfonts"), Path.home() / "SoundFonts")
    if sys.platform == "darwin":
        banks = Path("Library/Audio/Sounds/Banks")
        return (Path.home() / banks, Path("/") / banks, Path("/opt/homebrew/share/soundfonts"))
    shared = (Path(root) / "share" for root in ("/usr", "/usr/local", Path.home() / ".local"))
    return tuple(share / name for share in shared for name in ("sounds/sf2", "sounds/sf3", "soundfonts"))


def bundled_soundfont() -> Path | None:
    """TimGM6mb inside pretty_midi's wheel, found without importing it; None if it is not there."""
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    return None


def _candidates(folders: Sequence[Path], cache: Path) -> Iterator[Path]:
    if (cache / SALAMANDER_FILE).is_file():
        yield cache / SALAMANDER_FILE
    for folder in folders:
        yield from _fonts_in(folder)
    # Fonts we know to hold a decent piano come before the system's others.
    ranks = [*KNOWN, None]
    system = [path for folder in system_folders() for path in _fonts_in(folder)]
    yield from sorted(system, key=lambda path: ranks.index(_known_word(path.stem)))
    bundled = bundled_soundfont()
    if bundled is not None:
        yield bundled


def _fonts_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())


def _known_word(text: str) -> str | None:
    """The word of KNOWN that `text` (a file name or title) contains, whatever its spaces and dashes."""
    letters = re.sub(r"[^a-z0-9]", "", text.lower())
    return next((word for word in KNOWN if word in letters), None)


def _renamed(font: SoundFont, taken: set[str]) -> SoundFont:
    """`font` under a name not yet taken: fonts are picked by name."""
    if font.name not in taken:
        return font
    names = [f"{font.name} ({font.path.name})", *(f"{font.name} ({number})" for number in range(2, 1000))]
    return replace(font, name=next(name for name in names if name not in taken))
