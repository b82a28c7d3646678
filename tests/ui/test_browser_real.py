"""The page over the real studio with random weights: reader, codec, network, synthesiser, browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from musictx.midi.files import read_midi, write_midi
from tests.ui.fake_studio import broken_chords


def test_from_an_uploaded_seed_to_a_take_that_sounds(
    tiny_url: str, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(tiny_url)
    assert page.locator("#seed input").input_value()  # a built-in seed is chosen
    page.set_input_files("#seed-panel input[type=file]", write_midi(broken_chords(), tmp_path / "idea.mid"))
    page.wait_for_function("document.querySelector('.stage-title').innerText === 'idea'")
    field = page.locator("#seconds input[type=number]")
    field.fill("8")
    field.press("Tab")
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")
    page.wait_for_selector(".files a:nth-child(3)[href]")
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.3")
    with page.expect_download() as waiting:
        page.click(".files a:has-text('MIDI')")
    made = read_midi(waiting.value.path().read_bytes()).notes
    assert len(made) > 64 and made.duration_s > 12


def test_every_built_in_seed_can_be_chosen_and_heard(tiny_url: str, open_page: Callable[..., Any]) -> None:
    page = open_page(tiny_url)
    assert pick_seed(page, 3) >= 8
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.2")
    assert page.locator(".roll-problem").is_hidden()


def test_a_seed_chosen_while_another_is_being_rendered_is_heard(tiny_url: str, open_page: Callable[..., Any]) -> None:
    page = open_page(tiny_url)
    held: list[Any] = []

    def hold_the_first(answer: Any) -> None:
        if held:
            answer.continue_()
        held.append(answer)

    page.route("**/samples*", lambda route: route.fulfill(body="no pack"))  # else notes are played as they are
    page.route("**/queue/data*", hold_the_first)  # what is rendered stays on its way
    page.click(".play")
    while not held:
        page.wait_for_timeout(50)
    pick_seed(page, 6)
    page.click(".play")
    held[0].continue_()
    page.wait_for_function("document.querySelector('.roll').player.time > 0.2")
    length_s = page.evaluate("document.querySelector('.roll').player.length")
    notes_s = page.evaluate("Math.max(...document.querySelector('.roll').roll.layers.flat().map((row) => row[3]))")
    assert notes_s <= length_s < notes_s + 5  # the sound is that of the notes on show


def pick_seed(page: Any, index: int) -> int:
    """Picks a built-in seed and waits until it is on show; returns how many there are."""
    page.click("#seed input")
    titles = page.locator("[role=option]").all_inner_texts()
    page.locator("[role=option]").nth(index).click()
    page.wait_for_function(
        "title => title.includes(document.querySelector('.stage-title').innerText)", arg=titles[index]
    )
    return len(titles)
