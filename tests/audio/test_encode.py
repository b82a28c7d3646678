"""write_audio: each format read back, in blocks, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from musictx.audio.encode import FORMATS, convert_audio, write_audio
from musictx.config import AUDIO_FORMATS
from musictx.errors import AudioError

RATE_HZ = 44100


def chord(length_s: float) -> npt.NDArray[np.float32]:
    """Two tones on the left, one on the right."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    low, high = np.sin(2 * np.pi * 220 * time_s), np.sin(2 * np.pi * 880 * time_s)
    return np.stack([0.4 * low + 0.3 * high, 0.6 * low], axis=1).astype(np.float32)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    samples = chord(2.7)
    path = write_audio(samples, tmp_path / "new" / f"take{suffix.upper()}", RATE_HZ)
    heard, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == RATE_HZ
    assert abs(len(heard) - len(samples)) <= 2400  # an MP3 frame or two of padding; the others are exact
    lag = int(np.argmax(np.correlate(heard[4000:12000, 0], samples[4000:8000, 0], "valid"))) if suffix == ".mp3" else 0
    size = min(len(samples), len(heard) - lag) - 4000
    difference = heard[lag : lag + size] - samples[:size]
    bound_db = {".wav": -90, ".flac": -90, ".mp3": -30, ".ogg": -30}[suffix]
    assert 10 * np.log10(np.mean(difference[2000:] ** 2)) < bound_db
    if suffix in (".wav", ".flac"):
        assert len(heard) == len(samples)


def test_a_long_ogg_does_not_crash(tmp_path: Path) -> None:
    """One write of a minute ends the process in libsndfile; blocks do not."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (60 * RATE_HZ, 2)).astype(np.float32)
    path = write_audio(noise, tmp_path / "long.ogg", RATE_HZ)
    assert soundfile.info(path).duration == pytest.approx(60, abs=0.1)


def test_compressed_files_are_smaller(tmp_path: Path) -> None:
    sizes = {suffix: write_audio(chord(5), tmp_path / f"a{suffix}", RATE_HZ).stat().st_size for suffix in FORMATS}
    assert sizes[".ogg"] < sizes[".wav"] / 5 and sizes[".mp3"] < sizes[".wav"] / 5
    assert sizes[".flac"] < sizes[".wav"]


@pytest.mark.parametrize("name", ["take.aac", "take", "take.mid"])
def test_unknown_formats_are_told_what_works(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioError, match=r"\.wav, \.flac, \.mp3, \.ogg\. Received: '" + name):
        write_audio(chord(0.1), tmp_path / name, RATE_HZ)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    old = write_audio(chord(0.1), tmp_path / "take.mp3", RATE_HZ)
    before = old.read_bytes()
    with pytest.raises(AudioError, match=r"take\.mp3 could not be written"):
        write_audio(chord(0.1), old, 96000)  # MP3 knows no such rate
    assert old.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["take.mp3"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AudioError, match="could not be written"):
        write_audio(chord(0.1), tmp_path / "file" / "take.wav", RATE_HZ)


def test_flac_becomes_wav_bit_by_bit(tmp_path: Path) -> None:
    samples = chord(2.3)
    flac = write_audio(samples, tmp_path / "take.flac", RATE_HZ)
    wav = convert_audio(flac, tmp_path / "again.wav")
    assert np.array_equal(soundfile.read(wav, dtype="int16")[0], soundfile.read(flac, dtype="int16")[0])
    mp3, rate_hz = soundfile.read(convert_audio(flac, tmp_path / "again.mp3"))
    assert rate_hz == RATE_HZ and abs(len(mp3) - len(samples)) <= 2400


def test_what_is_no_sound_is_not_converted(tmp_path: Path) -> None:
    (tmp_path / "take.flac").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"take\.flac could not be read"):
        convert_audio(tmp_path / "take.flac", tmp_path / "take.wav")
    assert not (tmp_path / "take.wav").exists()


def test_every_format_that_is_offered_can_be_written() -> None:
    assert [f".{name}" for name in AUDIO_FORMATS] == list(FORMATS)
