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
