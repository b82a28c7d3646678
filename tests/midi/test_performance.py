"""Tempo and the one sound a key against plain loops; the whole player is tested in `test_player.py`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictx.midi.clock import seconds_at
from musictx.midi.performance import one_sound_per_key

moments = st.integers(0, 60).map(lambda tenth: tenth / 10)  # few values, so that events coincide


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(10_000, 2_000_000)), max_size=6), st.integers(1, 960))
def test_seconds_are_the_sum_over_every_tick(changes: list[tuple[int, int]], division: int) -> None:
    changes.sort(key=lambda change: change[0])
    ticks = np.arange(0, 1000, 37)
    tempo_ticks = np.array([tick for tick, _ in changes], np.int64)
    tempo_us = np.array([us for _, us in changes], np.float64)
    elapsed, per_tick, expected = 0.0, 0.5 / division, []
    for tick in range(1000):
        if tick in ticks:
            expected.append(elapsed)
        for at, us in changes:
            if at == tick:
                per_tick = us / 1e6 / division
        elapsed += per_tick
    assert seconds_at(ticks, tempo_ticks, tempo_us, division) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(60, 62), st.integers(1, 127), moments, moments, st.booleans()), max_size=20))
def test_one_key_sounds_once_at_a_time(rows: list[tuple[int, int, float, float, bool]]) -> None:
    columns = np.array(rows).reshape(-1, 5).T
    struck = {(pitch, start_s) for pitch, _, start_s, _, _ in rows}
    pitch, velocity, start_s, end_s = one_sound_per_key(
        columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], columns[2] + columns[3], columns[4] > 0
    )
    assert sorted(struck) == list(zip(pitch.tolist(), start_s.tolist(), strict=True))
    assert (end_s > start_s).all()
    for key in np.unique(pitch):
        mine = pitch == key
        assert (end_s[mine][:-1] <= start_s[mine][1:]).all()
    for key, loudness, at in zip(pitch.tolist(), velocity.tolist(), start_s.tolist(), strict=True):
        assert loudness == max(w for p, w, s, _, _ in rows if (p, s) == (key, at))


def test_of_overlapping_notes_the_later_lasts_as_long_as_any() -> None:
    def ends(*notes: tuple[float, float, bool]) -> list[float]:
        start_s, end_s = (np.array([note[column] for note in notes], np.float64) for column in (0, 1))
        pitch = np.full(len(notes), 60)
        return one_sound_per_key(pitch, pitch, start_s, end_s, np.array([note[2] for note in notes]))[3].tolist()

    assert ends((0.0, 3.0, False), (1.0, 1.2, False)) == [1.0, 3.0]
    assert ends((0.0, 3.0, False), (1.0, 1.2, False), (2.0, 2.1, False)) == [1.0, 2.0, 3.0]
    assert ends((0.0, 3.0, True), (1.0, 1.2, False)) == [1.0, 1.2]  # nobody knows how long the first was held
    assert ends((0.0, 3.0, False), (3.0, 3.2, False)) == [3.0, 3.2]
