"""The page under fingers: Chromium gets touches as a screen would send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from musictx.midi.files import read_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import refuse, set_number
from tests.waiting import until

OpenPage = Callable[..., Any]
Point = tuple[float, float]
VIEW = "() => { const { from, span } = document.querySelector('.roll').roll.goal; return [from, span]; }"
TIME_AT = "x => document.querySelector('.roll').roll.timeAt(x)"
PLAYHEAD = "() => document.querySelector('.roll').roll.playheadS"
SETTLED = """() => { const { goal, view } = document.querySelector('.roll').roll;
  return Math.abs(goal.from - view.from) < 0.01 && Math.abs(goal.span - view.span) < 0.01; }"""


class Fingers:
    """Sends touches to `page`."""

    def __init__(self, page: Any) -> None:
        self._page, self._client = page, page.context.new_cdp_session(page)

    def move(self, *paths: tuple[Point, Point], steps: int = 12) -> None:
        """One finger for each (from, to): all go down, move together and are lifted."""
        for step in range(steps + 1):
            share = step / steps
            now = [(a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in paths]
            self._send("touchMove" if step else "touchStart", now)
        self._send("touchEnd", [])

    def tap(self, selector: str) -> None:
        """In the middle of the first such thing, which is brought into sight."""
        part = self._page.locator(selector).first
        part.scroll_into_view_if_needed()
        part.tap()

    def _send(self, kind: str, points: Sequence[Point]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def open_phone(open_page: OpenPage, url: str) -> tuple[Any, Fingers]:
    """The page on a phone, and the fingers on it."""
    page = open_page(url, width=390, height=844, has_touch=True, is_mobile=True)
    return page, Fingers(page)


def middle_of_roll(page: Any) -> Point:
    """Brought to the middle of the screen."""
    page.evaluate("document.querySelector('.roll').scrollIntoView({ block: 'center', behavior: 'instant' })")
    page.wait_for_function(SETTLED)
    box = page.locator(".roll").bounding_box()
    return box["x"] + 46 + (box["width"] - 46) / 2, box["y"] + box["height"] / 2


def generate(page: Any, fingers: Fingers) -> None:
    """Ten seconds of music, downloads and all."""
    set_number(page, "seconds", 10)
    fingers.tap("#generate")
    page.wait_for_selector(".files a:nth-child(4)[href]")


@pytest.mark.parametrize("upright", [False, True])
def test_two_fingers_zoom_where_they_are(fake_url: str, open_page: OpenPage, upright: bool) -> None:
    page, fingers = open_phone(open_page, fake_url)
    generate(page, fingers)
    x, y = middle_of_roll(page)
    (_, before), under, scrolled = page.evaluate(VIEW), page.evaluate(TIME_AT, x), page.evaluate("scrollY")
    near, far = 20, 80
    one, two = ((0, 1), (0, -1)) if upright else ((1, 0), (-1, 0))
    fingers.move(
        *(((x + near * dx, y + near * dy), (x + far * dx, y + far * dy)) for dx, dy in (one, two)),
    )
    page.wait_for_function(SETTLED)
    _, span = page.evaluate(VIEW)
    assert span == pytest.approx(before * near / far, rel=0.1)
    assert page.evaluate(TIME_AT, x) == pytest.approx(under, abs=0.1)
    assert page.evaluate("scrollY") == scrolled
    fingers.move(*(((x + 90 * dx, y + 90 * dy), (x + 9 * dx, y + 9 * dy)) for dx, dy in (one, two)))
    page.wait_for_function("document.querySelector('.roll').roll.fitted")


def test_a_swipe_moves_a_closer_view_and_a_tap_seeks(fake_url: str, open_page: OpenPage) -> None:
    page, fingers = open_phone(open_page, fake_url)
    generate(page, fingers)
    for _ in range(3):
        fingers.tap(".zoom-in")
    x, y = middle_of_roll(page)
    (from_s, span), head = page.evaluate(VIEW), page.evaluate("document.querySelector('.roll').player.time")
    across = page.locator(".roll").bounding_box()["width"] - 46
    fingers.move(((x + 60, y), (x - 60, y)))
    page.wait_for_function(SETTLED)
    assert page.evaluate(VIEW) == pytest.approx([from_s + 120 / across * span, span], rel=0.02)
    assert page.evaluate("document.querySelector('.roll').player.time") == head  # it was no tap
    expected = page.evaluate(TIME_AT, x)

    def is_there() -> bool:
        page.touchscreen.tap(x, y)  # the first may only end what the swipe had set going
        return bool(abs(page.evaluate(PLAYHEAD) - expected) < 0.1)

    until(is_there)


def test_the_page_scrolls_over_the_roll_and_a_fitted_roll_is_scrubbed(fake_url: str, open_page: OpenPage) -> None:
    page, fingers = open_phone(open_page, fake_url)
    generate(page, fingers)
    x, y = middle_of_roll(page)
    scrolled = page.evaluate("scrollY")
    fingers.move(((x, y + 80), (x, y - 80)))
    page.wait_for_function("before => scrollY > before + 40", arg=scrolled)
    x, y = middle_of_roll(page)
    expected = page.evaluate(TIME_AT, x + 70)
    fingers.move(((x - 60, y), (x + 70, y)))
    page.wait_for_function(
        "time => Math.abs(document.querySelector('.roll').roll.playheadS - time) < 0.1", arg=expected
    )
    assert page.evaluate("document.querySelector('.roll').roll.fitted")


def test_a_refused_file_is_told_where_the_eye_is(fake_url: str, open_page: OpenPage) -> None:
    page, _ = open_phone(open_page, fake_url)
    assert page.evaluate("scrollY") == 0
    refuse(page)
    page.wait_for_function(
        """() => {
          const { top, bottom } = document.querySelector('.roll-problem').getBoundingClientRect();
          const bar = document.querySelector('#generate').getBoundingClientRect().top;
          return top >= 0 && bottom <= bar;
        }"""
    )


def test_from_seed_to_midi_by_touch(fake_url: str, open_page: OpenPage) -> None:
    page, fingers = open_phone(open_page, fake_url)
    fingers.tap("#seed input")
    fingers.tap("[role=option]:has-text('Waltz')")
    page.wait_for_function("document.querySelector('.stage-title').innerText === 'Waltz'")
    fingers.tap("#more > button")
    set_number(page, "variations", 2)
    fingers.tap("#more > button")
    generate(page, fingers)
    fingers.tap(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.3")
    fingers.tap(".take-tabs button:nth-child(2)")
    page.wait_for_selector(".take-tabs button:nth-child(2)[aria-selected=true]")
    fingers.tap(".play")
    page.wait_for_function("!document.querySelector('.roll').player.playing")
    with page.expect_download() as waiting:
        fingers.tap(".files a:has-text('MIDI')")
    notes = read_midi(waiting.value.path().read_bytes()).notes
    assert len(notes) > len(broken_chords(6)) and notes.duration_s == pytest.approx(22, abs=0.6)
