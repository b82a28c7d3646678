"""Finding the library: the bundled copy, the dead package, and leaving no trace."""

from __future__ import annotations

import ctypes.util
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from musictx.audio import library
from musictx.errors import AudioError


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As if the binding had not been imported yet."""
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    yield monkeypatch


def nothing_found(_: str) -> None:
    """A machine without the library."""


def test_a_synthesiser_is_there_and_says_its_version() -> None:
    name, version = library.synthesiser_name().split()
    assert name in ("FluidSynth", "TinySoundFont")
    assert int(version.split(".")[0]) >= (2 if name == "FluidSynth" else 0)


@pytest.mark.skipif(sys.platform == "win32", reason="pygame-ce's wheel for Windows carries no FluidSynth")
def test_the_bundled_library_is_used_where_the_system_has_none(fresh: pytest.MonkeyPatch) -> None:
    fresh.delitem(sys.modules, "pygame", raising=False)
    fresh.setattr(ctypes.util, "find_library", nothing_found)
    bundled = library.bundled_library()
    assert bundled is not None and bundled.is_file()
    module = library.load_fluidsynth()
    assert module.lib == str(bundled)
    assert ctypes.util.find_library is nothing_found  # put back
    assert "pygame" not in sys.modules


@pytest.mark.skipif(sys.platform == "win32", reason="pygame-ce's wheel for Windows carries no FluidSynth")
def test_the_systems_library_comes_first(fresh: pytest.MonkeyPatch) -> None:
    systems = str(library.bundled_library())  # stands for one that the system would name
    asked: list[str] = []

    def system_finder(name: str) -> str:
        asked.append(name)
        return systems

    fresh.setattr(ctypes.util, "find_library", system_finder)
    fresh.setattr(library, "bundled_library", lambda: pytest.fail("not to be looked for"))
    library.load_fluidsynth()
    assert asked


def test_without_any_library_the_remedy_is_named_and_the_finder_put_back(fresh: pytest.MonkeyPatch) -> None:
    fresh.setattr(ctypes.util, "find_library", nothing_found)
    fresh.setattr(library, "bundled_library", lambda: None)
    fresh.delenv("HOMEBREW_PREFIX", raising=False)
    fresh.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(AudioError, match="libfluidsynth3.*brew install fluid-synth.*tinysoundfont"):
        library.load_synthesiser()
    assert ctypes.util.find_library is nothing_found


def test_a_library_that_cannot_be_loaded_is_named(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "libfluidsynth.so"
    broken.write_bytes(b"not a library")
    fresh.setattr(ctypes.util, "find_library", nothing_found)
    fresh.setattr(library, "bundled_library", lambda: broken)
    with pytest.raises(AudioError, match="could not be loaded"):
        library.load_fluidsynth()


def test_the_dead_package_is_called_by_its_name(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dead = tmp_path / "fluidsynth"
    dead.mkdir()
    (dead / "__init__.py").write_text("")
    fresh.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    with pytest.raises(AudioError, match="pip uninstall fluidsynth.*pyfluidsynth"):
        library.load_fluidsynth()


def test_a_missing_binding_is_named(fresh: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name == "fluidsynth" else real(name)

    fresh.setattr(importlib.util, "find_spec", find_spec)
    with pytest.raises(AudioError, match=r"\(pyfluidsynth\) is not installed"):
        library.load_fluidsynth()


def test_importing_the_binding_prints_nothing(fresh: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """It prints where it found the library if $CI is set, which would spoil `--json`."""
    fresh.setenv("CI", "true")
    library.load_fluidsynth()
    assert capfd.readouterr() == ("", "")
