"""The Train tab in a real browser, over the fakes: every state a musician meets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from musictx.midi.files import write_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import open_more

OpenPage = Callable[..., Any]

# Colours of words in sight that do not stand out from what is behind them, 4.5 to 1.
FAINT = """() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (box) => {
    for (let each = box; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('#train *')].filter((box) => {
    const words = [...box.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words || !box.checkVisibility() || box.closest(':disabled, svg, .hidden-text')) return false;
    const [one, two] = [light(parse(getComputedStyle(box).color)), light(behind(box))];
    return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05) < 4.5;
  }).map((box) => box.outerHTML.slice(0, 90));
}"""
SMALL = """() => [...document.querySelectorAll('#train :is(button, a[href], select, summary, .figure input)')]
  .filter((each) => {
    const { width, height } = each.getBoundingClientRect();
    return each.checkVisibility() && width && (width < 44 || height < 44);
  }).map((each) => each.outerHTML.slice(0, 90))"""


@pytest.fixture
def pieces(tmp_path: Path) -> list[Path]:
    """Three usable files, a short one, and one that is none."""
    bad = tmp_path / "scan.mid"
    bad.write_bytes(b"\x89PNG\r\n" + bytes(100))
    return [*(write_midi(broken_chords(bars), tmp_path / f"piece {bars}.mid") for bars in (1, 4, 6, 8)), bad]


def open_train(open_page: OpenPage, url: str, **options: Any) -> Any:
    """The page of a new visitor, with the Train tab in front."""
    page = open_page(url, **options)
    page.click("[role=tab]:has-text('Train')")
    page.wait_for_selector("#dataset .drop")
    return page


def bring(page: Any, files: Any) -> None:
    """Adds files and waits for the report."""
    page.set_input_files("#train-dataset input[type=file]", files)
    page.wait_for_selector("#dataset [data-phase=report]")


def start(page: Any, name: str) -> None:
    """Starts a run of that name."""
    page.fill("#run-name :is(input, textarea)", name)
    page.press("#run-name :is(input, textarea)", "Tab")
    page.click("#start")
    page.wait_for_function(
        "name => document.querySelector('#run .runs')?.selectedOptions[0]?.text.startsWith(name)", arg=name
    )


def words(page: Any, selector: str) -> str:
    """What stands there."""
    return str(page.locator(selector).inner_text())


def says(page: Any, selector: str, sentence: str) -> None:
    """Waits until it stands there."""
    page.wait_for_function(
        "([box, words]) => document.querySelector(box)?.innerText.includes(words)", arg=[selector, sentence]
    )


def hear(page: Any, kind: str) -> None:
    """Presses Play until such a piece sounds: one that is replaced by a newer one just then takes no press."""
    page.wait_for_function(
        """kind => {
          const [stage, audio] = ["[data-kind]", "audio"].map((name) => document.querySelector("#listen " + name));
          if (stage?.dataset.kind !== kind) return false;
          if (audio.paused) document.querySelector("#listen .play").click();
          return audio.currentTime > 0.2;
        }""",
        arg=kind,
    )


def path_length(page: Any, curve: str) -> int:
    """How many points a curve has."""
    return int(
        page.evaluate(f"(document.querySelector('#run path.{curve}')?.getAttribute('d') ?? '').split('L').length")
    )


def test_where_nobody_may_train_the_tab_says_how_to_open_it(closed_url: str, open_page: OpenPage) -> None:
    page = open_page(closed_url)
    page.click("[role=tab]:has-text('Train')")
    says(page, "#train-notice", "MUSICTX_TRAINING=on")
    assert page.locator("#train").count() == 0 or not page.locator("#train").is_visible()


def test_files_become_a_report_whose_pieces_can_be_heard(
    fake_url: str, open_page: OpenPage, pieces: list[Path], tmp_path: Path
) -> None:
    page = open_train(open_page, fake_url)
    assert not page.locator("#start").is_enabled() and page.locator("#run .nothing").is_visible()
    bring(page, pieces)
    rows = page.locator("#dataset .piece").all_inner_texts()
    assert len(rows) == 5 and "Short" in rows[0] and "256 notes" not in rows[0] and "Unusable" in rows[4]
    assert "4 pieces" not in words(page, "#dataset .totals") and "1 piece" in words(page, "#dataset .totals")
    page.locator("#dataset .hear").nth(1).click()
    page.wait_for_function("document.querySelector('#listen .roll').player.time > 0.2")
    assert words(page, "#listen .stage-title") == "piece 4"
    page.locator("#dataset .split").nth(1).select_option("validation")
    says(page, "#dataset .totals", "2 pieces")
    assert page.locator("#dataset .split").nth(1).input_value() == "validation"

    for name, content, sentence in (
        ("bomb.zip", b"PK", "4.2 GB"),
        ("huge.zip", b"PK" + bytes(3 * 2**20), "may have 3 MB"),
        ("song.mp3", b"ID3", "neither a .mid file nor a zip"),
    ):
        upload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.set_input_files("#train-dataset input[type=file]", upload)
        says(page, "#dataset .problem", sentence)
    assert page.locator("#dataset .piece").count() == 5  # nothing is lost

    page.click("#dataset .remove")
    page.click("#dataset .no")
    page.click("#dataset .remove")
    page.click("#dataset .yes")
    page.wait_for_selector("#dataset [data-phase=empty]")


def test_a_run_is_seen_and_heard_and_used(fake_url: str, open_page: OpenPage, pieces: list[Path]) -> None:
    page = open_train(open_page, fake_url)
    bring(page, pieces)
    page.click("#estimate")
    says(page, "#offer", "Measuring")
    says(page, "#offer", "1.7 GB of 9.0 GB free")
    start(page, "Waltzes")
    page.wait_for_selector("#run path.held")
    before = path_length(page, "training")
    page.wait_for_function(
        f"(document.querySelector('#run path.training').getAttribute('d')).split('L').length > {before}"
    )
    hear(page, "sample")  # the newest one waits to be played
    page.wait_for_selector("#run [data-phase=finished]")
    assert page.locator("#run .chips button").all_inner_texts()[:2] == ["20", "40"]
    assert "turned" in words(page, "#run .notes") and "by heart" in words(page, "#run .notes")
    page.locator("#run .chips button").first.click()
    says(page, "#listen .stage-title", "after step 20")
    page.focus("#run .curves")
    page.keyboard.press("End")
    says(page, "#run .plot-tip", "step 120 · training")
    page.click("#outcome summary")
    assert words(page, "#outcome code").startswith("python -m musictx runs start")

    page.click("#outcome .duel")
    page.wait_for_selector("#listen .guess-b:visible")
    assert page.locator("#listen .versions button").all_inner_texts() == ["A", "B"]
    page.click("#listen .versions button:nth-child(2)")
    page.click("#listen .guess-b")
    says(page, "#listen .guess", "Right: B is yours")
    assert page.locator("#listen .versions button").all_inner_texts() == ["A · before", "B · yours"]
    with page.expect_download() as waiting:
        page.click("#outcome .pack")
    assert waiting.value.suggested_filename == "waltzes.zip"

    page.click("#outcome .use")
    page.wait_for_selector("#generate:visible")
    open_more(page)
    assert page.locator("#checkpoint input").input_value() == "Waltzes · yours"
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")


def test_a_reload_and_a_second_window_find_the_run_as_it_is(
    fake_url: str, open_page: OpenPage, pieces: list[Path]
) -> None:
    page = open_train(open_page, fake_url)
    bring(page, pieces)
    start(page, "Long one")
    page.wait_for_selector("#run path.training")
    second = page.context.new_page()
    second.goto(fake_url)
    for each in (page, second):
        each.reload()
        each.click("[role=tab]:has-text('Train')")
        each.wait_for_selector("#run path.training")
        assert each.locator("#run .runs").evaluate("box => box.selectedOptions[0].text").startswith("Long one")
        assert each.locator("#dataset .piece").count() == 5
    stranger = open_train(open_page, fake_url)
    stranger.wait_for_selector("#run .nothing:visible")
    assert stranger.locator("#dataset .piece").count() == 0


def test_stop_resume_queue_and_delete(fake_url: str, open_page: OpenPage, pieces: list[Path]) -> None:
    page = open_train(open_page, fake_url)
    bring(page, pieces)
    start(page, "endless")
    start(page, "Second")
    says(page, "#run .status", "Waiting")
    assert "in the queue" in words(page, "#run .status") and page.locator("#run .plot-wait").is_visible()
    page.click("#run .stop")
    page.wait_for_selector("#run [data-phase=stopped]")
    page.click("#run .resume")
    page.wait_for_selector("#run :is([data-phase=queued], [data-phase=running])")
    page.click("#run .stop")
    page.wait_for_selector("#run [data-phase=stopped]")
    page.click("#run .delete")
    page.click("#run .no")
    page.click("#run .delete")
    page.click("#run .yes")
    page.wait_for_function(
        "![...document.querySelectorAll('#run .runs option')].some((each) => each.text.startsWith('Second'))"
    )
    assert page.locator("#run .runs option").count() == 1
    page.click("#run .stop")  # nobody waits behind it
    page.wait_for_selector("#run [data-phase=stopped]")


def test_what_goes_wrong_stands_where_the_result_would_be(
    fake_url: str, open_page: OpenPage, pieces: list[Path], tmp_path: Path
) -> None:
    page = open_train(open_page, fake_url, color_scheme="dark")
    bring(page, pieces)
    name = "#run-name :is(input, textarea)"
    page.fill(name, "greedy")
    page.press(name, "Tab")
    page.click("#start")
    says(page, "#offer [data-phase=problem]", "9.8 GB")
    start(page, "breaks")
    page.wait_for_selector("#run [data-phase=failed]")
    assert "lower learning rate" in words(page, "#run .error")
    page.click("#run .show-log")
    says(page, "#outcome .log pre", "loss inf")
    assert page.evaluate(FAINT) == []

    page.click("#train-more > button")
    with page.expect_download() as waiting:
        page.click("#save-settings")
    settings = json.loads(waiting.value.path().read_text(encoding="utf-8"))
    assert settings["name"] == "breaks"
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**settings, "name": "Loaded", "batch": 7}), encoding="utf-8")
    page.set_input_files("#train-more input[type=file]", file)
    says(page, "#offer", "Loaded the settings")
    assert page.locator(name).input_value() == "Loaded"
    page.click("#base input")
    page.click("[role=option]:has-text('From scratch')")
    page.wait_for_selector("#architecture:visible")
    page.wait_for_function("!document.querySelector('#lora-rank')?.checkVisibility()")


def test_a_narrow_screen_has_it_all_under_the_thumb(fake_url: str, open_page: OpenPage, pieces: list[Path]) -> None:
    page = open_train(open_page, fake_url, width=390, height=844, has_touch=True)
    bring(page, pieces)
    start(page, "Narrow")
    page.wait_for_selector("#run [data-phase=finished]")
    page.wait_for_selector("#listen .files a")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SMALL) == []
    assert page.evaluate(FAINT) == []
    top = page.locator("#run").bounding_box()["y"]
    assert -50 < top < 844  # Start brought it into sight
    tabs, switch = page.locator("[role=tab]:visible").last.bounding_box(), page.locator(".theme-switch").bounding_box()
    assert tabs["x"] + tabs["width"] <= switch["x"]
