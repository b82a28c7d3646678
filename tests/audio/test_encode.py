"""write_audio: each format read back, in blocks, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def assert_same_sound(path: Path, samples: npt.NDArray[Any], least: float = 0.99) -> None:
    """`path` decodes to `samples`: both sides alike, as long, within full scale."""
    heard, _ = soundfile.read(path, always_2d=True)
    assert len(heard) == len(samples)
    for side in (0, 1):
        assert np.corrcoef(heard[:, side], samples[:, side])[0, 1] > least
    assert np.abs(heard).max() <= 1


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


@pytest.mark.parametrize("length_s", [0.01, 0.5, 2.3])
@pytest.mark.parametrize("source", FORMATS)
@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_converted_is_the_same_sound(tmp_path: Path, suffix: str, source: str, length_s: float) -> None:
    samples = chord(length_s)
    path = convert_audio(write_audio(samples, tmp_path / f"take{source}", RATE_HZ), tmp_path / f"again{suffix}")
    assert_same_sound(path, samples)


@pytest.mark.parametrize("kind", ["float32", "float64", "int16", "int32"])
@pytest.mark.parametrize("channels", [0, 1, 2])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_kind_of_samples_is_written_as_it_sounds(tmp_path: Path, suffix: str, channels: int, kind: str) -> None:
    samples = chord(1.5) if channels == 2 else chord(1.5)[:, :1]
    given = samples if kind.startswith("float") else samples * np.iinfo(kind).max
    given = given.astype(kind) if channels else given[:, 0].astype(kind)
    path = write_audio(given, tmp_path / f"take{suffix}", RATE_HZ)
    assert_same_sound(path, samples if channels == 2 else np.repeat(samples, 2, axis=1))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_files_of_other_programs_are_converted(tmp_path: Path, suffix: str, subtype: str, channels: int) -> None:
    samples = chord(1.2)[:, :channels]
    soundfile.write(tmp_path / "source.wav", samples, 48000, subtype=subtype)
    path = convert_audio(tmp_path / "source.wav", tmp_path / f"take{suffix}")
    assert soundfile.info(path).samplerate == 48000
    assert_same_sound(path, samples if channels == 2 else np.repeat(samples, 2, axis=1))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("frames", [0, 1, 7, 44100])
def test_silence_stays_silent_and_nothing_is_a_file_that_opens(tmp_path: Path, suffix: str, frames: int) -> None:
    path = write_audio(np.zeros((frames, 2), np.float32), tmp_path / f"take{suffix}", RATE_HZ)
    again = convert_audio(path, tmp_path / f"again{suffix}")
    for written in (path, again):
        heard, _ = soundfile.read(written, always_2d=True)
        assert len(heard) == max(frames, 1) and not heard.any()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("level", [1.0, 1.7, 40.0])
def test_no_peak_passes_full_scale(tmp_path: Path, suffix: str, level: float) -> None:
    """Squares at full scale: what a lossy encoder makes of them rises above it, unless it is turned down."""
    samples = (np.sign(chord(1)) * level).astype(np.float32)
    path = write_audio(samples, tmp_path / f"take{suffix}", RATE_HZ)
    heard, _ = soundfile.read(path)
    assert 0.8 < np.abs(heard).max()
    assert_same_sound(path, np.sign(samples), least=0.97)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_harms_only_itself(tmp_path: Path, value: float) -> None:
    samples = chord(1)
    samples[500] = value
    heard, _ = soundfile.read(write_audio(samples, tmp_path / "take.wav", RATE_HZ))
    samples[500] = np.clip(np.nan_to_num(value), -1, 1)
    assert np.abs(heard - samples).max() < 1e-3


@pytest.mark.parametrize("samples", [np.zeros((9, 3), np.float32), np.zeros((9, 2), np.uint8), np.zeros((1, 9, 2))])
def test_what_is_no_sound_of_two_channels_is_refused(tmp_path: Path, samples: npt.NDArray[Any]) -> None:
    with pytest.raises(AudioError, match="one or two channels"):
        write_audio(samples, tmp_path / "take.wav", RATE_HZ)


def test_a_file_of_more_channels_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "six.wav", np.zeros((99, 6)), RATE_HZ)
    with pytest.raises(AudioError, match="6 channels"):
        convert_audio(tmp_path / "six.wav", tmp_path / "take.mp3")


def test_a_rate_that_a_format_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="44100.*Received: 96000"):
        write_audio(chord(0.1), tmp_path / "take.mp3", 96000)
    assert not list(tmp_path.iterdir())


def test_a_source_that_breaks_off_is_not_converted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (3 * RATE_HZ, 2))
    flac = write_audio(noise, tmp_path / "take.flac", RATE_HZ)
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
    with pytest.raises(AudioError, match=r"take\.flac could not be read"):
        convert_audio(flac, tmp_path / "take.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["take.flac"]


def test_a_name_as_long_as_is_allowed_is_written(tmp_path: Path) -> None:
    assert_same_sound(write_audio(chord(0.3), tmp_path / f"{'n' * 251}.wav", RATE_HZ), chord(0.3))


def test_what_is_no_sound_is_not_converted(tmp_path: Path) -> None:
    (tmp_path / "take.flac").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"take\.flac could not be read"):
        convert_audio(tmp_path / "take.flac", tmp_path / "take.wav")
    assert not (tmp_path / "take.wav").exists()


def test_every_format_that_is_offered_can_be_written() -> None:
    assert [f".{name}" for name in AUDIO_FORMATS] == list(FORMATS)
