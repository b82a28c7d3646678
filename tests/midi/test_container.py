"""Damaged, irregular and foreign files: read all the same, or refused with a sentence."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.errors import MidiError
from musictx.midi.files import read_midi
from tests.midi.smf import named, off, on, pedal, program, rows, smf, tempo, track, two_notes


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG picture"),
        (b"PK\x03\x04" + bytes(200), "zip archive"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(200), "WAV recording"),
        (b"hello, this is no music at all", "does not begin with MThd"),
        (b"MThd\x00\x00", "cut off"),
        (two_notes()[:14], "no track"),
        (two_notes()[:20], "no track"),
        (two_notes()[:22], "no notes"),
        (smf(track(on(0, 60), off(480, 60)), division=0), "0 ticks"),
        (smf(track(on(0, 60), off(480, 60)), division=0xE700), "frames"),
        (smf() + track(on(0, 60), off(480, 60)) * 70_000, "70,000 tracks"),
        (smf(b"MTrk\x00\x00\x00\x04\x00\xff\xff\xff"), "damaged"),
        (smf(track(*[(0x0FFFFFFF, [0x90, 60, i % 2]) for i in range(20)])), "times beyond|hours"),
        (smf(track(tempo(0, 0xFFFFFF), on(0, 60), off(3 * 480 * 3600, 60))), "hours"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_is_no_midi_gets_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(MidiError, match=sentence):
        read_midi(content)


def test_the_sentence_names_the_file_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "holiday.mid"
    path.write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    with pytest.raises(MidiError, match=r"^holiday\.mid is not a MIDI file: it looks like a JPEG") as caught:
        read_midi(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("path", ["no-such-file.mid", ".", "a\0b.mid"])
def test_what_cannot_be_opened_gets_a_sentence(path: str) -> None:
    with pytest.raises(MidiError, match="could not be opened"):
        read_midi(path)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.mid"
    with path.open("wb") as file:
        file.truncate(65 * 2**20)  # sparse: takes no room
    with pytest.raises(MidiError, match="65 MB"):
        read_midi(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"RIFF" + struct.pack("<I", 66) + b"RMIDdata" + struct.pack("<I", 44) + two_notes(), id="RMID"),
        pytest.param(b"MThd" + struct.pack(">IHHH", 8, 1, 1, 480) + b"\0\0" + two_notes()[14:], id="longer header"),
        pytest.param(two_notes()[:10] + struct.pack(">H", 9) + two_notes()[12:], id="too many tracks said"),
        pytest.param(two_notes()[:10] + struct.pack(">H", 0) + two_notes()[12:], id="no tracks said"),
        pytest.param(two_notes()[:14] + b"XFIH\0\0\0\4abcd" + two_notes()[14:], id="alien chunk"),
        pytest.param(two_notes() + b"\0\1 rubbish after the end", id="rubbish after the end"),
        pytest.param(smf(track(on(0, 60), off(480, 60), on(0, 64), off(480, 64), end=False)), id="no end of track"),
        pytest.param(smf(two_notes()[14:], midi_format=2), id="type 2"),
    ],
)
def test_irregular_files_are_read_all_the_same(content: bytes) -> None:
    assert read_midi(content).notes == read_midi(two_notes()).notes


def test_a_velocity_above_127_is_clipped() -> None:
    assert rows(read_midi(smf(track(on(0, 60, 200), off(480, 60))))) == [(60, 127, 0.0, 0.5)]


def test_a_file_cut_anywhere_gives_what_came_before_or_a_sentence() -> None:
    content = smf(track(*[event for pitch in range(40, 60) for event in (on(0, pitch), off(480, pitch))]))
    counts = []
    for size in range(len(content)):
        try:
            recording = read_midi(content[:size])
        except MidiError:
            counts.append(0)
        else:
            assert "middle of a track" in recording.warnings[0]
            counts.append(len(recording.notes))
    assert counts == sorted(counts)
    assert (min(counts), max(counts)) == (0, 20)


@settings(max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.integers(0, 6),
    how=st.sampled_from(["flip", "insert", "remove"]),
)
def test_no_damage_escapes_as_anything_but_a_midi_error(
    changes: list[tuple[int, int]], cut: int, how: str, busy_file: bytes
) -> None:
    content = bytearray(busy_file)
    for at, byte in changes:
        at %= len(content)
        if how == "flip":
            content[at] = byte
        elif how == "insert":
            content.insert(at, byte)
        else:
            del content[at]
    content = content[: len(content) - cut]
    try:
        recording = read_midi(bytes(content))
    except MidiError as error:
        assert str(error).endswith(".")
    else:
        assert len(recording.notes) > 0


@pytest.fixture(scope="session")
def busy_file() -> bytes:
    """A bit of everything: names, tempos, pedal, running status, system exclusive, pitch bend, drums."""
    conductor = track(named(b"Tune"), tempo(0, 500_000), tempo(480, 600_000), (0, [0xFF, 0x58, 4, 4, 2, 24, 8]))
    piano = track(
        program(0), pedal(0, 127), on(0, 60), (10, [64, 70]), (10, [67, 70]), (0, [0xF0, 3, 1, 2, 0xF7]),
        (5, [0xE0, 0, 64]), off(100, 60), off(0, 64), pedal(40, 0), off(300, 67), on(200, 72), off(100, 72),
    )  # fmt: skip
    drums = track(on(0, 36, channel=9), off(100, 36, channel=9))
    return smf(conductor, piano, drums)
