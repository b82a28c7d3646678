"""Every reading against an independent one: mido parses the same file and a plain loop plays it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from musictx.midi.files import read_midi
from tests.midi.player import play
from tests.midi.smf import Event, delta, smf

PITCHES, CHANNELS = (60, 61, 64), (0, 1, 9)
CONTROLS = (1, 7, 64, 64, 64, 66, 66, 67, 120, 121, 123, 124)

deltas = st.sampled_from((0, 0, 0, 1, 10, 96, 127, 128, 480))
channels = st.sampled_from(CHANNELS)
strikes = st.builds(
    lambda ch, key, loud: [0x90 | ch, key, loud], channels, st.sampled_from(PITCHES), st.integers(0, 127)
)
releases = st.builds(lambda ch, key: [0x80 | ch, key, 64], channels, st.sampled_from(PITCHES))
controls = st.builds(
    lambda ch, number, value: [0xB0 | ch, number, value],
    channels,
    st.sampled_from(CONTROLS),
    st.sampled_from((0, 20, 63, 64, 100, 127)),
)
others = st.sampled_from(
    [
        [0xFF, 0x51, 3, 6, 0x1A, 0x80],  # 400,000 microseconds a quarter note
        [0xFF, 0x51, 3, 0x0C, 0x35, 0],  # 800,000
        [0xFF, 0x01, 2, 0x41, 0x42],
        [0xF0, 3, 1, 2, 0xF7],
        [0xE0, 0, 64],
        [0xD1, 9],
        [0xA0, 60, 1],
    ]
)
events = st.tuples(deltas, st.one_of(strikes, strikes, releases, releases, controls, controls, others))
tracks = st.lists(events, max_size=40)


def written(rows: list[Event], running: bool) -> bytes:
    """A track of these events, with running status where it may be used."""
    body, status = b"", 0
    for ticks, data in rows:
        data = list(data)
        body += delta(ticks) + bytes(data[1:] if running and data[0] == status else data)
        status = data[0] if data[0] < 0xF0 else 0
    body += bytes([0, 0xFF, 0x2F, 0])
    return b"MTrk" + len(body).to_bytes(4, "big") + body


@settings(max_examples=400)
@given(st.lists(tracks, min_size=1, max_size=3), st.booleans(), st.sampled_from((96, 480)))
def test_an_independent_player_hears_the_same(rows: list[list[Event]], running: bool, division: int) -> None:
    sounding: Event = (480, [0x90, 72, 80])  # so that there is music, and its end is not far from the last strike
    rows = [[*rows[0], sounding, (480, [0x80, 72, 0])], *rows[1:]]
    content = smf(*(written(row, running) for row in rows), division=division)
    wanted, notes = play(content), read_midi(content).notes
    assert notes.pitch.tolist() == [pitch for pitch, *_ in wanted]
    assert notes.velocity.tolist() == [velocity for _, velocity, *_ in wanted]
    assert np.allclose(notes.start_s, [start for *_, start, _ in wanted], atol=1e-3, rtol=0)
    assert np.allclose(notes.end_s, [end for *_, end in wanted], atol=1e-3, rtol=0)
