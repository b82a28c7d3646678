"""SoundFont files: what is written is read, and damage is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.audio.sf2 import Preset, StereoSample, Zone, read_facts, write_sf2
from musictx.audio.soundfont import SoundFont, bundled_soundfont
from musictx.errors import AudioError
from tests.audio.fonts import RATE_HZ, tone, write_tones


def test_a_written_font_tells_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "font.sf2"
    texts = {"INAM": "Odd name", "IENG": "Ann", "ICOP": "CC0"}
    write_sf2(path, [StereoSample("a", tone(60, 0.1), 60)], [Zone(0, (0, 127), (0, 127), 1.0)], RATE_HZ, texts)
    facts = read_facts(path)
    assert (facts.name, facts.author, facts.copyright) == ("Odd name", "Ann", "CC0")
    assert facts.presets == (Preset(0, 0, "Odd name"),)
    assert facts.stereo


def test_the_same_font_is_written_byte_for_byte(tmp_path: Path) -> None:
    first, second = (write_tones(tmp_path / name).path.read_bytes() for name in ("a.sf2", "b.sf2"))
    assert first == second


def test_a_general_midi_font_offers_its_grand_piano() -> None:
    path = bundled_soundfont()
    assert path is not None
    facts = read_facts(path)
    assert len(facts.presets) > 100
    assert (facts.piano.bank, facts.piano.program) == (0, 0)
    assert not facts.stereo


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_truncated_font_is_refused(tones: SoundFont, data: st.DataObject) -> None:
    content = tones.path.read_bytes()
    cut = tones.path.with_name("cut.sf2")
    cut.write_bytes(content[: data.draw(st.integers(0, 400) | st.integers(0, len(content) - 1))])
    with pytest.raises(AudioError, match=r"cut\.sf2 is not a usable SoundFont"):
        read_facts(cut)


@settings(max_examples=80, deadline=None)
@given(st.binary(min_size=1, max_size=64), st.integers(0, 700))
def test_a_scribbled_font_is_read_or_refused_but_never_crashes(tones: SoundFont, scribble: bytes, at: int) -> None:
    content = bytearray(tones.path.read_bytes())
    # From the end too, where the tables lie.
    place = at if at < 350 else len(content) - at + 350 - len(scribble)
    content[place : place + len(scribble)] = scribble
    path = tones.path.with_name("scribbled.sf2")
    path.write_bytes(content)
    try:
        assert read_facts(path).presets
    except AudioError as error:
        assert "Download it again" in str(error)
