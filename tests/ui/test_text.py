"""Numbers and sentences of the page."""

from __future__ import annotations

import pytest

from musictx.midi.notes import NoteSequence
from musictx.ui import text


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (12.4, "12 s"), (119.4, "119 s"), (119.6, "2:00"), (754, "12:34")]
)
def test_length(seconds: float, words: str) -> None:
    assert text.length(seconds) == words


def test_clock_does_not_lose_a_second_to_rounding() -> None:
    assert text.clock(59.9999) == "1:00"
    assert text.clock(61.2) == "1:01"


def test_count() -> None:
    assert [text.count(1, "note"), text.count(1204, "note")] == ["1 note", "1,204 notes"]
    assert text.count(3, "press", "presses") == "3 presses"


def test_summary_says_what_the_roll_shows() -> None:
    seed = NoteSequence.from_tuples([(60, 80, 0, 1), (72, 60, 1, 2)])
    said = text.summary("Waltz", seed, NoteSequence.from_tuples([(48, 90, 2.0, 4.0)]))
    assert said.startswith("Waltz. Seed: 2 notes in 2 s, from C4 to C5, about 1.0 notes a second")
    assert "Continuation: 1 note in 2 s, from C3 to C3" in said
    assert text.summary("Nothing", NoteSequence.empty(), None) == "Nothing. Seed: no notes."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3540, "59 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (260_000, "3 days"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert text.duration(seconds) == words
    assert text.about(seconds) == f"about {words}"


def test_minutes_of_music() -> None:
    assert [text.minutes(value) for value in (0.44, 9.9, 9.97, 200)] == ["0.4 min", "9.9 min", "10 min", "3 h 20 min"]


def test_places_in_a_queue() -> None:
    assert [text.place(number) for number in (1, 2, 10, 11, 12, 21, 22, 103, 112)] == [
        "next", "second", "tenth", "11th", "12th", "21st", "22nd", "103rd", "112th",
    ]  # fmt: skip


def test_file_sizes_up_to_gigabytes() -> None:
    assert [text.file_size(size) for size in (4000, 2_500_000, 9_800_000_000)] == ["4 kB", "2.5 MB", "9.8 GB"]
