"""Nothing but the visitor's own wish removes a take: reloads, restarts, other seeds and failures in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from musictx.midi.files import read_midi, write_midi
from tests.ui.conftest import free_port, served
from tests.ui.fake_studio import broken_chords
from tests.ui.test_browser import download, generate, set_number

OpenPage = Callable[..., Any]
TITLE = "title => document.querySelector('.stage-title')?.innerText === title"
NOTES = "() => document.querySelector('#stage .roll').roll.layers.map((rows) => rows.length)"


def pick_seed(page: Any, title: str) -> None:
    """Picks from the picker and waits until that seed is on show."""
    page.click("#seed input")
    page.locator("[role=option]", has_text=title).click()
    page.wait_for_function(TITLE, arg=title)


def earlier(page: Any) -> list[str]:
    """The rows of the list, which is opened."""
    page.locator(".earlier").evaluate("(list) => (list.open = true)")
    rows: list[str] = page.locator(".earlier-recall").all_inner_texts()
    return rows


def begin_long_take(page: Any) -> None:
    """A run that has some seconds."""
    set_number(page, "seconds", 180)
    page.click("#generate")
    page.wait_for_function("parseInt(document.querySelector('#generate').innerText) >= 2")


def test_a_reload_brings_take_settings_and_file_back(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    page.set_input_files("#seed-panel input[type=file]", write_midi(broken_chords(2), tmp_path / "My idea.mid"))
    page.wait_for_function(TITLE, arg="My idea")
    set_number(page, "temperature", 1.35)
    generate(page, seconds=7)
    facts, notes = page.locator(".take-facts").inner_text(), page.evaluate(NOTES)
    page.reload()
    page.wait_for_selector("[data-phase=done]")
    page.wait_for_selector(".files a:nth-child(3)[href]")
    assert page.evaluate(NOTES) == notes
    for fact in ("7 s of music", facts.split(" · ")[-1]):
        assert fact in page.locator(".take-facts").inner_text()
    assert page.locator(".stage-title").inner_text() == "My idea"
    assert page.locator("#seed input").input_value() == "My idea · your file"
    values = [page.locator(f"#{name} input[type=number]").input_value() for name in ("temperature", "seconds")]
    assert values == ["1.35", "7"]
    page.wait_for_selector("#preset label.selected:has-text('Custom')")
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.2")
    assert len(read_midi(download(page, "MIDI")[1].read_bytes()).notes) == sum(notes)
    generate(page, seconds=5)  # goes on from the visitor's file
    assert page.locator(".stage-title").inner_text() == "My idea" and len(earlier(page)) == 2


def test_a_restart_of_the_server_loses_nothing(chromium: Any, tmp_path: Path) -> None:
    port, page = free_port(), chromium.new_page()  # not open_page: its script says that the connection is lost
    page.set_default_timeout(45_000)
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    with served("fake", tmp_path / "first", port) as url:
        page.goto(url)
        page.wait_for_selector(".play:not([disabled])")
        generate(page, seconds=6)
        notes = page.evaluate(NOTES)
    with served("fake", tmp_path / "second", port) as url:
        page.goto(url)
        page.wait_for_selector("[data-phase=done]")
        page.wait_for_selector(".files a:nth-child(3)[href]")
        assert page.evaluate(NOTES) == notes and len(earlier(page)) == 1
    page.close()


def test_another_seed_in_the_middle_of_a_run_stops_it_and_keeps_it(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    begin_long_take(page)
    pick_seed(page, "Waltz")
    page.wait_for_function("document.querySelector('#generate').innerText === 'Generate'")
    assert "stopped for another seed" in page.locator(".take-facts").inner_text()
    (row,) = earlier(page)
    assert row.startswith("Prelude")
    generate(page, seconds=5)
    assert page.locator(".stage-title").inner_text() == "Waltz"
    join_s = page.evaluate("document.querySelector('#stage .roll').roll.joinS")
    assert 11 < join_s < 13  # after the waltz's six bars, not the prelude's four
    page.locator(".earlier-recall", has_text="Prelude").click()
    page.wait_for_function(TITLE, arg="Prelude")
    page.wait_for_selector("[data-phase=done]")
    assert page.locator(".take-facts").inner_text().startswith("stopped")
    assert page.locator("#seed input").input_value() == "Prelude"
    page.wait_for_selector(".play:not([disabled])")


def test_a_run_that_brings_nothing_leaves_what_was_there(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    generate(page, seconds=5)
    facts, links = page.locator(".take-facts").inner_text(), page.locator(".files a[href]").count()
    set_number(page, "temperature", 0)  # the fake then writes no note
    page.click("#generate")
    page.wait_for_selector(".roll-problem:not([hidden])")
    page.click(".roll-problem-close")
    page.wait_for_selector("[data-phase=done]")
    assert page.locator(".take-facts").inner_text() == facts
    page.wait_for_function("count => document.querySelectorAll('#stage .files a[href]').length >= count", arg=links)
    assert len(earlier(page)) == 1


def test_a_take_is_removed_by_the_visitor_alone_and_asked_back(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    generate(page, seconds=5)
    pick_seed(page, "Waltz")
    assert len(earlier(page)) == 1
    page.click(".earlier-remove")
    assert len(earlier(page)) == 1 and page.locator(".earlier-remove").inner_text() == "Remove for good"
    page.click(".earlier-remove")
    page.wait_for_selector(".earlier", state="hidden")
    page.reload()
    page.wait_for_function(TITLE, arg="Waltz")  # the seed that was on show
    assert page.locator(".earlier").is_hidden()


def test_without_a_store_the_takes_last_as_long_as_the_page(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.evaluate(
        """() => {
          const whole = Storage.prototype.setItem;
          Storage.prototype.setItem = function (name, value) {
            if (/-(take|own|shown)/.test(name)) throw new DOMException("full", "QuotaExceededError");
            whole.call(this, name, value);
          };
        }"""
    )
    generate(page, seconds=5)
    pick_seed(page, "Waltz")
    assert len(earlier(page)) == 1
    page.click(".earlier-recall")
    page.wait_for_function(TITLE, arg="Prelude")
    page.wait_for_selector("[data-phase=done]")


def test_the_oldest_takes_make_room(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.evaluate(
        """() => window.musictx.keep.put(Array.from({ length: 30 }, (_, index) => (
          { id: `${index}`, made: index, title: `Old ${index}`, facts: '5 s', data: 'x' })))"""
    )
    assert len(earlier(page)) == 24
    assert earlier(page)[0].startswith("Old 29") and earlier(page)[-1].startswith("Old 6")
