"""What is heard at once, before and while anything is rendered: measured on the page's own audio graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.steps import set_number

OpenPage = Callable[..., Any]

# The loudest sample of the last 46 ms of what the piano plays, before the loudness of each player.
METER = """async () => {
  const { sampler } = window.musictx;
  sampler.wake();
  const meter = sampler.context.createAnalyser();
  meter.fftSize = 2048;
  sampler.output.connect(meter);
  const samples = new Float32Array(2048);
  window.level = () => {
    meter.getFloatTimeDomainData(samples);
    return samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  };
}"""
READY = "window.musictx?.sampler.state === 'ready'"
SOUNDS, SILENT = "window.level() > 0.001", "window.level() < 0.0001"
PLAYER = "document.querySelector('#stage .roll').player"


def listened(page: Any) -> Any:
    """The page with its meter, once the piano is there."""
    page.wait_for_function(READY)
    page.evaluate(METER)
    return page


def test_a_seed_sounds_without_being_rendered_and_pauses(fake_url: str, open_page: OpenPage) -> None:
    page = listened(open_page(fake_url, muted=False))
    page.click("#stage .play")
    page.wait_for_function(SOUNDS)
    assert page.evaluate(f"[{PLAYER}.isLive, {PLAYER}.url]") == [True, None]
    page.wait_for_function(f"{PLAYER}.time > 0.5")
    page.click("#stage .play")
    page.wait_for_function(SILENT)
    assert not page.evaluate(f"{PLAYER}.playing")


def test_a_take_is_heard_from_its_first_note_while_it_grows(fake_url: str, open_page: OpenPage) -> None:
    page = listened(open_page(fake_url, muted=False))
    set_number(page, "seconds", 120)
    page.click("#generate")
    page.wait_for_function(f"document.querySelector('#stage [data-phase=working]') && {PLAYER}.playing")
    page.wait_for_function(SOUNDS)
    assert page.evaluate(f"{PLAYER}.time") >= 7.9  # from where the seed ends
    page.wait_for_selector("[data-phase=done]")
    page.wait_for_selector(".files a:nth-child(4)[href]")
    # The rendered file has come: what sounds goes on as it is, and the next play is that of the file.
    assert page.evaluate(f"[{PLAYER}.playing, {PLAYER}.isLive]") == [True, True]
    page.click("#stage .play")
    held = page.evaluate(f"{PLAYER}.time")
    page.click("#stage .play")
    page.wait_for_function("!document.querySelector('#stage audio').paused")
    assert page.evaluate(f"[{PLAYER}.isLive, {PLAYER}.time]") == [False, pytest.approx(held, abs=1.5)]


def test_pause_while_it_grows_stays_paused(fake_url: str, open_page: OpenPage) -> None:
    page = listened(open_page(fake_url, muted=False))
    set_number(page, "seconds", 120)
    page.click("#generate")
    page.wait_for_function(f"{PLAYER}.playing")
    page.click("#stage .play")
    page.wait_for_selector("[data-phase=done]")
    assert not page.evaluate(f"{PLAYER}.playing")


def test_mute_is_silent_on_the_whole_page_and_kept(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url, muted=False)
    page.click("#stage .mute")
    assert page.get_attribute("#stage .mute", "aria-pressed") == "true"
    assert page.evaluate("[...document.querySelectorAll('audio')].slice(0, 1).map(({ volume }) => volume)") == [0]
    set_number(page, "seconds", 20)
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")
    assert not page.evaluate(f"{PLAYER}.playing")  # what nobody hears is not played
    page.reload()
    page.wait_for_selector("#stage .mute[aria-pressed=true]")
    page.click("#stage .mute")
    page.wait_for_function("document.querySelector('#stage audio').volume > 0.5")


def test_without_samples_a_seed_is_rendered_when_somebody_wants_to_hear_it(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.route("**/samples*", lambda route: route.fulfill(body="no pack"))
    page.evaluate("window.musictx.sampler.prepare('Sine')")
    page.wait_for_function("window.musictx.sampler.state === 'failed'")
    page.click("#stage .play")
    page.wait_for_function("document.querySelector('#stage audio').currentTime > 0.2")


def test_one_sound_at_a_time(fake_url: str, open_page: OpenPage) -> None:
    page = listened(open_page(fake_url, muted=False))
    page.click("#stage .play")
    page.wait_for_function(f"{PLAYER}.playing")
    page.click("#tabs [role=tab]:has-text('Compare')")
    page.wait_for_selector("#compare-stage .play:not([disabled])")
    page.wait_for_selector("header .behind:visible")
    page.click("#compare-stage .side:first-of-type .play")
    page.wait_for_function(f"!{PLAYER}.playing")
    assert page.evaluate("document.querySelector('#compare-stage .roll').player.playing")
