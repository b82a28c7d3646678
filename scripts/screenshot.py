"""Takes the README's picture of the page: `python -m scripts.screenshot [--checkpoint enhanced]`.

Opens the page on a free port, generates from a built-in seed as a visitor would, and saves what a
browser shows. Needs what the tests need: Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import threading
import time
import urllib.request
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "images" / "page.png"
WIDTH, HEIGHT = 1280, 860
START_S, GENERATE_S = 120, 300


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def open_page(checkpoint: str, port: int) -> str:
    """Serves the page from a thread; returns its address once it answers."""
    from musictx.experiment import open_studio
    from musictx.ui.page import serve

    studio, name = open_studio(checkpoint)
    options = {"host": "127.0.0.1", "port": port, "checkpoint": name}
    threading.Thread(target=serve, args=(studio,), kwargs=options, daemon=True).start()
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return address
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the page did not answer on {address} within {START_S} s")


def photograph(address: str, path: Path, dark: bool) -> None:
    """Generates once and saves the page as a picture."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if dark else "light")
        page.goto(address)
        page.wait_for_selector(".play:not([disabled])", timeout=START_S * 1000)  # the seed is there
        page.wait_for_timeout(3000)
        page.click("#generate")
        page.wait_for_selector("[data-phase=done]", timeout=GENERATE_S * 1000)
        page.wait_for_selector(".files a:nth-child(3)[href]", timeout=GENERATE_S * 1000)
        page.wait_for_timeout(1500)  # the roll zooms to fit
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)
        browser.close()


def main() -> None:
    """Reads the command line and takes the picture."""
    parser = argparse.ArgumentParser(description="Takes the README's picture of the page.")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    photograph(open_page(options.checkpoint, free_port()), options.out, options.dark)
    print(options.out)


if __name__ == "__main__":
    main()
