"""Makes the README's moving picture of a take that grows: `python -m scripts.moving_picture [--checkpoint NAME]`.

Opens the page on a free port, presses Generate as a visitor would and keeps what the browser shows, with the times at
which it showed it: the picture moves as fast as the page did on this machine. Then the take is played for a moment.
Needs what the tests need: Playwright and Chromium.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from scripts.screenshot import GENERATE_S, IMAGES, START_S, browser_page, free_port, open_page

WIDTH, HEIGHT = 1280, 860
SMALLER = (800, 538)  # as wide as a README is shown
EVERY_S = 0.2
REST_S, PLAY_S = 1.0, 3.0
MOST_BYTES = 3_000_000

Frame = tuple[float, Image.Image]  # when it was taken, and what it shows


def film(page: Any) -> list[Frame]:
    """Generates once, then plays: the frames of it."""
    frames: list[Frame] = []

    def shoot() -> None:
        taken_s = time.monotonic()
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        frames.append((taken_s, image.resize(SMALLER, Image.Resampling.LANCZOS)))
        page.wait_for_timeout(max(0.0, 1000 * (EVERY_S - (time.monotonic() - taken_s))))

    def shoot_for(seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            shoot()

    page.wait_for_timeout(3000)
    shoot_for(REST_S)
    page.click("#generate")
    deadline_s = time.monotonic() + GENERATE_S
    while not page.query_selector("[data-phase=done]"):
        if time.monotonic() > deadline_s:
            raise SystemExit(f"the take was not finished within {GENERATE_S} s")
        shoot()
    page.wait_for_selector(".files a:nth-child(3)[href]", timeout=GENERATE_S * 1000)
    shoot_for(REST_S)
    page.click(".play")
    shoot_for(PLAY_S)
    return frames


def write(frames: Sequence[Frame], path: Path) -> int:
    """Writes an animated WebP in which every frame stands as long as it did; returns its bytes."""
    times_s = [taken_s for taken_s, _ in frames]
    lasting_ms = [round(1000 * (after - before)) for before, after in zip(times_s, times_s[1:], strict=False)]
    first, *others = (image for _, image in frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(
        path,
        save_all=True,
        append_images=others,
        duration=[*lasting_ms, round(1000 * REST_S)],
        loop=0,
        quality=60,
        method=4,
        minimize_size=True,
    )
    return path.stat().st_size


def main() -> None:
    """Reads the command line and makes the picture."""
    parser = argparse.ArgumentParser(description="Makes the README's moving picture of a take that grows.")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/, or a folder")
    parser.add_argument("--out", type=Path, default=IMAGES / "growing.webp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
        address = open_page(options.checkpoint, free_port(), Path(folder))
        with browser_page(address, WIDTH, HEIGHT, dark=False) as page:
            page.wait_for_selector(".play:not([disabled])", timeout=START_S * 1000)  # the seed is there
            frames = film(page)
    size = write(frames, options.out)
    print(f"{options.out}: {len(frames)} frames, {frames[-1][0] - frames[0][0]:.1f} s, {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"the picture is larger than {MOST_BYTES:,} bytes")


if __name__ == "__main__":
    main()
