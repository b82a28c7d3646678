"""The page in a real browser, over the fake studio: what a musician does, and what may go wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from musictx.midi.files import read_midi, write_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import open_more

OpenPage = Callable[..., Any]

# Share of the roll that differs from what was last remembered, and remember the present state.
CHANGED = """() => {
  const canvas = document.querySelector('.roll-base');
  const now = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const before = window.rollBefore;
  window.rollBefore = now;
  if (!before || before.length !== now.length) return 1;
  let differing = 0;
  for (let at = 0; at < now.length; at += 4)
    if (now[at] !== before[at] || now[at + 2] !== before[at + 2]) differing++;
  return differing / (now.length / 4);
}"""
# Collects the different pictures of the roll and words of the button while music is made.
WATCH = """() => {
  const small = new OffscreenCanvas(160, 80).getContext('2d', { willReadFrequently: true });
  [window.pictures, window.labels] = [new Set(), new Set()];
  setInterval(() => {
    if (!document.querySelector('[data-phase=working]')) return;
    small.drawImage(document.querySelector('.roll-base'), 0, 0, 160, 80);
    window.pictures.add(small.getImageData(0, 0, 160, 80).data.join());
    window.labels.add(document.querySelector('#generate').innerText);
  }, 60);
}"""
# Distance in seconds between playhead and sound in the middle one of 41 frames: a busy machine may be late with a few.
SYNC = """() => new Promise((resolve) => {
  const [audio, roll] = [document.querySelector('audio'), document.querySelector('.roll').roll];
  const apart = [];
  const look = () => {
    apart.push(Math.abs(audio.currentTime - roll.playheadS));
    if (apart.length < 41) requestAnimationFrame(look); else resolve(apart.sort((a, b) => a - b)[20]);
  };
  requestAnimationFrame(look);
})"""

# Milliseconds that the quickest of 20 full drawings of the roll took, its pixels included.
DRAWING = """() => {
  const roll = document.querySelector('.roll').roll;
  const pen = roll.base.getContext('2d');
  const times = Array.from({ length: 20 }, () => {
    const begun = performance.now();
    roll.draw();
    pen.getImageData(0, 0, 1, 1);
    return performance.now() - begun;
  });
  return [roll.layers[1].length, Math.min(...times)];
}"""


def playhead(page: Any) -> float:
    """Where the playhead stands, in seconds."""
    return float(page.evaluate("document.querySelector('.roll').roll.playheadS"))


def set_number(page: Any, name: str, value: float) -> None:
    """Types into a slider's number field."""
    field = page.locator(f"#{name} input[type=number]")
    field.fill(str(value))
    field.press("Tab")


def generate(page: Any, seconds: float = 10) -> None:
    """Presses Generate for `seconds` of music and waits for the last download."""
    set_number(page, "seconds", seconds)
    page.click("#generate")
    page.wait_for_selector("[data-phase=working]")  # not the take of before
    page.wait_for_selector("[data-phase=done]")
    page.wait_for_selector(".files a:nth-child(4)[href]")


def download(page: Any, label: str) -> tuple[str, Path]:
    """Name and content of what a download button gives."""
    with page.expect_download() as waiting:
        page.click(f".files a:has-text('{label}')")
    return waiting.value.suggested_filename, waiting.value.path()


