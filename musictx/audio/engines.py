"""The two synthesisers behind one small interface: FluidSynth, and TinySoundFont where it cannot be had."""

from __future__ import annotations

import ctypes
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from musictx.audio.library import load_synthesiser
from musictx.audio.soundfont import SoundFont
from musictx.errors import AudioError

BLOCK_FRAMES = 64  # FluidSynth takes events up at multiples of this, 1.5 ms
MAX_VOICES = 512  # every key of a stereo font sounding (176) while as many again die away
CHANNEL = 0
REVERB_SEND = 91  # MIDI controller: how much of the sound goes into the reverb


class SynthEngine(Protocol):
    """A synthesiser with one piano loaded; time passes only while `fill` is called."""

    def note_on(self, pitch: int, velocity: int) -> None:
        """Strikes a key (a sounding one is let go first)."""

    def note_off(self, pitch: int) -> None:
        """Lets a key go; it dies away as the font says."""

    def fill(self, out: npt.NDArray[np.float32]) -> None:
        """Renders the next frames into `out`, C-contiguous, shape (frames, 2)."""

    def close(self) -> None:
        """Frees the library's memory; the engine is of no use afterwards."""


def open_engine(soundfont: SoundFont, room: float, sample_rate_hz: int) -> SynthEngine:
    """A fresh engine playing `soundfont`; FluidSynth if it can be had, else TinySoundFont.

    Raises:
        AudioError: if neither library is there, or the font cannot be loaded.
    """
    library = load_synthesiser()
    if library.__name__ == "tinysoundfont":
        return TinySoundFontEngine(library, soundfont, sample_rate_hz)
    return FluidSynthEngine(library, soundfont, room, sample_rate_hz)


class FluidSynthEngine:
    """FluidSynth through pyfluidsynth, in stereo float; a reused one would differ in detail from a fresh one."""

    def __init__(self, library: Any, soundfont: SoundFont, room: float, sample_rate_hz: int) -> None:
        self._write = library.cfunc(
            "fluid_synth_write_float",
            ctypes.c_int,
            ("synth", ctypes.c_void_p, 1),
            ("len", ctypes.c_int, 1),
            ("lout", ctypes.c_void_p, 1),
            ("loff", ctypes.c_int, 1),
            ("lincr", ctypes.c_int, 1),
            ("rout", ctypes.c_void_p, 1),
            ("roff", ctypes.c_int, 1),
            ("rincr", ctypes.c_int, 1),
        )
        self._synth = library.Synth(gain=0.5, samplerate=float(sample_rate_hz), channels=16, **_settings(room))
        font_id = self._synth.sfload(str(soundfont.path))
        if font_id < 0 or self._synth.program_select(CHANNEL, font_id, soundfont.bank, soundfont.program) < 0:
            self.close()
            raise _unplayable(soundfont)
        self._synth.cc(CHANNEL, REVERB_SEND, 127)

    def note_on(self, pitch: int, velocity: int) -> None:
        """See `SynthEngine.note_on`."""
        self._synth.noteon(CHANNEL, pitch, velocity)

    def note_off(self, pitch: int) -> None:
        """See `SynthEngine.note_off`."""
        self._synth.noteoff(CHANNEL, pitch)

    def fill(self, out: npt.NDArray[np.float32]) -> None:
        """See `SynthEngine.fill`."""
        assert out.dtype == np.float32 and out.flags.c_contiguous and out.shape[1] == 2
        address = out.ctypes.data
        self._write(self._synth.synth, len(out), address, 0, 2, address, 1, 2)

    def close(self) -> None:
        """See `SynthEngine.close`."""
        self._synth.delete()


class TinySoundFontEngine:
    """TinySoundFont, for machines without FluidSynth; it has no reverb, so `room` does nothing there."""

    def __init__(self, library: Any, soundfont: SoundFont, sample_rate_hz: int) -> None:
        self._synth = library.Synth(samplerate=sample_rate_hz)
        try:
            font_id = self._synth.sfload(str(soundfont.path), max_voices=MAX_VOICES)
            self._synth.program_select(CHANNEL, font_id, soundfont.bank, soundfont.program)
        except Exception as error:  # the binding raises plain RuntimeError and its own exception
            raise _unplayable(soundfont) from error

    def note_on(self, pitch: int, velocity: int) -> None:
        """See `SynthEngine.note_on`."""
        self._synth.noteoff(CHANNEL, pitch)
        self._synth.noteon(CHANNEL, pitch, velocity)

    def note_off(self, pitch: int) -> None:
        """See `SynthEngine.note_off`."""
        self._synth.noteoff(CHANNEL, pitch)

    def fill(self, out: npt.NDArray[np.float32]) -> None:
        """See `SynthEngine.fill`."""
        if len(out):
            out[:] = np.frombuffer(self._synth.generate(len(out)), np.float32).reshape(-1, 2)

    def close(self) -> None:
        """Nothing to free: the binding frees with the object."""


def _settings(room: float) -> dict[str, str | int | float]:
    """FluidSynth's settings; `room` 0 (dry) to 1 moves the reverb's size and level together."""
    return {
        "synth.cpu-cores": 1,
        "synth.polyphony": MAX_VOICES,
        "synth.dynamic-sample-loading": 1,  # reads the piano's samples only, not a whole General MIDI set
        "synth.lock-memory": 0,  # a render is brief; 200 MB should not be pinned for it
        "synth.chorus.active": 0,
        "synth.reverb.active": int(room > 0),
        "synth.reverb.room-size": 0.3 + 0.6 * room,
        "synth.reverb.damp": 0.3,
        "synth.reverb.width": 0.8,
        "synth.reverb.level": float(room),
    }


def _unplayable(soundfont: SoundFont) -> AudioError:
    return AudioError(
        f"The SoundFont {soundfont.path.name} could not be loaded: it is damaged, or was moved since the program "
        f"started. Download it again (it belongs at {soundfont.path}), or choose another one."
    )
