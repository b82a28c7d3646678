"""A seed that is played on the page: by letters, by mouse, on a MIDI keyboard that the tests pretend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from musictx.midi.files import read_midi

OpenPage = Callable[..., Any]

# Web MIDI with one keyboard, whose messages a test sends by `midi(...)`.
MIDI = """() => {
  const input = { name: "Upright 88", state: "connected", onmidimessage: null };
  navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", input]]), onstatechange: null });
  window.midi = (...data) => input.onmidimessage({ data, timeStamp: performance.now() });
}"""
WORDS = ".record-words"


def opened(page: Any) -> Any:
    """The page with its recorder open."""
    page.click("#play-seed")
    page.wait_for_selector(".record:visible")
    return page


def play(page: Any, letters: str) -> None:
    """Letters one after another."""
    for letter in letters:
        page.keyboard.down(letter)
        page.wait_for_timeout(60)
        page.keyboard.up(letter)


def saved(page: Any) -> Any:
    """The notes of what Save gives."""
    with page.expect_download() as waiting:
        page.click(".record-save")
    return read_midi(waiting.value.path().read_bytes()).notes


def test_a_phrase_is_a_seed_two_clicks_later(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.click(".record-start")
    play(page, "asdfghjk")
    assert page.evaluate("document.querySelector('#stage .roll').roll.layers[0].length") == 8
    page.click(".record-start")
    page.click(".record-use")
    page.wait_for_function("document.querySelector('#stage .stage-title').textContent.startsWith('Played at')")
    page.wait_for_selector(".record", state="hidden")
    assert "C4 – C5" in page.locator("#seed-report").inner_text()
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")


def test_what_was_played_can_be_trimmed_and_saved(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.click(".record-start")
    play(page, "asd")
    page.wait_for_timeout(700)
    play(page, "k")
    page.click(".record-start")
    assert saved(page).pitch.tolist() == [60, 62, 64, 72]
    page.locator(".record-trim input >> nth=0").fill("0.7")
    assert saved(page).pitch.tolist() == [72]
    page.locator(".record-trim input >> nth=0").fill("0")
    assert saved(page).pitch.tolist() == [60, 62, 64, 72]
    page.click(".record-start")
    play(page, "h")
    page.click(".record-start")
    assert saved(page).pitch.tolist() == [69]


def test_a_midi_keyboard_with_velocity_and_pedal(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.evaluate(MIDI)
    opened(page).click(".record-connect")
    page.wait_for_function("document.querySelector('.record-midi-words').textContent.includes('Upright 88')")
    page.click(".record-start")
    for data in ((0x90, 60, 33), (0xB0, 64, 127), (0x80, 60, 0)):
        page.evaluate("(data) => window.midi(...data)", data)
    page.wait_for_timeout(400)
    for data in ((0x90, 67, 110), (0xB0, 64, 0), (0x90, 67, 0)):
        page.evaluate("(data) => window.midi(...data)", data)
    page.click(".record-start")
    notes = saved(page)
    assert (notes.pitch.tolist(), notes.velocity.tolist()) == ([60, 67], [33, 110])
    assert notes.end_s[0] >= notes.start_s[1] >= 0.35  # the pedal held it


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ("undefined", "no Web MIDI"),
        ("async () => { throw new DOMException('', 'SecurityError'); }", "was told not to"),
        ("async () => ({ inputs: new Map() })", "Plug one in"),
    ],
)
def test_why_no_midi_keyboard_is_heard_is_said(fake_url: str, open_page: OpenPage, access: str, words: str) -> None:
    page = open_page(fake_url)
    page.evaluate(f"() => {{ navigator.requestMIDIAccess = {access}; }}")
    opened(page).click(".record-connect")
    page.wait_for_function(
        "words => document.querySelector('.record-midi-words').textContent.includes(words)", arg=words
    )


def test_mouse_and_fingers_play_and_lower_is_louder(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.click(".record-start")
    for share in (0.75, 0.95):
        key = page.locator(".keyboard [data-pitch='64']").bounding_box()
        page.mouse.move(key["x"] + key["width"] / 2, key["y"] + key["height"] * share)
        page.mouse.down()
        page.wait_for_selector(".keyboard .down[data-pitch='64']")
        page.mouse.up()
    page.click(".record-start")
    soft, loud = saved(page).velocity.tolist()
    assert soft < loud


def test_a_click_gives_the_recording_its_tempo(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.check(".record-click")
    page.fill(".record-tempo input", "150")
    page.click(".record-start")
    assert "count in" in page.locator(WORDS).inner_text()
    page.wait_for_function(f"document.querySelector('{WORDS}').textContent.startsWith('Recording')")
    page.keyboard.press("a")
    page.click(".record-start")
    with page.expect_download() as waiting:
        page.click(".record-save")
    content = waiting.value.path().read_bytes()
    assert content[content.index(b"\xff\x51\x03") + 3 :][:3] == (400_000).to_bytes(3, "big")


def test_closing_brings_back_what_was_there(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.click(".record-start")
    play(page, "as")
    page.keyboard.press("Escape")
    page.wait_for_selector(".record", state="hidden")
    assert page.locator("#stage .stage-title").inner_text() == "Prelude"
    assert page.evaluate("document.querySelector('#stage .roll').roll.layers[0].length") == 64
    page.keyboard.press("a")  # no piano key any more
    assert page.evaluate("document.querySelector('#stage .roll').roll.layers[0].length") == 64


def test_nothing_played_is_said(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url))
    page.click(".record-start")
    page.click(".record-start")
    assert "No note was played" in page.locator(WORDS).inner_text()
    assert page.locator(".record-use").is_disabled()


def test_a_duet_answers_after_a_rest_and_is_interrupted_by_a_key(fake_url: str, open_page: OpenPage) -> None:
    page = opened(open_page(fake_url, muted=False))
    page.wait_for_function("window.musictx.sampler.state === 'ready'")
    page.select_option(".record-rest", "0.6")
    page.click(".record-duet")
    play(page, "asdf")
    answered = "document.querySelector('#stage .roll').roll.layers[1].length"
    page.wait_for_function(f"{answered} >= 2")
    assert "model answers" in page.locator(WORDS).inner_text()
    play(page, "g")
    page.wait_for_function(f"document.querySelector('{WORDS}').textContent.startsWith('Play a phrase')")
    kept = page.evaluate(answered)
    page.wait_for_function(f"{answered} > {kept}")  # it answers again, to all that was played
    page.click(".record-duet")
    whole = page.evaluate("document.querySelector('#stage .roll').roll.layers[0].length")
    assert whole > 5 + kept
    assert len(saved(page)) == whole  # one take of both
    page.click(".record-use")
    page.wait_for_function("document.querySelector('#stage .stage-title').textContent.startsWith('Played at')")


def test_a_pedal_asks_for_the_answer_where_that_is_wished(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url, muted=False)
    page.wait_for_function("window.musictx.sampler.state === 'ready'")
    opened(page).select_option(".record-rest", "")
    page.click(".record-duet")
    play(page, "as")
    page.wait_for_timeout(1500)
    answered = "document.querySelector('#stage .roll').roll.layers[1].length"
    assert page.evaluate(answered) == 0
    page.keyboard.press("ShiftLeft")
    page.wait_for_function(f"{answered} > 0")
