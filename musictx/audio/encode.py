"""write_audio: samples -> file, convert_audio: file -> file, through libsndfile; no other program is needed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from musictx.errors import AudioError

BLOCK_FRAMES = 44100  # one write of a minute crashes libsndfile's OGG encoder


@dataclass(frozen=True)
class AudioFormat:
    """libsndfile's names for a format, and the compression level: 0 is best and largest, 1 smallest."""

    container: str
    subtype: str
    compression: float | None = None


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        ".wav": AudioFormat("WAV", "PCM_16"),
        ".flac": AudioFormat("FLAC", "PCM_16"),
        ".mp3": AudioFormat("MP3", "MPEG_LAYER_III", 0.2),
        ".ogg": AudioFormat("OGG", "VORBIS", 0.4),
    }
)


def write_audio(samples: npt.NDArray[np.float32], path: Path, sample_rate_hz: int) -> Path:
    """Writes `samples`, shape (frames, 2) in [-1, 1], in the format of `path`'s suffix; returns `path`.

    WAV and FLAC are 16 bit; MP3 and OGG about 160 kbit/s for a piano. The file appears
    only when it is complete; a missing folder is made.

    Raises:
        AudioError: if the suffix is none of .wav .flac .mp3 .ogg, or the file cannot be written.
    """
    assert samples.ndim == 2 and samples.shape[1] == 2, samples.shape
    blocks = (samples[start : start + BLOCK_FRAMES] for start in range(0, len(samples), BLOCK_FRAMES))
    return _write_whole(blocks, path, sample_rate_hz)


def convert_audio(source: Path, path: Path) -> Path:
    """Writes the sound of the stereo file `source` in the format of `path`'s suffix; returns `path`.

    From FLAC to WAV it is the same sound bit by bit, so what has been rendered once need not be again.

    Raises:
        AudioError: if `source` cannot be read; else see `write_audio`.
    """
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            blocks = file.blocks(BLOCK_FRAMES, dtype="int16", always_2d=True)
            return _write_whole(blocks, path, file.samplerate)
    except (OSError, RuntimeError) as error:
        raise AudioError(f"{source} could not be read ({error}). Render it again.") from error


def _write_whole(blocks: Iterable[npt.NDArray[Any]], path: Path, sample_rate_hz: int) -> Path:
    """Writes (frames, 2) blocks to `path`, which appears when it is complete."""
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        raise AudioError(f"Audio can be written as {', '.join(FORMATS)}. Received: {path.name!r}")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_blocks(blocks, partial, sample_rate_hz, chosen)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
        raise AudioError(f"{path} could not be written ({error}). Is the disk full?") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def _write_blocks(blocks: Iterable[npt.NDArray[Any]], path: Path, sample_rate_hz: int, chosen: AudioFormat) -> None:
    import soundfile

    options: dict[str, Any] = {} if chosen.compression is None else {"compression_level": chosen.compression}
    with soundfile.SoundFile(
        path, "w", sample_rate_hz, channels=2, format=chosen.container, subtype=chosen.subtype, **options
    ) as file:
        for block in blocks:
            file.write(block)
