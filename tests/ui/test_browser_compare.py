"""The Compare tab in a real browser, over the real studio with random weights: blind, by ear, then revealed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from musictx.midi.files import read_midi, write_midi
from tests.ui.fake_studio import broken_chords

STATE = "() => [...document.querySelectorAll('#compare-stage .roll')].map(({player}) => [!player.playing, player.time])"
PLACES = """() => ['.side .roll', '.ballot', '.side:last-of-type .roll', '.side:last-of-type .files'].map(
  (each) => document.querySelector('#compare-stage ' + each).getBoundingClientRect().top + window.scrollY)"""
COVERED = """() => {
  const last = [...document.querySelectorAll('#tabs > .tab-wrapper [role=tab]')].at(-1);
  return last.getBoundingClientRect().right > document.querySelector('.theme-switch').getBoundingClientRect().left;
}"""


def texts(page: Any, name: str) -> list[str]:
    """What two elements say, of A's side and of B's."""
    found: list[str] = page.locator(f"#compare-stage {name}").all_inner_texts()
    return found


def test_two_are_heard_blind_and_then_told_apart(tiny_url: str, open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page(tiny_url, width=390, height=844, has_touch=True)
    assert not page.evaluate(COVERED)
    page.click("[role=tab]:has-text('Compare')")
    page.wait_for_selector("#compare-stage .play:not([disabled])")  # the seed can be heard
    page.set_input_files("#compare-seed-panel input[type=file]", write_midi(broken_chords(), tmp_path / "idea.mid"))
    page.wait_for_function("document.querySelector('#compare-stage .stage-title').innerText === 'idea'")
    bad = {"name": "song.mp3", "mimeType": "audio/midi", "buffer": b"ID3" + bytes(200)}
    page.set_input_files("#compare-seed-panel input[type=file]", bad)
    page.wait_for_function(
        "document.querySelector('#compare-stage .roll-problem:not([hidden])')?.innerText.includes('.mid')"
    )
    field = page.locator("#compare-seconds input[type=number]")
    field.fill("8")
    field.press("Tab")
    page.click("#blind label")
    before = page.evaluate(PLACES)

    page.click("#compare-generate")
    page.wait_for_selector("#compare-stage [data-phase=done]")
    page.wait_for_selector("#compare-stage .side:last-of-type .files a:nth-child(3)[href]")
    assert texts(page, ".side-label") == ["X", "Y"] and texts(page, ".side-score") == ["", ""]
    assert "Tiny" not in page.locator("#compare-stage").inner_text()
    assert [round(after - place) for after, place in zip(page.evaluate(PLACES), before, strict=True)] == [0, 0, 0, 0]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.click("#compare-stage .play")
    page.wait_for_function("document.querySelector('#compare-stage .roll').player.time > 1")
    page.keyboard.press("2")  # at the same second in the other
    page.wait_for_function("document.querySelectorAll('#compare-stage .roll')[1].player.playing")
    (paused, first_s), (_, second_s) = page.evaluate(STATE)
    assert paused and first_s > 1 and second_s > first_s - 0.001  # the browser counts in microseconds

    page.click(".vote[data-side='1']")
    page.wait_for_selector(".ballot[data-asks=false]")
    labels = texts(page, ".side-label")
    assert sorted(labels) in (["X was A", "Y was B"], ["X was B", "Y was A"])
    names = texts(page, ".side-name")
    assert sorted(names) == ["Tiny · Balanced", "Tiny · Creative"]
    assert f"You preferred Y, {names[1]}. {names[1]} preferred 1 of 1." in texts(page, ".ballot-words")[0]
    assert all("nats a token" in score for score in texts(page, ".side-score"))
    assert all("random seed" in facts for facts in texts(page, ".side-facts"))
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")  # from behind the fixed buttons
    with page.expect_download() as waiting:
        page.click("#compare-stage .side:last-of-type .files a:has-text('MIDI')")
    assert re.fullmatch(r"idea-y-seed\d+\.mid", waiting.value.suggested_filename)
    assert len(read_midi(waiting.value.path().read_bytes()).notes) > 64

    page.click("[role=tab]:has-text('Compose')")
    page.wait_for_selector("#generate:visible")
    page.click("[role=tab]:has-text('Compare')")
    page.wait_for_selector("#compare-stage:visible")
    assert texts(page, ".side-label") == labels  # nothing is lost on the way
