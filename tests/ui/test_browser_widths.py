"""Every width from a small phone to a wide screen: nothing is wider than the window, and first sight holds the roll."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musictx.midi.files import write_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import bring_seed, open_more, refuse, set_number, show_tab

OpenPage = Callable[..., Any]
NARROWEST, WIDEST, STEP, HEIGHT = 320, 1600, 40, 860
# Where a style sheet changes its mind, in pixels of the window: the widths on both sides of each are looked at.
BREAKS = """() => {
  const found = new Set();
  const widths = (rule) => (rule.media?.mediaText ?? '').matchAll(/width: ([0-9.]+)px/g);
  const read = (rules) => [...rules].forEach((rule) => {
    for (const [, px] of widths(rule)) found.add(Math.round(Number(px)));
    if (rule.cssRules) read(rule.cssRules);
  });
  for (const sheet of document.styleSheets) try { read(sheet.cssRules); } catch { /* of another origin */ }
  return [...found];
}"""
# What reaches beyond the window, unless it lies in something that scrolls by itself.
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const cut = (part) => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(part).overflowX);
  const scrolls = (part) => part && (cut(part) || scrolls(part.parentElement));
  const isOut = (part) => part.checkVisibility() && part.getBoundingClientRect().right > wide + 0.5;
  const out = [...document.querySelectorAll('body *')].filter((part) => isOut(part) && !scrolls(part.parentElement));
  return [document.documentElement.scrollWidth, ...out.slice(0, 3).map((part) => part.outerHTML.slice(0, 80))];
}"""


def too_wide(page: Any) -> dict[int, Any]:
    """Widths at which something sticks out, and what."""
    breaks = [edge + beside for edge in page.evaluate(BREAKS) for beside in (-1, 0, 1)]
    widths = {*range(NARROWEST, WIDEST + 1, STEP), *(width for width in breaks if NARROWEST <= width <= WIDEST)}
    found = {}
    for width in sorted(widths):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if sticks_out := page.evaluate(WIDER):
            found[width] = sticks_out
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    return found


def test_compose_fits_every_width_in_every_state(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    assert too_wide(page) == {}
    refuse(page)
    assert too_wide(page) == {}
    bring_seed(page, write_midi(broken_chords(2), tmp_path / f"{'a-long-name-' * 15}.mid"))
    open_more(page)
    set_number(page, "variations", 4)
    set_number(page, "seconds", 170)
    page.click("#generate")
    page.wait_for_selector("[data-phase=working]")
    assert too_wide(page) == {}
    page.evaluate("document.querySelector('#stop-generating').click()")  # unless it is done already
    page.wait_for_selector(".files a:nth-child(5)[href]", timeout=120_000)
    assert too_wide(page) == {}


def test_compare_fits_every_width_in_every_state(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    show_tab(page, "Compare")
    page.wait_for_selector("#compare-stage .play:not([disabled])")
    for letter in "ab":
        page.click(f"#{letter}-more > button")
    assert too_wide(page) == {}
    page.click("#blind label")
    page.click("#compare-generate")
    page.wait_for_selector("#compare-stage .side:last-of-type .files a:nth-child(4)[href]")
    assert too_wide(page) == {}
    page.click(".vote[data-side='1']")
    page.wait_for_selector(".ballot[data-asks=false]")
    assert too_wide(page) == {}
    refuse(page, "#compare-seed-panel")
    assert too_wide(page) == {}


def test_train_and_about_fit_every_width(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    show_tab(page, "About")
    page.wait_for_selector(".about:visible")
    assert too_wide(page) == {}
    show_tab(page, "Train")
    page.wait_for_selector("#dataset .drop")
    page.click("#train-more > button")
    assert too_wide(page) == {}
    pieces = [write_midi(broken_chords(bars), tmp_path / f"{'long-' * 30}{bars}.mid") for bars in (4, 6)]
    page.set_input_files("#train-dataset input[type=file]", pieces)
    page.wait_for_selector("#dataset [data-phase=report]")
    page.wait_for_selector("#start:not([disabled])")
    page.click("#start")
    page.wait_for_selector("#run path.training")
    assert too_wide(page) == {}
    page.wait_for_selector("#run [data-phase=finished]")
    page.click("#outcome .duel")
    page.wait_for_selector("#listen .guess-b:visible")
    assert too_wide(page) == {}


def test_first_sight_on_a_phone(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url, width=390, height=844, has_touch=True, is_mobile=True)
    assert "continues your piano music" in page.locator(".what").inner_text()
    box, bar = page.locator(".roll").bounding_box(), page.locator("#generate").bounding_box()
    assert box["y"] + box["height"] < 844 + bar["y"]  # after one swipe all of it stands above the button
    assert box["height"] >= 300
    page.click(".report .found > summary")
    page.click(".report .terms > summary")
    assert "a key struck or released" in page.locator(".report .terms p").inner_text()


def test_a_long_name_takes_one_line(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    lines = page.locator(".stage-title").evaluate("title => title.clientHeight")
    name = ("so long a name that no line holds it " * 5)[:180]
    bring_seed(page, write_midi(broken_chords(2), tmp_path / f"{name.strip()}.mid"))
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        title = page.locator(".stage-title")
        assert title.evaluate("title => title.clientHeight") == pytest.approx(lines, abs=2)
        assert title.evaluate("title => title.scrollWidth > title.clientWidth")
        assert title.get_attribute("title") == name.strip()
