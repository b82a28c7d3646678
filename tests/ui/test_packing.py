"""Notes on their way to the browser."""

from __future__ import annotations

import base64

import numpy as np

from musictx.midi.notes import NoteSequence
from musictx.ui.player.packing import NoteStream, pack


def unpack(packed: str) -> list[tuple[int, int, int, int]]:
    """(pitch, velocity, start ms, length ms), as roll.js reads them."""
    rows = np.frombuffer(base64.b64decode(packed), np.uint8).reshape(-1, 9).astype(int)
    weights = np.array([65536, 256, 1])
    return [(int(r[0]), int(r[1]), int(r[2:5] @ weights), int(r[5:8] @ weights)) for r in rows]


def test_pack_keeps_pitch_velocity_and_milliseconds() -> None:
    notes = NoteSequence.from_tuples([(21, 1, 0, 0.25), (108, 127, 1200.5, 1300.001)])
    assert unpack(pack(notes)) == [(21, 1, 0, 250), (108, 127, 1_200_500, 99_501)]


def test_packed_parts_can_be_joined() -> None:
    first, second = NoteSequence.from_tuples([(60, 64, 0, 1)]), NoteSequence.from_tuples([(62, 64, 1, 2)])
    assert unpack(pack(first) + pack(second)) == unpack(pack(first)) + unpack(pack(second))


def test_stream_only_appends_and_ends_with_every_note_once() -> None:
    random = np.random.default_rng(5)
    start = np.sort(random.uniform(0, 20, 200))
    pitch, velocity = random.integers(21, 109, 200, np.int16), random.integers(1, 128, 200, np.int16)
    whole = NoteSequence(pitch, velocity, start, start + random.uniform(0.05, 4, 200))
    stream, before = NoteStream(), ""
    for reached_s in np.arange(0.5, 25, 0.5):
        stream.update(whole.between(0, reached_s), finished=False)
        assert stream.settled.startswith(before)
        before = stream.settled
    stream.update(whole, finished=True)
    assert stream.settled.startswith(before) and stream.open == ""
    assert sorted(unpack(stream.settled)) == sorted(unpack(pack(whole)))


def test_a_held_note_is_open_until_it_ends() -> None:
    stream = NoteStream()
    stream.update(NoteSequence.from_tuples([(60, 64, 0, 1), (64, 64, 0, 2)]), finished=False)
    assert [row[0] for row in unpack(stream.settled)] == [60]
    assert unpack(stream.open) == [(64, 64, 0, 2000)]
    stream.update(NoteSequence.from_tuples([(60, 64, 0, 1), (64, 64, 0, 3), (67, 64, 3, 4)]), finished=False)
    assert unpack(stream.settled)[-1] == (64, 64, 0, 3000)
