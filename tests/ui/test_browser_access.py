"""The page for those who hear it, magnify it or set their own colours: axe, names, what is said, forced colours."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musictx.midi.files import write_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import bring_seed, open_more, refuse, set_number, show_tab

OpenPage = Callable[..., Any]
# Names that a screen reader would read of what can be reached on a tab; two alike cannot be told apart.
NAMES = """tab => {
  const name = (part) => {
    const by = document.getElementById(part.getAttribute('aria-labelledby'))?.textContent;
    return (part.getAttribute('aria-label') ?? by ?? part.innerText).trim();
  };
  const parts = 'button, a, fieldset, summary, input, [role=group], [role=slider], [role=link], [role=tablist]';
  return [...document.querySelectorAll(tab + ' :is(' + parts + ')')]
    .filter((part) => part.checkVisibility({ visibilityProperty: true }) && !['radio', 'checkbox'].includes(part.type))
    .map((part) => `${part.getAttribute('role') ?? part.tagName} ${name(part)}`);
}"""
HEARD = "words => document.querySelector('.stage-live').innerText.includes(words)"


def findings(page: Any) -> list[str]:
    """What axe has to say: rule, place and element. Every rule counts, those of good practice too."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="see requirements-dev.txt")
    violations = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['id']}: {node['target']} {node['html'][:120]}" for each in violations for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_compose(fake_url: str, open_page: OpenPage, scheme: str) -> None:
    page = open_page(fake_url, color_scheme=scheme)
    assert findings(page) == []
    open_more(page)
    set_number(page, "variations", 2)
    set_number(page, "seconds", 40)
    page.click("#generate")
    page.wait_for_selector("[data-phase=working]")
    assert findings(page) == []
    page.wait_for_selector(".files a:nth-child(5)[href]")
    assert findings(page) == []
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.1")
    show_tab(page, "About")
    page.wait_for_selector(".behind:visible")
    assert findings(page) == []
    show_tab(page, "Compose")
    refuse(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_compare(fake_url: str, open_page: OpenPage, scheme: str) -> None:
    page = open_page(fake_url, color_scheme=scheme)
    show_tab(page, "Compare")
    page.wait_for_selector("#compare-stage .play:not([disabled])")
    assert findings(page) == []
    set_number(page, "compare-seconds", 40)
    page.click("#blind label")
    page.click("#compare-generate")
    page.wait_for_selector("#compare-stage [data-phase=working]")
    assert findings(page) == []
    page.wait_for_selector("#compare-stage .side:last-of-type .files a:nth-child(4)[href]")
    assert findings(page) == []
    page.click(".vote[data-side='1']")
    page.wait_for_selector(".ballot[data-asks=false]")
    assert findings(page) == []
    refuse(page, "#compare-seed-panel")
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_train(fake_url: str, open_page: OpenPage, tmp_path: Path, scheme: str) -> None:
    page = open_page(fake_url, color_scheme=scheme)
    show_tab(page, "Train")
    page.wait_for_selector("#dataset .drop")
    assert findings(page) == []
    pieces = [write_midi(broken_chords(bars), tmp_path / f"piece {bars}.mid") for bars in (1, 4, 6, 8)]
    page.set_input_files("#train-dataset input[type=file]", pieces)
    page.wait_for_selector("#start:not([disabled])")
    page.click("#train-more > button")
    page.click("#start")
    page.wait_for_selector("#run path.training")
    assert findings(page) == []
    page.wait_for_selector("#run [data-phase=finished]")
    page.click("#outcome .duel")
    page.wait_for_selector("#listen .guess-b:visible")
    assert findings(page) == []
    bad = {"name": "song.mp3", "mimeType": "audio/midi", "buffer": b"ID3"}
    page.set_input_files("#train-dataset input[type=file]", bad)
    page.wait_for_selector("#dataset .problem:visible")
    assert findings(page) == []


def test_the_page_is_in_english_wherever_the_browser_comes_from(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url, locale="ca-ES")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.wait_for_selector("footer[lang^=ca]:has-text('Utilitzar')")  # Gradio's own words
    assert page.locator("h1").all_inner_texts() == ["musictx"]


def test_nothing_on_compare_has_the_name_of_another(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    show_tab(page, "Compare")
    for letter in "ab":
        page.click(f"#{letter}-more > button")
    page.click("#compare-generate")
    page.wait_for_selector("#compare-stage .side:last-of-type .files a:nth-child(4)[href]")
    names = page.evaluate(NAMES, "#compare")
    assert "A MIDI of A" in names and "A MIDI of B" in names
    alike = sorted({name for name in names if names.count(name) > 1})
    assert alike == []


def test_what_happens_is_said(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    bring_seed(page, write_midi(broken_chords(2), tmp_path / "My idea.mid"))
    page.wait_for_function(HEARD, arg="New seed: My idea. Seed: 32 notes in 4 s")
    set_number(page, "seconds", 180)
    page.click("#generate")
    page.wait_for_function(HEARD, arg="Generating.")
    page.wait_for_function("parseInt(document.querySelector('#generate').innerText) >= 2")
    page.click("#stop-generating")
    page.wait_for_function(HEARD, arg="Stopped: ")
    page.wait_for_function(HEARD, arg="The sound is ready.")
    assert "stopped: stopped" not in page.locator(".stage-live").inner_text().lower()
    page.wait_for_function(HEARD, arg="The downloads are ready.")
    page.click(".again")
    page.wait_for_function(HEARD, arg="The settings of Take 1 are back.")
    assert page.locator("#hint").get_attribute("role") == "status"  # who is before one in the queue
    assert page.locator(".again").inner_text() == "Use these settings again"


def test_what_is_chosen_is_seen_in_the_colours_of_the_system(fake_url: str, open_page: OpenPage) -> None:
    image = pytest.importorskip("PIL.Image")
    page = open_page(fake_url, forced_colors="active")
    colour = "part => getComputedStyle(part).backgroundColor"
    chosen, other = (
        page.locator(f"#preset label:has-text('{name}')").evaluate(colour) for name in ("Balanced", "Precise")
    )
    assert chosen != other
    track = image.open(io.BytesIO(page.locator("#temperature input[type=range]").screenshot())).convert("RGB")
    middle = [track.getpixel((x, track.height // 2)) for x in (track.width // 10, track.width - track.width // 10)]
    beside = track.getpixel((track.width // 10, 2))
    assert len({*middle, beside}) == 3  # done, still to come, and neither
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.5")
    head = page.locator(".roll-head").evaluate(colour)
    assert head != page.locator(".roll").evaluate(colour)
    set_number(page, "seconds", 5)
    open_more(page)
    set_number(page, "variations", 2)
    page.click("#generate")
    page.wait_for_selector(".take-tabs button:nth-child(2)")
    takes = [page.locator(f".take-tabs button:nth-child({number})").evaluate(colour) for number in (1, 2)]
    assert takes[0] != takes[1]
