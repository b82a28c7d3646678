"""write_audio: samples -> file, convert_audio: file -> file, through libsndfile; no other program is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from musictx.audio.loudness import LIMIT_LEVEL, PEAK_LEVEL, peak_of
from musictx.errors import AudioError
from musictx.files import whole_file

if TYPE_CHECKING:
    import soundfile

Block = npt.NDArray[Any]

BLOCK_FRAMES = 44100  # one write of a minute crashes libsndfile's OGG encoder
CHANNELS = 2
MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
LARGEST_STEP = 0.95  # by which a lossy file whose decoded peaks pass full scale is turned down at once, or more


@dataclass(frozen=True)
class AudioFormat:
    """libsndfile's names for a format, and the compression level: 0 is best and largest, 1 smallest.

    rates_hz: the sample rates that it knows; any if empty.
    """

    container: str
    subtype: str
    compression: float | None = None
    rates_hz: tuple[int, ...] = ()

    @property
    def lossy(self) -> bool:
        """Whether decoding gives other samples, whose peaks may be higher than those encoded."""
        return self.compression is not None


FORMATS: Mapping[str, AudioFormat] = MappingProxyType(
    {
        ".wav": AudioFormat("WAV", "PCM_16"),
        ".flac": AudioFormat("FLAC", "PCM_16"),
        ".mp3": AudioFormat("MP3", "MPEG_LAYER_III", 0.2, MP3_RATES_HZ),
        ".ogg": AudioFormat("OGG", "VORBIS", 0.4),
    }
)


def write_audio(samples: Block, path: Path, sample_rate_hz: int, compression: float | None = None) -> Path:
    """Writes `samples`, in [-1, 1] or whole numbers of full scale, in the format of `path`'s suffix; returns `path`.

    WAV and FLAC are 16 bit; MP3 and OGG about 160 kbit/s for a piano. Whatever passes full scale is cut off, and a
    lossy file whose decoded peaks would pass it is turned down. The file appears only when it is complete; a missing
    folder is made.

    Args:
        samples: shape (frames, 2), or (frames,) and (frames, 1) for one channel that is heard on both sides.
        path: of the file.
        sample_rate_hz: of the samples.
        compression: of a lossy format, from 0 (best) to 1 (smallest), where its own is not wanted.

    Raises:
        AudioError: if the suffix is none of .wav .flac .mp3 .ogg, there are more channels than two, the format does
            not know the rate, or the file cannot be written.
    """
    if samples.ndim not in (1, 2) or samples.shape[1:] not in ((), (1,), (CHANNELS,)) or samples.dtype.kind not in "fi":
        raise AudioError(
            "Sound has one or two channels of floating-point or signed whole numbers, shape (frames, 2). "
            f"Received: {samples.dtype}, shape {samples.shape}"
        )

    def blocks() -> Iterator[Block]:
        for start in range(0, len(samples), BLOCK_FRAMES):
            yield samples[start : start + BLOCK_FRAMES]

    return _write_whole(blocks, path, sample_rate_hz, compression)


def convert_audio(source: Path, path: Path) -> Path:
    """Writes the sound of the file `source`, of one or two channels, in the format of `path`'s suffix; returns `path`.

    From FLAC to WAV it is the same sound bit by bit, so what has been rendered once need not be again.

    Raises:
        AudioError: if `source` cannot be read; else see `write_audio`.
    """
    import soundfile

    try:
        with soundfile.SoundFile(source) as file:
            if file.channels > CHANNELS:
                raise AudioError(f"{source} has {file.channels} channels; one or two can be written.")
            return _write_whole(lambda: _read_blocks(file, source), path, file.samplerate)
    except (OSError, RuntimeError) as error:
        raise _unreadable(source, error) from error


def _read_blocks(file: soundfile.SoundFile, source: Path) -> Iterator[Block]:
    """All of `file` from its beginning; AudioError if it breaks off."""
    # Whole numbers keep 16 bits exactly; a file of floating-point numbers has no full scale to read them by.
    dtype = "int32" if file.subtype.startswith("PCM") else "float32"
    frames = 0
    try:
        file.seek(0)
        for block in file.blocks(BLOCK_FRAMES, dtype=dtype, always_2d=True):
            frames += len(block)
            yield block
    except (OSError, RuntimeError) as error:
        raise _unreadable(source, error) from error
    if frames < file.frames:
        raise _unreadable(source, f"it breaks off after {frames / file.samplerate:.1f} s")


def _unreadable(source: Path, reason: object) -> AudioError:
    return AudioError(f"{source} could not be read ({reason}). Render it again.")


def _write_whole(
    blocks: Callable[[], Iterable[Block]], path: Path, sample_rate_hz: int, compression: float | None = None
) -> Path:
    """Writes what `blocks` gives at each call to `path`, which appears when it is complete."""
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        raise AudioError(f"Audio can be written as {', '.join(FORMATS)}. Received: {path.name!r}")
    if compression is not None and chosen.lossy:
        chosen = replace(chosen, compression=compression)
    if chosen.rates_hz and sample_rate_hz not in chosen.rates_hz:
        known = ", ".join(map(str, chosen.rates_hz))
        raise AudioError(
            f"{path} could not be written: {chosen.container} knows the sample rates {known} Hz. "
            f"Received: {sample_rate_hz} Hz"
        )
    try:
        with whole_file(path) as unfinished:
            _write_within_full_scale(blocks, unfinished, sample_rate_hz, chosen)
    except (OSError, RuntimeError) as error:  # soundfile's errors are RuntimeErrors
        raise AudioError(f"{path} could not be written ({error}). Is the disk full?") from error
    return path


def _write_within_full_scale(
    blocks: Callable[[], Iterable[Block]], path: Path, sample_rate_hz: int, chosen: AudioFormat
) -> None:
    """Writes the blocks so that no peak passes full scale when the file is decoded."""
    level = 1.0
    peak = _write_blocks(blocks(), path, sample_rate_hz, chosen, level)
    if not chosen.lossy or peak <= PEAK_LEVEL:
        return  # what was normalised has room for what encoding adds, and need not be decoded to know
    while (heard := _decoded_peak(path)) > 1:
        # Turned down it is encoded a little differently, so it is listened to again.
        level *= min(LIMIT_LEVEL / heard, LARGEST_STEP)
        _write_blocks(blocks(), path, sample_rate_hz, chosen, level)


def _write_blocks(blocks: Iterable[Block], path: Path, sample_rate_hz: int, chosen: AudioFormat, level: float) -> float:
    """Writes blocks at `level`; returns the peak of what was written."""
    import soundfile

    options: dict[str, Any] = {} if chosen.compression is None else {"compression_level": chosen.compression}
    peak, frames = 0.0, 0  # the peak is asked for lossy files only
    with soundfile.SoundFile(
        path, "w", sample_rate_hz, channels=CHANNELS, format=chosen.container, subtype=chosen.subtype, **options
    ) as file:
        for block in blocks:
            ready = _ready(block, level)
            file.write(ready)
            frames += len(ready)
            if chosen.lossy:
                peak = max(peak, peak_of(_as_float(ready)))
        if not frames:
            file.write(np.zeros((1, CHANNELS), np.float32))  # a FLAC or MP3 of no sound at all cannot be opened
    return peak


def _ready(block: Block, level: float) -> Block:
    """A block as libsndfile's encoders take it: two channels, int32 or float32 within full scale.

    Its MP3 encoder makes noise of stereo int16, so that is never given to it.
    """
    sides = block.reshape(len(block), -1)
    both = np.repeat(sides, CHANNELS, axis=1) if sides.shape[1] == 1 else sides
    if level == 1 and both.dtype.kind == "i":
        return both.astype(np.int32) << (32 - 8 * both.dtype.itemsize) if both.dtype.itemsize < 4 else both
    return np.nan_to_num(np.clip(_as_float(both), -1, 1) * np.float32(level))


def _as_float(block: Block) -> npt.NDArray[np.float32]:
    """Whole numbers by their full scale, others as they are."""
    if block.dtype.kind == "i":
        return (block / -float(np.iinfo(block.dtype).min)).astype(np.float32)
    return block.astype(np.float32, copy=False)


def _decoded_peak(path: Path) -> float:
    import soundfile

    with soundfile.SoundFile(path) as file:
        return max((peak_of(block) for block in file.blocks(BLOCK_FRAMES, dtype="float32")), default=0.0)
