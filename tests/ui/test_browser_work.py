"""Work on a take in the browser, over the real studio with random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.steps import set_number

OpenPage = Callable[..., Any]
Row = tuple[float, ...]

ROWS = "() => JSON.stringify(document.querySelector('#stage .roll').roll.layers.flat())"
BOX = "document.querySelector('#stage .roll')"


@pytest.fixture
def page(tiny_url: str, open_page: OpenPage) -> Any:
    """With one finished take of the first seed."""
    page = open_page(tiny_url)
    set_number(page, "seconds", 12)
    page.click("#generate")
    done(page, 1)
    return page


def done(page: Any, takes: int) -> None:
    """Waits until so many takes are there and nothing works."""
    page.wait_for_function(
        "takes => document.querySelector('#stage [data-phase=done]') && "
        "document.querySelectorAll('#stage .take-tabs button').length === takes",
        arg=takes,
    )


def rows(page: Any) -> set[Row]:
    return {tuple(row) for row in json.loads(page.evaluate(ROWS))}


def mark(page: Any, from_s: float, to_s: float) -> None:
    """Drags over the roll with Shift."""
    box = page.locator("#stage .roll").bounding_box()
    left, right = (page.evaluate(f"second => {BOX}.roll.x(second)", second) for second in (from_s, to_s))
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + left, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + right, box["y"] + 90, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_selector("#stage .work-redo:visible")


def chosen(page: Any) -> str:
    return str(page.locator("#stage .take-tabs [aria-selected=true]").inner_text())


def test_a_redone_range_leaves_the_rest_and_can_be_undone(page: Any) -> None:
    before = rows(page)
    mark(page, 26.0, 30.0)
    from_s, to_s = page.evaluate(f"[{BOX}.range.from, {BOX}.range.to]")
    assert (from_s, to_s) == (pytest.approx(26, abs=0.2), pytest.approx(30, abs=0.2))
    page.click("#stage .work-redo")
    done(page, 2)
    after = rows(page)
    assert chosen(page) == "Take 1b" and before != after
    outside = [{row for row in each if not from_s - 0.002 <= row[2] < to_s + 0.002} for each in (before, after)]
    assert outside[0] == outside[1]
    page.keyboard.press("Control+z")
    assert (chosen(page), rows(page)) == ("Take 1", before)
    page.keyboard.press("Control+Shift+z")
    assert (chosen(page), rows(page)) == ("Take 1b", after)


def test_keys_mark_empty_and_clear_a_range(page: Any) -> None:
    before = rows(page)
    page.evaluate(f"{BOX}.player.seek(26)")
    page.keyboard.press("[")
    page.evaluate(f"{BOX}.player.seek(29)")
    page.keyboard.press("]")
    assert page.evaluate(f"[{BOX}.range.from, {BOX}.range.to]") == [26, 29]
    page.keyboard.press("Delete")
    done(page, 2)
    assert rows(page) == {row for row in before if not 26 <= row[2] < 29}
    page.keyboard.press("Escape")
    assert page.evaluate(f"{BOX}.range.isSet") is False


def test_a_marked_part_is_heard_again_and_again(page: Any) -> None:
    mark(page, 25.0, 26.0)
    page.click("#stage .work-loop")
    turned = f"""() => {{
      window.latest = Math.max(window.latest ?? 0, {BOX}.player.time);
      return window.latest > 25.8 && {BOX}.player.time < 25.5;
    }}"""
    page.wait_for_function(turned)
    assert page.evaluate("window.latest") < 26.6 and page.evaluate(f"{BOX}.player.playing")


def test_a_take_goes_on_from_where_the_playhead_stands(page: Any) -> None:
    before = rows(page)
    page.evaluate(f"{BOX}.player.seek(28)")
    page.click("#stage .work-go-on")
    done(page, 2)
    after = rows(page)
    assert {row for row in after if row[2] < 27.999} == {row for row in before if row[2] < 27.999}
    assert 36 < max(row[3] for row in after) <= 40.01
    page.click("#stage .work-longer")
    done(page, 3)
    assert rows(page) > after and max(row[3] for row in rows(page)) > 42


def test_takes_and_what_was_made_of_them_survive_a_reload(page: Any) -> None:
    mark(page, 26.0, 30.0)
    page.click("#stage .work-redo")
    done(page, 2)
    page.wait_for_selector("#stage .files a:nth-child(4)[href]")
    after = rows(page)
    page.reload()
    done(page, 2)
    assert (chosen(page), rows(page)) == ("Take 1b", after)
    page.keyboard.press("Control+z")
    assert chosen(page) == "Take 1"


def test_a_take_dropped_back_in_makes_itself_again(page: Any, tmp_path: Path) -> None:
    set_number(page, "temperature", 1.2)
    page.click("#generate")
    page.wait_for_selector("#stage [data-phase=working]")
    done(page, 1)
    made, number = rows(page), page.locator("#stage .take-facts").inner_text().split("random seed ")[1]
    with page.expect_download() as waiting:
        page.click("#stage .files a:has-text('MIDI')")
    waiting.value.save_as(tmp_path / "kept.mid")
    set_number(page, "temperature", 0.5)
    page.set_input_files("#seed-panel input[type=file]", tmp_path / "kept.mid")
    page.click("#stage .restore")
    page.wait_for_function("document.querySelector('#temperature input[type=number]').value === '1.2'")
    page.wait_for_function("document.querySelector('#stage .take-facts').textContent.includes('are back')")
    page.click("#generate")
    page.wait_for_selector("#stage [data-phase=working]")
    done(page, 1)
    assert f"random seed {number}" in page.locator("#stage .take-facts").inner_text()
    rounded = [sorted((row[0], row[1], round(row[2], 1)) for row in each) for each in (made, rows(page))]
    assert rounded[0] == rounded[1]


def test_a_single_note_is_picked_moved_and_put_down(page: Any) -> None:
    before = rows(page)
    page.evaluate(f"{BOX}.player.seek(25)")
    page.keyboard.press("n")
    note = tuple(page.evaluate(f"{BOX}.pick.row"))
    assert note in before and note[2] >= 25
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowRight")
    assert rows(page) == before  # nothing has changed yet
    page.keyboard.press("Enter")
    done(page, 2)
    (new,) = rows(page) - before
    assert before - rows(page) == {note} and new[0] == note[0] + 1 and new[2] == pytest.approx(note[2] + 0.1, abs=0.002)
    page.keyboard.press("Control+z")
    box = page.locator("#stage .roll").bounding_box()
    x, y = page.evaluate(f"row => [{BOX}.roll.x((row[2] + row[3]) / 2), {BOX}.roll.y(row[0] + 0.5)]", list(note))
    page.mouse.dblclick(box["x"] + x, box["y"] + y)
    picked = tuple(page.evaluate(f"{BOX}.pick.row"))
    page.click("#stage .work-delete")
    done(page, 3)
    assert before - rows(page) == {picked}
