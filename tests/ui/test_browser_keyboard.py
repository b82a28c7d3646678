"""The page without a mouse: everything is reached, nothing is lost, and the space bar plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from musictx.midi.files import read_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import WATCH_FOCUS, playing, reach, set_number, show_tab

OpenPage = Callable[..., Any]
HEARD = "document.querySelector('.roll').player.time > 0.2"
FOCUSED = "() => document.activeElement.className + '#' + document.activeElement.id"


def press_into(page: Any, name: str, value: int) -> None:
    """Types into the number field that is reached with Tab."""
    reach(page, f"#{name} input[type=number]")
    page.keyboard.press("Control+A")
    page.keyboard.type(str(value))


def test_from_seed_to_midi_by_keyboard_alone(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    reach(page, "#seed input")
    page.evaluate(WATCH_FOCUS)
    page.keyboard.type("wal")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.stage-title').innerText === 'Waltz'")
    press_into(page, "seconds", 10)
    reach(page, "#more > button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#variations input[type=number]:visible")
    press_into(page, "variations", 2)
    reach(page, "#generate")
    page.keyboard.press("Enter")
    page.wait_for_selector(".files a:nth-child(5)[href]")
    assert page.evaluate(FOCUSED).endswith("#generate")
    reach(page, ".roll")
    page.keyboard.press(" ")
    page.wait_for_function(HEARD)
    reach(page, ".take-tabs [aria-selected=true]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".take-tabs button:nth-child(2)[aria-selected=true]")
    reach(page, ".files a")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    notes = read_midi(waiting.value.path().read_bytes()).notes
    assert len(notes) > len(broken_chords(6)) and notes.duration_s == pytest.approx(22, abs=0.6)
    assert page.evaluate("window.focusLost") == []


def test_stop_passes_the_focus_on(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "seconds", 180)
    page.focus("#generate")
    page.evaluate(WATCH_FOCUS)
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'stop-generating'")
    page.wait_for_function("parseInt(document.querySelector('#generate').innerText) >= 2")
    page.keyboard.press("Enter")
    page.wait_for_selector(".files a:nth-child(4)[href]")
    assert page.evaluate("window.focusLost") == []
    assert page.locator(".take-facts").inner_text().startswith("stopped")


def test_a_click_leaves_the_space_bar_to_the_player(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "seconds", 10)
    page.click("#generate")
    page.wait_for_selector(".files a:nth-child(4)[href]")
    assert page.evaluate(FOCUSED).startswith("roll#")
    page.keyboard.press(" ")
    page.wait_for_function(HEARD)
    for part in (".roll", "#temperature input[type=range]", "#preset label.selected input", ".files a"):
        before = playing(page)
        page.focus(part)
        page.keyboard.press(" ")
        page.wait_for_function("before => !document.querySelector('.roll').player.playing === before", arg=before)
    before = playing(page)
    page.focus("#seed input")
    page.keyboard.press(" ")
    page.focus("#same-seed input") if page.locator("#same-seed input").count() else page.focus("#reset")
    page.keyboard.press(" ")
    assert playing(page) == before


def test_sound_is_paused_from_every_tab(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.click(".play")
    page.wait_for_function(HEARD)
    assert page.locator(".behind").is_hidden()
    for tab in ("Compare", "Train", "About"):
        show_tab(page, tab)
        page.wait_for_selector(".behind:visible")
        page.keyboard.press(" ")
        page.wait_for_function("!document.querySelector('.roll').player.playing")
        page.click(".behind:has-text('Play Prelude')")
        page.wait_for_function("document.querySelector('.roll').player.playing")
        page.click(".behind:has-text('Pause Prelude')")
        page.wait_for_function("!document.querySelector('.roll').player.playing")
        page.click(".behind")
    page.wait_for_function("document.querySelector('.roll').player.playing")
    show_tab(page, "Compose")
    page.wait_for_selector(".behind", state="hidden")
    assert playing(page)


def test_typing_in_a_picker_filters_and_leaves_nothing_behind(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    seed = page.locator("#seed input")
    seed.click()
    page.keyboard.type("wa")
    page.wait_for_function("document.querySelectorAll('[role=option]').length === 1")
    page.keyboard.press("Escape")
    assert seed.input_value() == "Prelude"
    page.keyboard.type("nothing like it")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#seed input').value === 'Prelude'")
    assert page.locator(".stage-title").inner_text() == "Prelude"
    seed.click()
    page.keyboard.type("wa")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.stage-title').innerText === 'Waltz'")
    assert page.evaluate("document.activeElement.closest('#seed') !== null") and seed.input_value() == "Waltz"
    seed.blur()
    seed.click()
    page.wait_for_function("document.querySelectorAll('[role=option]').length === 2")  # the filter is gone


def test_play_can_begin_where_the_seed_ends(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.check(".begin input")
    page.reload()
    page.wait_for_selector(".play:not([disabled])")
    assert page.locator(".begin input").is_checked()
    page.click(".play")  # a seed has no such place
    page.wait_for_function(HEARD)
    assert page.evaluate("document.querySelector('.roll').player.time") < 5
    set_number(page, "seconds", 10)
    page.click("#generate")
    page.wait_for_selector(".files a:nth-child(4)[href]")
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 7")  # the seed has 8 s
    page.click(".play")
    page.focus(".roll")
    page.keyboard.press("Home")  # where the visitor says goes before it
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.roll').player.playing")
    assert page.evaluate("document.querySelector('.roll').player.time") < 5


def test_a_view_that_was_moved_while_it_plays_stays(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "seconds", 20)
    page.click("#generate")
    page.wait_for_selector(".files a:nth-child(4)[href]")
    page.click(".play")
    page.wait_for_function(HEARD)
    for _ in range(4):
        page.click(".zoom-in")
    page.hover(".roll")
    page.mouse.wheel(2000, 0)
    page.wait_for_function("document.querySelector('.roll').roll.goal.from > 8")
    moved = page.evaluate("document.querySelector('.roll').roll.goal.from")
    before = page.evaluate("document.querySelector('.roll').player.time")
    page.wait_for_function("before => document.querySelector('.roll').player.time > before + 1", arg=before)
    assert page.evaluate("document.querySelector('.roll').roll.goal.from") == moved
    page.keyboard.press("ArrowRight")  # a step on: the view goes along again
    page.wait_for_function(
        "() => { const { goal, playheadS } = document.querySelector('.roll').roll; "
        "return goal.from <= playheadS && playheadS <= goal.from + goal.span; }"
    )
