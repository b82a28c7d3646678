"""Where FluidSynth cannot be had, TinySoundFont plays behind the same interface."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from musictx.audio import library
from musictx.audio.engines import MAX_VOICES, TinySoundFontEngine, open_engine
from musictx.audio.soundfont import SoundFont
from musictx.audio.synth import render
from musictx.errors import AudioError
from musictx.midi.notes import NoteSequence
from tests.audio.fonts import level_db


class FakeSynth:
    """Speaks the binding's language: a key sounds as its number / 1000, on both sides."""

    def __init__(self, samplerate: int) -> None:
        self.samplerate = samplerate
        self.sounding: set[int] = set()

    def sfload(self, filename: str, max_voices: int) -> int:
        """Loads anything but damaged.sf2."""
        if "damaged" in filename:
            raise RuntimeError("Could not load")
        assert max_voices == MAX_VOICES
        return 7

    def program_select(self, channel: int, font_id: int, bank: int, program: int) -> None:
        """Knows one font."""
        assert (channel, font_id, bank, program) == (0, 7, 0, 0)

    def noteon(self, channel: int, key: int, velocity: int) -> None:
        """Adds a key; striking a sounding one is the engine's to prevent."""
        assert key not in self.sounding
        self.sounding.add(key)

    def noteoff(self, channel: int, key: int) -> None:
        """Takes it away."""
        self.sounding.discard(key)

    def generate(self, samples: int) -> memoryview:
        """Interleaved float32 bytes, as the binding gives them."""
        return memoryview(bytearray(np.full(2 * samples, sum(self.sounding) / 1000, np.float32).tobytes()))


@pytest.fixture
def no_fluidsynth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has only (a stand-in for) tinysoundfont."""

    def missing() -> None:
        raise AudioError("no FluidSynth")

    module = ModuleType("tinysoundfont")
    module.Synth = FakeSynth  # type: ignore[attr-defined]
    monkeypatch.setattr(library, "load_fluidsynth", missing)
    monkeypatch.setitem(library.sys.modules, "tinysoundfont", module)


@pytest.mark.usefixtures("no_fluidsynth")
def test_it_plays_the_notes_in_time(tones: SoundFont) -> None:
    assert isinstance(open_engine(tones, 0.2, 44100), TinySoundFontEngine)
    samples = render(NoteSequence.from_tuples([(60, 80, 0.5, 1.0), (60, 80, 0.8, 1.5)]), tones)
    assert samples.shape[1] == 2
    assert level_db(samples, 0, 0.49) < -100
    assert np.allclose(samples[round(0.51 * 44100) : round(1.49 * 44100)], 0.89, atol=1e-4)


@pytest.mark.usefixtures("no_fluidsynth")
def test_its_complaints_become_ours(tones: SoundFont) -> None:
    font = SoundFont("Bad", tones.path.with_name("damaged.sf2"), "", "", True)
    with pytest.raises(AudioError, match=r"damaged\.sf2 could not be loaded"):
        open_engine(font, 0.2, 44100)
