"""A font's piano as one small file for the browser."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from musictx.audio import samples as packs
from musictx.audio.samples import SamplePacks, write_pack
from musictx.audio.soundfont import SoundFont
from musictx.errors import AudioError
from tests.audio.fonts import level_db, pitch_cents, write_tones


def unpacked(pack: bytes) -> tuple[dict[str, Any], Any]:
    """Index and samples, (frames, 2) from the pack's zero on, as the browser finds it: by the click."""
    end = 4 + int.from_bytes(pack[:4], "big")
    index = json.loads(pack[4:end])
    decoded, rate_hz = soundfile.read(io.BytesIO(pack[end:]), dtype="float32")
    assert rate_hz == 44_100
    zero = int(np.argmax(np.abs(decoded[: round(0.3 * rate_hz), 0]))) - round(index["sync_s"] * rate_hz)
    assert abs(zero) < 0.1 * rate_hz
    return index, decoded[max(0, zero) :]


@pytest.fixture(scope="module")
def pack(tones: SoundFont) -> bytes:
    """Of the font of tones."""
    return write_pack(tones)


def test_each_sample_lies_where_the_index_says_and_has_its_pitch(pack: bytes) -> None:
    index, decoded = unpacked(pack)
    placed = {(pitch, velocity): (start_s, length_s) for pitch, velocity, start_s, length_s in index["samples"]}
    assert {pitch for pitch, _ in placed} == set(range(21, 109, 3)) and len(placed) == 60
    assert len(pack) < 3 * 2**20
    for pitch in (57, 63, 69, 72):
        start_s, length_s = placed[pitch, 92]
        assert level_db(decoded, start_s - 0.2, start_s - 0.02) < -60 < -40 < level_db(decoded, start_s, start_s + 0.5)
        part = decoded[round(start_s * 44100) : round((start_s + length_s - 0.3) * 44100)]
        assert abs(pitch_cents(part, pitch)) < 3


def test_the_louder_layer_is_louder_and_a_key_without_a_sound_is_silent(pack: bytes) -> None:
    index, decoded = unpacked(pack)
    starts = {(pitch, velocity): start_s for pitch, velocity, start_s, _ in index["samples"]}
    level = {key: level_db(decoded, starts[key], starts[key] + 0.5) for key in ((60, 46), (60, 92), (21, 92))}
    assert level[60, 92] - level[60, 46] == pytest.approx(40 * np.log10(92 / 46), abs=1.5)
    assert level[21, 92] < -70


def test_a_pack_is_made_once_and_known_by_what_the_font_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def write(font: SoundFont) -> bytes:
        made.append(font.path)
        return b"pack"

    monkeypatch.setattr(packs, "write_pack", write)
    kept = SamplePacks(tmp_path / "packs")
    first = kept.path(write_tones(tmp_path / "one.sf2"))
    assert kept.path(write_tones(tmp_path / "one.sf2")) == first and len(made) == 1
    assert SamplePacks(tmp_path / "packs").path(write_tones(tmp_path / "copy.sf2")) == first and len(made) == 1
    other = kept.path(write_tones(tmp_path / "one.sf2", release_s=0.9))
    assert other != first and len(made) == 2
    for number in range(packs.MOST_KEPT + 2):
        kept.path(write_tones(tmp_path / "more.sf2", title=f"Tones {number}"))
    assert len(list((tmp_path / "packs").iterdir())) == packs.MOST_KEPT and not first.exists()


def test_a_font_that_cannot_be_played_leaves_no_pack(tmp_path: Path) -> None:
    font = write_tones(tmp_path / "tones.sf2")
    font.path.write_bytes(font.path.read_bytes()[:200])
    with pytest.raises(AudioError):
        SamplePacks(tmp_path / "packs").path(font)
    assert not list((tmp_path / "packs").glob("*.samples"))