def test_a_first_visitor_hears_music_in_one_click(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    assert page.locator(".stage-title").inner_text() == "Prelude"
    assert page.locator("#generate").is_enabled()
    assert page.evaluate(CHANGED) == 1
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.3")
    assert "Pause" in page.locator(".play").get_attribute("aria-label")


def test_the_roll_grows_while_music_is_made(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "seconds", 60)
    page.evaluate(WATCH)
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")
    pictures, labels = page.evaluate("[window.pictures.size, [...window.labels]]")
    assert pictures >= 4
    progress = [label for label in labels if label.endswith("s of 60 s")]
    assert len(progress) >= 3 and progress == sorted(progress, key=lambda label: int(label.split()[0]))
    assert page.locator("#generate").inner_text() == "Generate"
    assert "60 s of music" in page.locator(".take-facts").inner_text()


def test_stop_keeps_what_is_there(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "seconds", 180)
    page.click("#generate")
    page.wait_for_function("parseInt(document.querySelector('#generate').innerText) >= 2")
    page.click("#stop-generating")
    page.wait_for_selector("[data-phase=done]")
    assert page.locator(".stage-status").inner_text().startswith("Stopped")
    facts = page.locator(".take-facts").inner_text()
    assert facts.startswith("stopped") and 2 <= int(facts.split(" · ")[1].split()[0]) < 180
    page.wait_for_selector(".play:not([disabled])")


def test_playhead_follows_the_sound_and_a_click_seeks(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    generate(page)
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.2")
    assert page.evaluate(SYNC) < 0.03
    page.wait_for_function(
        "before => document.querySelector('.roll').roll.playheadS > before + 0.3", arg=playhead(page)
    )

    page.click(".play")
    box = page.locator(".roll").bounding_box()
    page.click(".roll", position={"x": 46 + (box["width"] - 46) / 2, "y": 120})
    length = page.evaluate("document.querySelector('.roll').player.length")
    assert playhead(page) == pytest.approx(length / 2, abs=0.5)
    page.keyboard.press("ArrowRight")
    assert playhead(page) == pytest.approx(length / 2 + 1, abs=0.5)
    page.keyboard.press("Home")
    assert playhead(page) == 0


def test_downloads_open(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    generate(page)
    name, path = download(page, "MIDI")
    number = page.locator(".take-facts").inner_text().split("random seed ")[1]
    assert name == f"prelude-take-1-seed{number}.mid"
    notes = read_midi(path.read_bytes()).notes
    assert len(notes) > len(broken_chords()) and notes.duration_s == pytest.approx(18, abs=0.5)
    for label in ("WAV", "MP3"):
        name, path = download(page, label)
        assert name == f"prelude-take-1-seed{number}.{label.lower()}"
        samples, rate = soundfile.read(io.BytesIO(path.read_bytes()))
        assert len(samples) / rate == pytest.approx(19, abs=1)


def test_four_takes_stand_side_by_side(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    open_more(page)
    set_number(page, "variations", 4)
    generate(page)
    assert page.locator(".take-tabs button").all_inner_texts() == [f"Take {number}" for number in (1, 2, 3, 4)]
    page.wait_for_selector(".files a:nth-child(6)[href]")
    page.click(".play")
    page.wait_for_function("document.querySelector('.roll').player.time > 0.5")
    page.evaluate(CHANGED)
    first = page.evaluate("document.querySelector('audio').src")
    page.click(".take-tabs button:nth-child(3)")
    page.wait_for_function("address => document.querySelector('audio').src !== address", arg=first)
    page.wait_for_function(
        "document.querySelector('.roll').player.playing && document.querySelector('.roll').player.time > 0.5"
    )
    assert page.evaluate(CHANGED) > 0.001
    _, path = download(page, "All takes")
    assert len(zipfile.ZipFile(path).namelist()) == 20


def test_again_puts_the_settings_of_a_take_back(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.click("#preset label:has-text('Creative')")
    open_more(page)
    set_number(page, "random-seed", 4242)
    generate(page)
    assert "random seed 4242" in page.locator(".take-facts").inner_text()
    seed = page.locator("#random-seed input")
    assert seed.input_value() != "4242"  # the next press makes another piece
    page.click("#preset label:has-text('Precise')")
    page.wait_for_function("document.querySelector('#temperature input[type=number]').value === '0.7'")
    page.click(".again")
    page.wait_for_function("document.querySelector('#random-seed input').value === '4242'")
    assert page.locator("#temperature input[type=number]").input_value() == "1.1"
    page.wait_for_selector("#preset label.selected:has-text('Creative')")
    set_number(page, "temperature", 1.3)
    page.wait_for_selector("#preset label.selected:has-text('Custom')")


def test_bad_files_are_answered_where_the_music_would_be(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    for name, content, sentence in (
        ("holiday.mid", b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG"),
        ("long.mid", b"MThd" + bytes(3 * 2**20), "3.0 MB"),
        ("nothing.mid", b"", "empty"),
        ("song.mp3", b"ID3" + bytes(200), "does not end in .mid"),
    ):
        upload = {"name": name, "mimeType": "audio/midi", "buffer": content}
        page.set_input_files("#seed-panel input[type=file]", upload)
        page.wait_for_function(
            "words => document.querySelector('.roll-problem:not([hidden])')?.innerText.includes(words)", arg=sentence
        )
    assert page.locator(".stage-title").inner_text() == "Prelude"  # the seed is kept
    page.click(".roll-problem-close")
    generate(page, seconds=5)


def test_uploaded_file_becomes_the_seed(fake_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(fake_url)
    path = write_midi(broken_chords(2), tmp_path / "<b>My idea.mid")
    page.set_input_files("#seed-panel input[type=file]", path)
    page.wait_for_function("document.querySelector('.stage-title').innerText.includes('My idea')")
    assert "32" in page.locator(".report dd").all_inner_texts()
    assert page.locator(".report b").count() == 0
    page.wait_for_selector(".play:not([disabled])")
    for index, title in ((1, "Waltz"), (2, "My idea")):  # and can be gone back to
        page.click("#seed input")
        page.locator("[role=option]").nth(index).click()
        page.wait_for_function("title => document.querySelector('.stage-title').innerText.includes(title)", arg=title)
        page.wait_for_selector(".play:not([disabled])")


def test_narrow_screen_has_no_sideways_scroll(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url, width=390, height=844, has_touch=True)
    generate(page, seconds=5)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    small = page.evaluate(
        """() => [...document.querySelectorAll('#compose :is(button, a[href])')].filter((each) => {
          const { width, height } = each.getBoundingClientRect();
          return width && (width < 44 || height < 44);
        }).map((each) => each.outerHTML.slice(0, 90))"""
    )
    assert not small
    assert page.locator(".roll").bounding_box()["y"] < 844  # it came into sight


def test_nothing_moves_when_results_arrive(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    places = """() => ['.roll', '.transport', '.takeaway', '#generate'].map(
      (each) => document.querySelector(each).getBoundingClientRect().top)"""
    before = page.evaluate(places)
    generate(page, seconds=5)
    assert page.evaluate(places) == pytest.approx(before, abs=1)


def test_five_thousand_notes_are_drawn_within_a_frame(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    set_number(page, "temperature", 2)  # the fake's density: 30 notes a second
    set_number(page, "seconds", 170)
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]", timeout=40_000)
    page.wait_for_function("document.querySelector('.roll').roll.fitted")
    notes, fastest_ms = page.evaluate(DRAWING)
    assert notes == 5100
    assert fastest_ms < 33
