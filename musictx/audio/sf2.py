"""SoundFont 2 files: reads what a font holds, writes one from stereo samples.

The format is RIFF: LIST INFO (texts), LIST sdta (16-bit samples), LIST pdta (nine tables
that tie presets to instruments to samples). Source: SoundFont Technical Specification 2.01,
sections 4-7. SF3 is the same with compressed samples, which this file never looks into.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from musictx.errors import AudioError

PRESET_ROW, SAMPLE_ROW = "<20sHHHIII", "<20s5IBbHH"  # layout of the tables phdr and shdr
RIGHT, LEFT = 2, 4  # sample types of a stereo pair
PADDING_FRAMES = 46  # zeros the format wants after each sample
LOOP_MARGIN = 8  # frames the format wants on both sides of a loop, even of an unused one
# Generators (the format's word for parameters of a zone), section 8.1.2 of the specification.
PAN, RELEASE, INSTRUMENT, KEYS, VELOCITIES, SAMPLE_ID = 17, 38, 41, 43, 44, 53
PAN_LEFT, PAN_RIGHT = -500, 500  # tenths of a percent


@dataclass(frozen=True)
class Preset:
    """One instrument of a font as MIDI selects it; bank 128 holds drum kits."""

    bank: int
    program: int
    name: str


@dataclass(frozen=True)
class Facts:
    """What a font says of itself; texts it does not carry are empty."""

    name: str
    author: str
    copyright: str
    presets: tuple[Preset, ...]
    stereo: bool

    @property
    def piano(self) -> Preset:
        """The first grand piano: bank 0 program 0, else the first preset that is no drum kit, else the first."""
        melodic = [preset for preset in self.presets if preset.bank != 128]
        return min(melodic or self.presets, key=lambda preset: (preset.bank, preset.program))


@dataclass(frozen=True, eq=False)
class StereoSample:
    """One recorded key: `frames` int16, shape (N, 2), left then right; `root_key` its MIDI number."""

    name: str
    frames: npt.NDArray[np.int16]
    root_key: int


@dataclass(frozen=True)
class Zone:
    """Where a sample sounds, both ends inclusive; `release_s`: time to fall by 100 dB once let go."""

    sample: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    release_s: float


def read_facts(path: Path) -> Facts:
    """Reads names, presets and whether samples are stereo, without the samples.

    Raises:
        AudioError: if the file is missing, truncated or not a SoundFont.
    """
    try:
        with path.open("rb") as file:
            tables = dict(_chunks(file, path))
    except OSError as error:
        raise AudioError(f"The SoundFont {path} cannot be read ({error.strerror}). Choose another one.") from error
    presets = tuple(_presets(tables.get(b"phdr", b"")))
    kinds = [row[-1] for row in _rows(SAMPLE_ROW, tables.get(b"shdr", b""))[:-1]]
    if not presets or not kinds:
        raise AudioError(_damaged(path, "it holds no presets or no samples"))
    texts = [_text(tables.get(tag, b"")) for tag in (b"INAM", b"IENG", b"ICOP")]
    stereo = any(kind & (LEFT | RIGHT) for kind in kinds)
    return Facts(texts[0], texts[1], texts[2], presets, stereo)


def _chunks(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yields (tag, content) of the text and table chunks; samples are skipped."""
    header = file.read(12)
    if len(header) < 12 or header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise AudioError(_damaged(path, "it does not begin as one"))
    end = struct.unpack("<I", header[4:8])[0] + 8
    if end > path.stat().st_size:
        raise AudioError(_damaged(path, f"it should have {end} bytes and has {path.stat().st_size}"))
    while file.tell() + 8 <= end:
        tag, size = struct.unpack("<4sI", file.read(8))
        if tag == b"LIST":
            file.seek(4, 1)  # the list's own name; its chunks follow
        elif tag in (b"smpl", b"sm24"):
            file.seek(size + size % 2, 1)
        else:
            yield tag, file.read(size)
            file.seek(size % 2, 1)


def _presets(table: bytes) -> Iterator[Preset]:
    for name, program, bank, *_ in _rows(PRESET_ROW, table)[:-1]:  # the last row only ends the table
        yield Preset(bank, program, _text(name))


