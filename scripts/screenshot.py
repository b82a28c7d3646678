"""Takes the pictures of the page in docs: `python -m scripts.screenshot [--compare | --train] [--checkpoint NAME]`.

Opens the page on a free port, generates from a built-in seed as a visitor would, or fine-tunes on the seeds, and
saves what a browser shows. Needs what the tests need: Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT, TRAIN_HEIGHT = 1280, 860, 966
START_S, GENERATE_S, TRAIN_S = 120, 300, 3600
# A short run on the built-in seeds: a picture, not a model.
RUN = {"run-steps": 60, "sample-every": 10, "batch": 2, "length": 256}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def open_page(checkpoint: str, port: int, folder: Path) -> str:
    """Serves the page from a thread, training in `folder`; returns its address once it answers."""
    from musictx.python_api import open_studio
    from musictx.ui.page import serve
    from musictx.workshop.policy import TrainingPolicy
    from musictx.workshop.workshop import Workshop

    studio, name = open_studio(checkpoint)
    workshop = Workshop(studio, folder, policy=TrainingPolicy(everybody=True))
    options = {"host": "127.0.0.1", "port": port, "checkpoint": name}
    threading.Thread(target=serve, args=(studio, workshop), kwargs=options, daemon=True).start()
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return address
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the page did not answer on {address} within {START_S} s")


def compose(page: Any) -> None:
    """Generates once."""
    page.wait_for_timeout(3000)
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]", timeout=GENERATE_S * 1000)
    page.wait_for_selector(".files a:nth-child(3)[href]", timeout=GENERATE_S * 1000)
    page.wait_for_timeout(1500)  # the roll zooms to fit


def compare(page: Any) -> None:
    """Continues a seed twice."""
    page.click("[role=tab]:has-text('Compare')")
    page.wait_for_timeout(3000)
    page.click("#compare-generate")
    page.wait_for_selector("#compare-stage [data-phase=done]", timeout=2 * GENERATE_S * 1000)
    page.wait_for_selector("#compare-stage .side:last-of-type .files a:nth-child(3)[href]", timeout=GENERATE_S * 1000)
    page.wait_for_timeout(1500)


def train(page: Any) -> None:
    """Fine-tunes on the built-in seeds until most of the curve is there."""
    page.set_viewport_size({"width": WIDTH, "height": TRAIN_HEIGHT})
    page.click("[role=tab]:has-text('Train')")
    page.set_input_files("#train-dataset input[type=file]", sorted((ROOT / "assets" / "seeds").glob("*.mid")))
    page.wait_for_selector("#dataset [data-phase=report]", timeout=START_S * 1000)
    page.click("#train-more > button")
    for name, value in RUN.items():
        field = page.locator(f"#{name} input[type=number]")
        field.fill(str(value))
        field.press("Tab")
    page.click("#train-more > button")
    page.fill("#run-name :is(input, textarea)", "Twelve seeds")
    page.click("#start")
    page.wait_for_selector("#run .chips button:nth-child(6)", timeout=TRAIN_S * 1000)
    page.locator("#run .chips button").last.click()
    page.wait_for_function("document.querySelector('#listen audio').currentTime > 0.5", timeout=START_S * 1000)
    page.click("#listen .play")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(1500)


@contextlib.contextmanager
def browser_page(address: str, width: int, height: int, *, dark: bool) -> Iterator[Any]:
    """The page at `address` in a browser of its own."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
        page.goto(address)
        yield page
        browser.close()


def photograph(address: str, path: Path, dark: bool, act: Callable[[Any], None]) -> None:
    """Lets a visitor `act` and saves the page as a picture."""
    with browser_page(address, WIDTH, HEIGHT, dark=dark) as page:
        page.wait_for_selector(".play:not([disabled])", timeout=START_S * 1000)  # the seed is there
        act(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)


def main() -> None:
    """Reads the command line and takes the picture."""
    parser = argparse.ArgumentParser(description="Takes the pictures of the page in docs.")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--compare", action="store_true", help="of the Compare tab")
    kind.add_argument("--train", action="store_true", help="of the Train tab: fine-tunes for some minutes")
    parser.add_argument("--out", type=Path, help="default: in docs/images/")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    name, act = ("train", train) if options.train else ("compare", compare) if options.compare else ("page", compose)
    path = options.out or IMAGES / f"{name}.png"
    # A run that is still at work writes into the folder while it is removed.
    with tempfile.TemporaryDirectory(prefix="musictx-", ignore_cleanup_errors=True) as folder:
        address = open_page(options.checkpoint, free_port(), Path(folder))
        photograph(address, path, options.dark, act)
    print(path)


if __name__ == "__main__":
    main()
