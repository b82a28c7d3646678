"""Which fonts are found, in which order, under which names."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from musictx.audio import soundfont
from musictx.audio.soundfont import (
    SALAMANDER_FILE,
    UNKNOWN_LICENCE,
    best_soundfont,
    find_soundfonts,
    read_soundfont,
)
from musictx.errors import AudioError
from musictx.files import cache_folder
from tests.audio.fonts import write_tones


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a cache, a folder of the user's, and a system folder."""
    for name in ("cache", "own", "system"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(soundfont, "system_folders", lambda: (tmp_path / "system", tmp_path / "absent"))
    return tmp_path


def names(house: Path) -> list[str]:
    """Of what is found there, best first."""
    return [font.name for font in find_soundfonts([house / "own", house / "none"], house / "cache")]


def test_the_built_piano_comes_first_and_the_wheels_last(house: Path) -> None:
    write_tones(house / "system" / "aaa.sf2", "Aardvark")
    write_tones(house / "system" / "FluidR3_GM.sf2", "Fluid R3 GM")
    write_tones(house / "own" / "b.sf3", "Bechstein")
    write_tones(house / "own" / "A.SF2", "Argyle")
    write_tones(house / "cache" / SALAMANDER_FILE, "Salamander Grand")
    assert names(house) == ["Salamander Grand", "Argyle", "Bechstein", "Fluid R3", "Aardvark", "TimGM6mb"]


def test_known_fonts_carry_licence_and_credit(house: Path) -> None:
    salamander = write_tones(house / "cache" / SALAMANDER_FILE, "Salamander Grand")
    assert salamander.licence == "CC BY 3.0" and "Alexander Holm" in salamander.credit
    timgm = find_soundfonts([], house / "empty")[-1]
    assert timgm.licence == "GPL-2.0" and "Brechbill" in timgm.credit and not timgm.stereo


def test_unknown_fonts_say_whom_to_ask(house: Path) -> None:
    font = write_tones(house / "own" / "x.sf2", "Mystery", author="Jo")
    assert (font.name, font.licence, font.credit, font.stereo) == ("Mystery", UNKNOWN_LICENCE, "Jo", True)


def test_a_damaged_font_is_left_out_and_logged(house: Path, caplog: pytest.LogCaptureFixture) -> None:
    (house / "own" / "bad.sf2").write_bytes(b"RIFF")
    write_tones(house / "own" / "good.sf2", "Good")
    with caplog.at_level(logging.WARNING):
        assert names(house) == ["Good", "TimGM6mb"]
    assert "bad.sf2 is not a usable SoundFont" in caplog.text


def test_names_are_unique(house: Path) -> None:
    for name in ("one.sf2", "two.sf2"):
        write_tones(house / "own" / name, "Twin")
    assert names(house)[:2] == ["Twin", "Twin (two.sf2)"]


def test_a_font_reached_twice_is_listed_once(house: Path) -> None:
    font = write_tones(house / "system" / "real.sf2", "Real")
    (house / "system" / "default-GM.sf2").symlink_to(font.path)
    shutil.copy(font.path, house / "own" / "real.sf2")
    assert names(house) == ["Real", "TimGM6mb"]


def test_without_any_font_the_remedy_is_named(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfont, "bundled_soundfont", lambda: None)
    with pytest.raises(AudioError, match="assets/soundfonts.*make soundfont"):
        best_soundfont(find_soundfonts([house / "own"], house / "cache"))


@pytest.mark.parametrize(("name", "content", "message"), [
    ("piano.wav", b"", "ending in .sf2 or .sf3. Received: piano.wav"),
    ("empty.sf2", b"", "does not begin as one. Download it again"),
    ("png.sf2", b"\x89PNG\r\n\x1a\n" + bytes(100), "does not begin as one"),
    ("none.sf2", None, "cannot be read"),
])  # fmt: skip
def test_what_is_no_font_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError, match=message):
        read_soundfont(tmp_path / name)


def test_the_cache_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSICTX_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("MUSICTX_CACHE")
    assert "musictx" in str(cache_folder())