def _rows(layout: str, table: bytes) -> list[tuple[Any, ...]]:
    size = struct.calcsize(layout)
    return list(struct.iter_unpack(layout, table[: len(table) // size * size]))


def _text(content: bytes) -> str:
    return content.split(b"\0")[0].decode("latin-1").strip()


def _damaged(path: Path, reason: str) -> str:
    return (
        f"{path.name} is not a usable SoundFont: {reason}. Download it again, or remove it from {path.parent} "
        "and choose another one."
    )


def write_sf2(
    path: Path, samples: Sequence[StereoSample], zones: Sequence[Zone], sample_rate_hz: int, texts: dict[str, str]
) -> None:
    """Writes a font with one preset (bank 0, program 0) that plays `zones`.

    Samples are not looped: a piano note ends by itself. `texts` fills the INFO
    chunks, such as {"INAM": name, "IENG": author, "ICOP": copyright, "ICMT": comment};
    "INAM" also names the preset. The same arguments give the same bytes.
    """
    info = b"".join(_chunk(tag.encode(), _padded_text(text)) for tag, text in texts.items())
    info = _list(b"INFO", _chunk(b"ifil", struct.pack("<HH", 2, 1)) + _chunk(b"isng", b"EMU8000\0") + info)
    tables = _list(b"pdta", _tables(samples, zones, sample_rate_hz, texts["INAM"]))
    sample_bytes = sum(2 * 2 * (len(sample.frames) + PADDING_FRAMES) for sample in samples)
    with path.open("wb") as file:
        file.write(struct.pack("<4sI4s", b"RIFF", 4 + len(info) + 20 + sample_bytes + len(tables), b"sfbk") + info)
        file.write(struct.pack("<4sI4s4sI", b"LIST", 12 + sample_bytes, b"sdta", b"smpl", sample_bytes))
        for sample in samples:
            for channel in (0, 1):
                file.write(np.ascontiguousarray(sample.frames[:, channel], "<i2").tobytes() + bytes(2 * PADDING_FRAMES))
        file.write(tables)


def _tables(samples: Sequence[StereoSample], zones: Sequence[Zone], sample_rate_hz: int, name: str) -> bytes:
    """The nine chunks of pdta: one preset -> one instrument -> two zones (left, right) for each of `zones`."""
    generators = [_generators(zone, channel) for zone in zones for channel in (0, 1)]
    starts = np.cumsum([0, *(len(rows) for rows in generators)])
    title, no_modulators = _name(name), bytes(10)
    contents = {
        b"phdr": struct.pack(PRESET_ROW, title, 0, 0, 0, 0, 0, 0) + struct.pack(PRESET_ROW, b"EOP", 0, 0, 1, 0, 0, 0),
        b"pbag": struct.pack("<HHHH", 0, 0, 1, 0),
        b"pmod": no_modulators,
        b"pgen": struct.pack("<HHHH", INSTRUMENT, 0, 0, 0),
        b"inst": struct.pack("<20sH", title, 0) + struct.pack("<20sH", b"EOI", len(generators)),
        b"ibag": b"".join(struct.pack("<HH", start, 0) for start in starts),
        b"imod": no_modulators,
        b"igen": b"".join(row for rows in generators for row in rows) + bytes(4),
        b"shdr": _sample_headers(samples, sample_rate_hz),
    }
    return b"".join(_chunk(tag, content) for tag, content in contents.items())


def _generators(zone: Zone, channel: int) -> list[bytes]:
    """One side of a zone; the order (keys, velocities, ..., sample) is the format's."""
    release_timecents = round(1200 * np.log2(zone.release_s))
    return [
        struct.pack("<HBB", KEYS, *zone.keys),
        struct.pack("<HBB", VELOCITIES, *zone.velocities),
        struct.pack("<Hh", PAN, (PAN_LEFT, PAN_RIGHT)[channel]),
        struct.pack("<Hh", RELEASE, release_timecents),
        struct.pack("<HH", SAMPLE_ID, 2 * zone.sample + channel),
    ]


def _sample_headers(samples: Sequence[StereoSample], sample_rate_hz: int) -> bytes:
    rows, start = [], 0
    for index, sample in enumerate(samples):
        for channel, (side, kind) in enumerate(((b"L", LEFT), (b"R", RIGHT))):
            end, partner = start + len(sample.frames), 2 * index + 1 - channel
            place = (start, end, start + LOOP_MARGIN, end - LOOP_MARGIN, sample_rate_hz)
            title = _name(sample.name)[:18] + side
            rows.append(struct.pack(SAMPLE_ROW, title, *place, sample.root_key, 0, partner, kind))
            start = end + PADDING_FRAMES
    return b"".join(rows) + struct.pack(SAMPLE_ROW, b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)


def _name(text: str) -> bytes:
    return text.encode("ascii", "replace")[:19]


def _padded_text(text: str) -> bytes:
    content = text.encode("ascii", "replace")[:255] + b"\0"
    return content + bytes(len(content) % 2)


def _chunk(tag: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", tag, len(content)) + content


def _list(tag: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", tag + content)
