"""What the browser tests do again and again on a page over the fakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WATCH_FOCUS = """() => {
  window.focusLost = [];
  const look = () => {
    if (document.activeElement === document.body) window.lostSince ??= performance.now();
    else window.lostSince = undefined;
    // A button that is disabled hands it on within a few frames; longer than this a visitor would be lost.
    if (performance.now() - (window.lostSince ?? Infinity) > 500) window.focusLost.push(window.lostAfter ?? "?");
    requestAnimationFrame(look);
  };
  document.addEventListener("focusin", ({ target }) => (window.lostAfter = target.outerHTML.slice(0, 90)));
  requestAnimationFrame(look);
}"""


def set_number(page: Any, name: str, value: float) -> None:
    """Types into a slider's number field."""
    field = page.locator(f"#{name} input[type=number]")
    field.fill(str(value))
    field.press("Tab")


def refuse(page: Any, panel: str = "#seed-panel") -> None:
    """Brings a file that is no seed, and waits until that is said."""
    bad = {"name": "song.mp3", "mimeType": "audio/midi", "buffer": b"ID3" + bytes(200)}
    page.set_input_files(f"{panel} input[type=file]", bad)
    page.wait_for_selector(".roll-problem:visible")


def bring_seed(page: Any, path: Path, panel: str = "#seed-panel") -> None:
    """Brings a file that is a seed, and waits until it is on show."""
    page.set_input_files(f"{panel} input[type=file]", path)
    page.wait_for_function(
        "name => [...document.querySelectorAll('.stage-title')].some((each) => each.textContent === name)",
        arg=path.stem,
    )


def show_tab(page: Any, name: str) -> None:
    """Brings a tab to the front."""
    page.click(f"#tabs > .tab-wrapper [role=tab]:has-text('{name}')")
    page.wait_for_selector(f"#tabs > .tab-wrapper [role=tab][aria-selected=true]:has-text('{name}')")


def reach(page: Any, selector: str, most: int = 80) -> None:
    """Presses Tab until that has the focus."""
    for _ in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} was not reached with {most} presses of Tab")


def playing(page: Any, index: int = 0) -> bool:
    """Whether that player of the page sounds."""
    return bool(page.evaluate("index => document.querySelectorAll('.roll')[index].player.playing", index))


def open_more(page: Any, box: str = "#more", name: str = "random-seed") -> None:
    """Opens what is folded and waits until its fields have their values: they are made when it opens.

    Gradio hands a new field its value once more a little later, over what was typed by then: so some frames pass,
    which take longer on a busy machine, as that does.
    """
    page.click(f"{box} > button")
    page.wait_for_function("name => document.querySelector(`#${name} input[type=number]`)?.value", arg=name)
    let_frames_pass(page, 20)


def let_frames_pass(page: Any, number: int) -> None:
    """Waits until the browser has drawn so many times."""
    page.evaluate(
        """number => new Promise((done) => {
          const next = (left) => left ? requestAnimationFrame(() => next(left - 1)) : done();
          next(number);
        })""",
        number,
    )
