"""Key, tempo and the seed report, on pieces whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from musictx.midi.analysis import describe, estimate_key, estimate_tempo, pitch_name
from musictx.midi.codec import encode
from musictx.midi.files import Recording, read_midi
from musictx.midi.notes import NoteSequence
from tests.midi.smf import off, on, program, smf, track

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
HARMONIC_MINOR_SCALE = (0, 2, 3, 5, 7, 8, 11, 12)


def melody(pitches: list[int], beat_s: float = 0.5) -> NoteSequence:
    return NoteSequence.from_tuples(
        (pitch, 60 + 7 * (index % 4 == 0), index * beat_s, (index + 0.9) * beat_s)
        for index, pitch in enumerate(pitches)
    )


def cadence(tonic: int, scale: tuple[int, ...]) -> NoteSequence:
    """The scale, then its common chord twice."""
    return melody([tonic + step for step in (*scale, *[scale[0], scale[2], scale[4], scale[7]] * 2)])


@pytest.mark.parametrize(
    ("tonic", "scale", "name"),
    [
        (60, MAJOR_SCALE, "C major"),
        (62, HARMONIC_MINOR_SCALE, "D minor"),
        (66, MAJOR_SCALE, "F# major"),
        (58, MAJOR_SCALE, "Bb major"),
        (63, HARMONIC_MINOR_SCALE, "Eb minor"),
        (68, HARMONIC_MINOR_SCALE, "G# minor"),
    ],
)
def test_a_scale_and_its_chord_name_their_key(tonic: int, scale: tuple[int, ...], name: str) -> None:
    key = estimate_key(cadence(tonic, scale))
    assert (key.name, key.label) == (name, name)


def test_all_twelve_notes_alike_are_a_guess() -> None:
    key = estimate_key(melody([*range(60, 72)]))
    assert key.confidence < 0.01
    assert key.label == key.name + "?"


def test_long_notes_weigh_more_than_short_ones() -> None:
    short = [(pitch, 64, index * 0.1, index * 0.1 + 0.05) for index, pitch in enumerate(range(60, 72))]
    chord = [(pitch, 64, 2.0, 6.0) for pitch in (57, 60, 64, 69)]
    assert estimate_key(NoteSequence.from_tuples(short + chord)).name == "A minor"


def test_no_notes_have_no_key_and_no_tempo() -> None:
    assert estimate_key(NoteSequence.empty()).label == "unknown?"
    assert estimate_tempo(NoteSequence.empty()) is None


@pytest.mark.parametrize("bpm", [60.0, 72.0, 96.0, 120.0, 133.0, 160.0])
def test_the_tempo_of_an_accompanied_beat(bpm: float) -> None:
    beat_s = 60 / bpm
    draw = np.random.default_rng(7)
    beats = [(48 + 7 * (beat % 2), 90, beat * beat_s, (beat + 0.9) * beat_s) for beat in range(48)]
    halves = [(64 + beat % 5, 50, (beat + 0.5) * beat_s, (beat + 0.9) * beat_s) for beat in range(0, 48, 2)]
    played = [(p, w, s + jitter, e + jitter) for (p, w, s, e), jitter in zip(
        beats + halves, draw.uniform(0, 0.01, 72), strict=True)]  # fmt: skip
    estimate = estimate_tempo(NoteSequence.from_tuples(played))
    assert estimate is not None
    assert min(abs(estimate / bpm / octave - 1) for octave in (0.5, 1, 2)) < 0.02


def test_too_few_notes_have_no_tempo() -> None:
    assert estimate_tempo(melody([60] * 7, 1.0)) is None
    assert estimate_tempo(melody([60] * 12, 0.1)) is None


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (21, "A0"), (108, "C8"), (66, "F#4"), (0, "C-1")])
def test_pitch_names(pitch: int, name: str) -> None:
    assert pitch_name(pitch) == name


def test_the_report_of_a_band() -> None:
    piano = track(program(0), *[event for _ in range(10) for event in (on(0, 60), off(480, 60))])
    flute = track(program(73, 1), on(0, 72, channel=1), off(480, 72, channel=1))
    drums = track(on(0, 36, channel=9), off(480, 36, channel=9), on(0, 36, channel=9), off(480, 36, channel=9))
    report = describe(read_midi(smf(piano, flute, drums)), 2.0)
    assert (report.notes, report.lowest, report.highest, report.pedal_presses) == (10, "C4", "C4", 0)
    assert report.length_s == pytest.approx(5.0)
    assert report.dropped == (
        "Drums were left out (2 notes on 1 track).",
        "Other instruments were left out (1 note on 1 track).",
    )
    assert report.warnings == ("Every note is equally loud: the continuation may sound as mechanical.",)
    assert report.context_s == 2.0
    assert 0 < report.context_tokens < report.tokens


def test_the_report_of_three_notes() -> None:
    recording = read_midi(smf(track(on(0, 60), off(480, 60), on(0, 62), off(480, 62), on(0, 110), off(480, 110))))
    report = describe(recording, 60.0)
    assert report.context_s == pytest.approx(1.5)
    assert report.context_tokens == report.tokens == encode(recording.notes).size
    assert report.tempo_bpm is None
    assert "only 3 notes" in report.warnings[0]
    assert "1 note beyond the 88 keys" in report.warnings[1]


def test_doubled_notes_are_counted() -> None:
    hands = smf(track(on(0, 60), off(480, 60)), track(on(0, 60), off(240, 60)))
    assert describe(read_midi(hands), 60.0).dropped == (
        "1 note struck on a key at the same moment as another became one with it.",
    )


@pytest.mark.parametrize(
    ("written_bpm", "is_estimated"), [(90.0, False), (120.0, True), (None, True)], ids=["set", "default", "none"]
)
def test_the_tempo_is_estimated_only_where_the_file_sets_none(written_bpm: float | None, is_estimated: bool) -> None:
    notes = melody([60, 64, 67, 72] * 12, 60 / 80)
    report = describe(Recording(notes, (), written_bpm, 0, ()), 60.0)
    assert report.tempo_is_estimated is is_estimated
    assert report.tempo_bpm == pytest.approx(80.0 if is_estimated else written_bpm, rel=0.02)


def test_a_report_of_no_notes_is_still_a_report() -> None:
    report = describe(Recording(NoteSequence.empty(), (), None, 0, ()), 60.0)
    assert (report.notes, report.tokens, report.context_s, report.lowest) == (0, 0, 0.0, "")
    assert "no notes" in report.warnings[0]


def test_the_built_in_seeds_raise_no_warning() -> None:
    catalogue = json.loads(Path("assets/seeds/seeds.json").read_text(encoding="utf-8"))
    for entry in catalogue:
        report = describe(read_midi(Path("assets/seeds") / entry["file"]), 60.0)
        assert report.warnings == (), entry["id"]
        assert report.tempo_bpm is not None
