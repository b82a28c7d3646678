"""A SoundFont's piano as one small file that the browser plays notes from, before and while anything is rendered.

    soundfont -> every third key in two loudnesses, one after another -> MP3 -> <digest of the font>.samples

The file is the length of its index (4 bytes, big-endian), the index as JSON, then an MP3 of all samples:

    {"format": 1, "sync_s": 0.1, "samples": [[pitch, velocity, start_s, length_s], ...]}

At `sync_s` the MP3 has a click, the loudest thing before the first sample: encoders put some milliseconds in front of
what they are given and decoders take away more or less of it, so whoever decodes it finds the true zero by the click.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from pathlib import Path

import numpy as np

from musictx.audio.encode import write_audio
from musictx.audio.loudness import PEAK_LEVEL, Samples
from musictx.audio.soundfont import SoundFont
from musictx.audio.synth import render
from musictx.files import replace_file
from musictx.midi.notes import NoteSequence

FORMAT = 1
SUFFIX = ".samples"
PITCHES = range(21, 109, 3)  # a sample is played at most one semitone away from its own pitch
VELOCITIES = (46, 92)  # most notes of played music lie near one of them
LOWEST_S, HIGHEST_S = 4.5, 0.9  # of the lowest and the highest key: low strings ring longer
GAP_S = 0.35  # for what still rings when a key is let go
FADE_S = 0.3  # at the end of each sample, so that a note that is held longer dies away without a click
SYNC_S, LEAD_S = 0.1, 0.5  # of the click, and of the first sample
SAMPLE_RATE_HZ = 44_100
COMPRESSION = 0.4  # of libsndfile's MP3 encoder: about 2 MB
MOST_KEPT = 6  # packs in the cache; the oldest go


class SamplePacks:
    """The packs of the fonts of this machine, each made once and kept in `folder` under its font's content.

    Safe to ask from several threads: who asks for a pack that is being made waits for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making = threading.Lock()
        self._digests: dict[tuple[Path, int, int, int, int], str] = {}

    def path(self, font: SoundFont) -> Path:
        """The pack of `font`, made now if there is none; some seconds of work then.

        Raises:
            AudioError: if the font is damaged, or there is no synthesiser.
        """
        with self._making:
            path = self._folder / f"{self._digest(font)}{SUFFIX}"
            if path.is_file():
                os.utime(path)  # the oldest are those that nobody asked for
            else:
                replace_file(path, write_pack(font))
                self._forget_old()
            return path

    def _digest(self, font: SoundFont) -> str:
        """Of the font's content and of everything that a pack is made by."""
        facts = font.path.stat()
        key = (font.path, facts.st_size, facts.st_mtime_ns, font.bank, font.program)
        if key not in self._digests:
            digest = hashlib.blake2b(json.dumps([FORMAT, plan(), COMPRESSION, font.bank, font.program]).encode())
            with font.path.open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
            self._digests[key] = digest.hexdigest()[:32]
        return self._digests[key]

    def _forget_old(self) -> None:
        packs = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in packs[MOST_KEPT:]:
            old.unlink(missing_ok=True)


def write_pack(font: SoundFont) -> bytes:
    """The pack of `font`, as the module's docstring says; AudioError as `synth.render` raises it."""
    with tempfile.TemporaryDirectory(prefix="musictx-") as name:
        path = write_audio(_samples(font), Path(name) / "samples.mp3", SAMPLE_RATE_HZ, compression=COMPRESSION)
        sound = path.read_bytes()
    index = json.dumps({"format": FORMAT, "sync_s": SYNC_S, "samples": plan()}).encode()
    return len(index).to_bytes(4, "big") + index + sound


def plan() -> list[tuple[int, int, float, float]]:
    """Where each sample lies: (pitch, velocity, start_s, length_s), one after another."""
    samples, start_s = [], LEAD_S
    for pitch in PITCHES:
        share = (pitch - PITCHES[0]) / (PITCHES[-1] - PITCHES[0])
        length_s = round(LOWEST_S * (HIGHEST_S / LOWEST_S) ** share, 3)
        for velocity in VELOCITIES:
            samples.append((pitch, velocity, round(start_s, 3), length_s))
            start_s += length_s + GAP_S
    return samples


def _samples(font: SoundFont) -> Samples:
    """All samples and the click, float32 (frames, 2), dry; how loud each is beside the others is the font's."""
    placed = plan()
    rows = [(pitch, velocity, start_s, start_s + length_s) for pitch, velocity, start_s, length_s in placed]
    rendered = render(NoteSequence.from_tuples(rows), font, room=0.0, sample_rate_hz=SAMPLE_RATE_HZ)
    # MP3 knows nothing of loops: silence between the samples, so that none begins in the end of another.
    samples = np.zeros((round((rows[-1][3] + GAP_S) * SAMPLE_RATE_HZ), 2), np.float32)
    fade = np.linspace(1, 0, round(FADE_S * SAMPLE_RATE_HZ), dtype=np.float32)[:, None]
    for _, _, start_s, end_s in rows:
        part = slice(round(start_s * SAMPLE_RATE_HZ), min(round(end_s * SAMPLE_RATE_HZ), len(rendered)))
        samples[part] = rendered[part]
        samples[max(part.start, part.stop - len(fade)) : part.stop] *= fade[-(part.stop - part.start) :]
    samples[round(SYNC_S * SAMPLE_RATE_HZ)] = PEAK_LEVEL
    return samples
