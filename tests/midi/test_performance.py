"""Tempo, keys and pedal against plain loops over the same events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musictx.midi.performance import (
    first_release,
    joined_spans,
    one_sound_per_key,
    pedal_spans,
    seconds_at,
    sustained,
)

moments = st.integers(0, 60).map(lambda tenth: tenth / 10)  # few values, so that events coincide


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(10_000, 2_000_000)), max_size=6), st.integers(1, 960))
def test_seconds_are_the_sum_over_every_tick(changes: list[tuple[int, int]], division: int) -> None:
    changes.sort(key=lambda change: change[0])
    ticks = np.arange(0, 1000, 37)
    tempo_ticks = np.array([tick for tick, _ in changes], np.int64)
    tempo_us = np.array([us for _, us in changes], np.int64)
    elapsed, per_tick, expected = 0.0, 0.5 / division, []
    for tick in range(1000):
        if tick in ticks:
            expected.append(elapsed)
        for at, us in changes:
            if at == tick:
                per_tick = us / 1e6 / division
        elapsed += per_tick
    assert seconds_at(ticks, tempo_ticks, tempo_us, division) == pytest.approx(expected)


@given(st.lists(st.tuples(moments, st.integers(0, 127)), max_size=12), st.lists(moments, max_size=12), moments)
def test_the_pedal_holds_as_a_loop_over_its_events_says(
    events: list[tuple[float, int]], ends: list[float], file_end_s: float
) -> None:
    events.sort(key=lambda event: event[0])
    file_end_s = max([file_end_s, *ends])
    expected = []
    for end_s in ends:
        state = [value >= 64 for at, value in events if at <= end_s]
        releases = [at for at, value in events if at > end_s and value < 64]
        expected.append((releases or [file_end_s])[0] if state and state[-1] else end_s)
    spans = pedal_spans(np.array([at for at, _ in events]), np.array([v for _, v in events], np.int64), file_end_s)
    assert sustained(np.array(ends), *joined_spans(*spans)).tolist() == expected


@given(st.lists(st.tuples(moments, moments), max_size=10))
def test_joined_spans_cover_the_same_moments(pairs: list[tuple[float, float]]) -> None:
    spans = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    presses, releases = joined_spans(np.array([a for a, _ in spans]), np.array([b for _, b in spans]))
    assert (presses[1:] >= releases[:-1]).all()
    for moment in np.arange(0.05, 6, 0.1):
        inside = ((presses <= moment) & (moment < releases)).any()
        assert inside == any(a <= moment < b for a, b in spans)


@given(st.lists(st.tuples(st.integers(60, 61), st.booleans(), st.integers(1, 3)), max_size=24))
def test_a_note_off_ends_all_that_sounds_on_its_key(events: list[tuple[int, bool, int]]) -> None:
    tick, open_fifo, open_all, pairs, expected = 0, {60: [], 61: []}, {60: [], 61: []}, [], {}  # type: ignore[var-annotated]
    for pitch, is_on, ticks in [*events, *[(pitch, False, 1) for pitch in (60, 61) for _ in events]]:
        tick += ticks
        if is_on:
            open_fifo[pitch].append(tick)
            open_all[pitch].append(tick)
            continue
        for start in open_all[pitch]:
            expected[pitch, start] = tick
        open_all[pitch] = []
        if open_fifo[pitch]:
            pairs.append((pitch, open_fifo[pitch].pop(0), tick))
    pitch_, start_, end_ = np.array(pairs, np.int64).reshape(-1, 3).T
    if pairs:
        ends = first_release(pitch_, start_, end_)
        assert dict(zip(zip(pitch_.tolist(), start_.tolist(), strict=True), ends.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.integers(60, 62), st.integers(1, 127), moments, moments), max_size=20))
def test_one_key_sounds_once_at_a_time(rows: list[tuple[int, int, float, float]]) -> None:
    columns = np.array(rows).reshape(-1, 4).T
    struck = {(pitch, start_s) for pitch, _, start_s, _ in rows}
    pitch, velocity, start_s, end_s = one_sound_per_key(
        columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], columns[2] + columns[3]
    )
    assert sorted(struck) == list(zip(pitch.tolist(), start_s.tolist(), strict=True))
    assert (end_s > start_s).all()
    for key in np.unique(pitch):
        mine = pitch == key
        assert (end_s[mine][:-1] <= start_s[mine][1:]).all()
    for key, loudness, at in zip(pitch.tolist(), velocity.tolist(), start_s.tolist(), strict=True):
        assert loudness == max(w for p, w, s, _ in rows if (p, s) == (key, at))
