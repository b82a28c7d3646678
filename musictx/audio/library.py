"""Finding the synthesiser: the system's FluidSynth, else the one that comes in a wheel.

Order: the system's libfluidsynth; the copy inside the pygame-ce wheel (Linux, macOS),
so that no system package is needed; on machines with neither (Windows) tinysoundfont.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib
import importlib.util
import io
import sys
import threading
from importlib import metadata
from pathlib import Path
from types import ModuleType

from musictx.errors import AudioError

REMEDY = (
    "Run the project's set-up again (`make run`, or `pip install -r requirements.txt`), or install FluidSynth itself: "
    "Debian and Ubuntu `apt install libfluidsynth3`, macOS `brew install fluid-synth`, "
    "Windows `pip install --no-deps tinysoundfont`."
)
LOG_LEVELS = 5  # FluidSynth's panic, error, warning, info, debug

# ctypes' finder is exchanged for the length of one import; two threads must not do so at once.
_import_lock = threading.Lock()


def load_synthesiser() -> ModuleType:
    """`fluidsynth` if it can be had, else `tinysoundfont`; AudioError with the remedy if neither can."""
    try:
        return load_fluidsynth()
    except AudioError as missing:
        try:
            return importlib.import_module("tinysoundfont")
        except ImportError:
            raise missing from None


def load_fluidsynth() -> ModuleType:
    """The binding `fluidsynth` (from pyfluidsynth), with its library loaded.

    Raises:
        AudioError: if the binding or the library is missing, or if the dead package
            named `fluidsynth` stands where pyfluidsynth's module should.
    """
    with _import_lock:
        if "fluidsynth" not in sys.modules:
            _check_binding()
        module = _import_with_bundled_library()
    _silence(module)
    return module


def bundled_library() -> Path | None:
    """The libfluidsynth inside the installed pygame-ce wheel, without importing pygame; None if there is none."""
    spec = importlib.util.find_spec("pygame")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    for folder in (package.parent / "pygame_ce.libs", package / ".dylibs"):  # where Linux and macOS wheels keep theirs
        found = sorted(folder.glob("libfluidsynth*"))
        if found:
            return found[0]
    return None


def synthesiser_name() -> str:
    """What will play, such as "FluidSynth 2.5.7"; AudioError with the remedy if nothing can."""
    module = load_synthesiser()
    if module.__name__ == "tinysoundfont":
        return f"TinySoundFont {metadata.version('tinysoundfont')}"
    numbers = [ctypes.c_int() for _ in range(3)]
    module.fluid_version(*numbers)
    return "FluidSynth " + ".".join(str(number.value) for number in numbers)


def _check_binding() -> None:
    spec = importlib.util.find_spec("fluidsynth")
    if spec is not None and spec.submodule_search_locations is None:
        return  # pyfluidsynth is the single file fluidsynth.py; the dead package is a folder
    if spec is not None or _is_installed("fluidsynth"):
        raise AudioError(
            "The package installed as `fluidsynth` is a dead one that cannot play; the binding is `pyfluidsynth`. "
            "Run `pip uninstall fluidsynth`, then `pip install --force-reinstall pyfluidsynth`."
        )
    raise AudioError(f"The Python binding of FluidSynth (pyfluidsynth) is not installed. {REMEDY}")


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _import_with_bundled_library() -> ModuleType:
    """Imports the binding; where the system has no library, its search is answered with the bundled one."""
    system_finder = ctypes.util.find_library

    def finder(name: str) -> str | None:
        found = system_finder(name)
        bundled = bundled_library() if found is None and name == "fluidsynth" else None
        return found if bundled is None else str(bundled)

    ctypes.util.find_library = finder
    try:
        # Where $CI is set the binding prints what it found, which would spoil the output of `--json`.
        with contextlib.redirect_stdout(io.StringIO()):
            return importlib.import_module("fluidsynth")
    except (ImportError, OSError, AttributeError) as error:  # absent, not loadable, or some other library
        raise AudioError(f"The FluidSynth library could not be loaded ({error}). {REMEDY}") from error
    finally:
        ctypes.util.find_library = system_finder


def _silence(module: ModuleType) -> None:
    """Keeps the library from writing to stderr: what concerns the user arrives as an AudioError."""
    set_log = module.cfunc(
        "fluid_set_log_function",
        ctypes.c_void_p,
        ("level", ctypes.c_int, 1),
        ("fun", ctypes.c_void_p, 1),
        ("data", ctypes.c_void_p, 1),
    )
    for level in range(LOG_LEVELS):
        set_log(level, None, None)
