"""render: level, length, pitch, tail, room, silence, and the same samples every time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.audio import library
from musictx.audio.engines import BLOCK_FRAMES
from musictx.audio.loudness import PEAK_LEVEL
from musictx.audio.soundfont import SoundFont, bundled_soundfont, read_soundfont
from musictx.audio.synth import EMPTY_S, MAX_TAIL_S, render, timeline
from musictx.errors import AudioError, SettingsError
from musictx.midi.files import read_midi
from musictx.midi.notes import NoteSequence
from tests.audio.fonts import level_db, pitch_cents, write_tones

RATE_HZ = 44100
MIDDLE = NoteSequence.from_tuples([(60, 80, 0.0, 1.0)])
PHRASE = NoteSequence.from_tuples([(60, 80, 0.0, 0.5), (64, 100, 0.5, 1.0), (67, 30, 0.9, 1.6), (60, 90, 1.5, 2.0)])

# Few pitches, so that notes of one key overlap, touch and coincide.
notes_drawn = st.lists(
    st.tuples(st.integers(60, 62), st.integers(1, 127), st.floats(0, 2), st.floats(0.0001, 2)), min_size=1, max_size=30
).map(lambda rows: NoteSequence.from_tuples((p, v, start, start + length) for p, v, start, length in rows))


def test_the_samples_are_stereo_float_at_the_promised_level(tones: SoundFont) -> None:
    samples = render(PHRASE, tones, room=0)
    assert samples.dtype == np.float32
    assert samples.ndim == 2 and samples.shape[1] == 2
    assert np.abs(samples).max() == pytest.approx(PEAK_LEVEL, abs=1e-4)
    # The font is twice as loud on the left.
    assert level_db(samples[:, :1], 0.1, 0.4) - level_db(samples[:, 1:], 0.1, 0.4) == pytest.approx(6.02, abs=0.5)


def test_a_quiet_piece_is_as_loud_as_a_loud_one(tones: SoundFont) -> None:
    quiet, loud = (render(NoteSequence.from_tuples([(60, v, 0, 1)]), tones, room=0) for v in (10, 120))
    assert np.abs(quiet).max() == pytest.approx(np.abs(loud).max(), abs=1e-3)


def test_within_a_piece_velocity_is_loudness(tones: SoundFont) -> None:
    samples = render(NoteSequence.from_tuples([(60, 40, 0, 0.5), (60, 80, 1.5, 2)]), tones, room=0)
    # SoundFont players follow 40 log10(velocity): twice the velocity is 12 dB.
    assert level_db(samples, 1.6, 1.9) - level_db(samples, 0.1, 0.4) == pytest.approx(12.04, abs=0.5)


@pytest.mark.parametrize("pitch", [57, 60, 64, 65, 69, 72])
def test_keys_between_samples_are_in_tune(tones: SoundFont, pitch: int) -> None:
    samples = render(NoteSequence.from_tuples([(pitch, 80, 0, 2)]), tones, room=0)
    assert abs(pitch_cents(samples, pitch)) < 1


@pytest.mark.parametrize("rate_hz", [22050, 48000])
def test_other_sample_rates_keep_pitch_and_time(tones: SoundFont, rate_hz: int) -> None:
    samples = render(NoteSequence.from_tuples([(69, 80, 0.5, 2.5)]), tones, room=0, sample_rate_hz=rate_hz)
    assert abs(pitch_cents(samples, 69, rate_hz)) < 1
    assert np.argmax(np.abs(samples[:, 0]) > 0.01) / rate_hz == pytest.approx(0.5, abs=0.005)


def test_onsets_are_where_the_notes_say(tones: SoundFont) -> None:
    samples = render(NoteSequence.from_tuples([(60, 80, 0.777, 1.2)]), tones, room=0)
    first = np.argmax(np.abs(samples).max(axis=1) > 0.01) / RATE_HZ
    assert first == pytest.approx(0.777, abs=0.004)


def test_the_tail_rings_out_and_closes_at_zero(tmp_path: Path) -> None:
    short, long = (write_tones(tmp_path / f"{release}.sf2", release_s=release) for release in (0.3, 3.0))
    lengths_s = [len(render(MIDDLE, font, room=0)) / RATE_HZ for font in (short, long)]
    assert 1.1 < lengths_s[0] < 1.5
    assert 2.5 < lengths_s[1] < 1.0 + MAX_TAIL_S
    samples = render(MIDDLE, long, room=0)
    assert level_db(samples, lengths_s[1] - 0.05, lengths_s[1]) < -60
    assert not samples[-1].any()


def test_an_endless_release_is_cut_after_the_longest_tail(tmp_path: Path) -> None:
    font = write_tones(tmp_path / "endless.sf2", release_s=90.0)
    samples = render(NoteSequence.from_tuples([(60, 80, 0, 1), (69, 80, 0.5, 1)]), font, room=1)
    assert len(samples) / RATE_HZ <= 1.0 + MAX_TAIL_S + 0.01


def test_room_makes_it_ring_longer(tones: SoundFont) -> None:
    after_db = [level_db(render(MIDDLE, tones, room=room), 1.3, 1.5) for room in (0.0, 0.2, 0.6, 1.0)]
    assert after_db[0] + 6 < after_db[1] < after_db[2] - 2 < after_db[3] - 4


def test_gain_scales_and_never_clips(tones: SoundFont) -> None:
    plain, half, loud = (render(PHRASE, tones, gain=gain) for gain in (1.0, 0.5, 3.0))
    assert np.allclose(half, plain / 2, atol=1e-6)
    assert np.abs(loud).max() <= 1.0
    assert level_db(loud, 0.6, 0.9) < level_db(plain, 0.6, 0.9) + 6  # the loud note is held
    assert level_db(loud, 2.1, 2.2) > level_db(plain, 2.1, 2.2) + 9  # the quiet end is three times as loud


def test_no_notes_give_a_short_silence(tones: SoundFont) -> None:
    samples = render(NoteSequence.empty(), tones)
    assert samples.shape == (round(EMPTY_S * RATE_HZ), 2)
    assert samples.dtype == np.float32 and not samples.any()


def test_keys_the_font_does_not_have_are_silence_not_noise(tones: SoundFont) -> None:
    samples = render(NoteSequence.from_tuples([(20, 127, 0, 1)]), tones)
    assert len(samples) >= RATE_HZ and not samples.any()


def test_the_same_notes_give_the_same_samples_even_side_by_side(tones: SoundFont) -> None:
    first = render(PHRASE, tones, room=0.5)
    with ThreadPoolExecutor(3) as pool:
        others = list(pool.map(lambda _: render(PHRASE, tones, room=0.5), range(3)))
    assert all(np.array_equal(first, other) for other in others)


def test_a_key_struck_again_sounds_as_long_as_its_second_note(tones: SoundFont) -> None:
    """Guards against the first note's end letting go the second."""
    overlapping = NoteSequence.from_tuples([(60, 80, 0.0, 1.0), (60, 80, 0.5, 2.5)])
    alone = NoteSequence.from_tuples([(60, 80, 0.5, 2.5)])
    twice, once = (render(notes, tones, room=0) for notes in (overlapping, alone))
    falls = [level_db(samples, 2.0, 2.4) - level_db(samples, 1.3, 1.7) for samples in (twice, once)]
    assert falls[0] == pytest.approx(falls[1], abs=0.3)


def test_pedal_makes_a_recording_ring_longer(tones: SoundFont, tmp_path: Path) -> None:
    import pretty_midi

    lengths = []
    for pedal in (False, True):
        midi, piano = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0)
        piano.notes = [pretty_midi.Note(80, 60, 0.0, 0.3), pretty_midi.Note(80, 64, 0.1, 0.4)]
        presses = [(0.2, 127), (2.0, 0)] if pedal else []
        piano.control_changes = [pretty_midi.ControlChange(64, value, time_s) for time_s, value in presses]
        midi.instruments.append(piano)
        midi.write(str(tmp_path / "pedal.mid"))
        lengths.append(len(render(read_midi(tmp_path / "pedal.mid").notes, tones, room=0)) / RATE_HZ)
    assert lengths[1] - lengths[0] == pytest.approx(1.6, abs=0.25)


def test_the_font_in_the_wheel_plays() -> None:
    path = bundled_soundfont()
    assert path is not None, "pretty_midi's wheel should carry TimGM6mb"
    samples = render(PHRASE, read_soundfont(path))
    assert np.abs(samples).max() == pytest.approx(PEAK_LEVEL, abs=1e-3)
    assert level_db(samples, 0.1, 0.4) > -40


def test_more_than_an_hour_is_refused_before_any_work(tones: SoundFont) -> None:
    with pytest.raises(AudioError, match=r"60 minutes.*Received: 61\.7"):
        render(NoteSequence.from_tuples([(60, 80, 0, 3700)]), tones)


@pytest.mark.parametrize("setting", [{"room": -0.1}, {"room": 1.1}, {"gain": float("nan")}, {"sample_rate_hz": 100}])
def test_settings_out_of_range_are_named(tones: SoundFont, setting: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(setting))):
        render(MIDDLE, tones, **setting)  # type: ignore[arg-type]


def test_a_font_that_was_moved_or_damaged_since_is_named(tones: SoundFont, tmp_path: Path) -> None:
    font = write_tones(tmp_path / "mine.sf2")
    font.path.write_bytes(font.path.read_bytes()[:5000])
    with pytest.raises(AudioError, match=r"mine\.sf2 could not be loaded"):
        render(MIDDLE, font)
    font.path.unlink()
    with pytest.raises(AudioError, match=r"mine\.sf2 could not be loaded"):
        render(MIDDLE, font)


def test_without_a_synthesiser_the_remedy_is_named(tones: SoundFont, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise AudioError(f"no library. {library.REMEDY}")

    monkeypatch.setattr(library, "load_fluidsynth", missing)
    monkeypatch.setitem(library.sys.modules, "tinysoundfont", None)
    with pytest.raises(AudioError, match="pip install"):
        render(MIDDLE, tones)


@settings(max_examples=60, deadline=None)
@given(notes_drawn)
def test_the_timeline_strikes_and_releases_each_key_in_turn(notes: NoteSequence) -> None:
    events = timeline(notes, RATE_HZ)
    assert not (events[:, 0] % BLOCK_FRAMES).any()
    assert (np.diff(events[:, 0]) >= 0).all()
    for pitch in np.unique(notes.pitch):
        of_key = events[events[:, 1] == pitch]
        assert (of_key[0::2, 2] > 0).all() and not of_key[1::2, 2].any()  # on, off, on, off ...
        assert (of_key[1::2, 0] > of_key[0::2, 0]).all()  # and every note sounds
        onsets = np.rint(notes.start_s[notes.pitch == pitch] * RATE_HZ / BLOCK_FRAMES) * BLOCK_FRAMES
        assert set(of_key[0::2, 0].tolist()) == set(onsets.tolist())  # none is lost but duplicates
