"""A page over the fake studio, one over the real studio with the tiny model, and a browser."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from musictx.ui.page import own_files
from tests.ui.fake_studio import FakeStudio
from tests.ui.fake_workshop import FakeWorkshop

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]
# A page that opens draws its random seeds; that they are kept shows that they have come.
SETTLED = "['compose', 'compare'].every((tab) => localStorage.getItem(`musictx-settings-${tab}`))"


@contextlib.contextmanager
def served(kind: str, folder: Path, port: int = 0) -> Iterator[str]:
    """The address of a page that runs in a process of its own, on a free port if none is given."""
    port = port or free_port()
    url, log = f"http://127.0.0.1:{port}/", folder / "log.txt"
    command = [sys.executable, "-m", "tests.ui.serve", kind, str(port), str(folder)]
    # Files of its own: in Gradio's common folder a test that ends takes those of the same content with it.
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(folder / "gradio")}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 300  # a busy machine is slow, not wrong
        while not _answers(url):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def fake_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page over the fake studio."""
    with served("fake", tmp_path_factory.mktemp("fake")) as url:
        yield url


@pytest.fixture(scope="session")
def closed_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page over the fakes where nobody may train."""
    with served("closed", tmp_path_factory.mktemp("closed")) as url:
        yield url


@pytest.fixture(scope="session")
def tiny_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page over the real studio, with random weights of the tiny model."""
    with served("tiny", tmp_path_factory.mktemp("tiny")) as url:
        yield url


@pytest.fixture
def fake_studio(tmp_path: Path) -> FakeStudio:
    """Quick music without a model, in this process."""
    return FakeStudio(tmp_path, pace=1000)


@pytest.fixture
def fake_workshop(tmp_path: Path) -> FakeWorkshop:
    """Quick runs without a network, in this process."""
    return FakeWorkshop(tmp_path, pace=1000)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; skipped with the remedy where there is none."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: `apt-get install chromium`, or `make test`, which does so where it can")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing: see requirements-dev.txt")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


MUTE = "localStorage.getItem('musictx-muted') ?? localStorage.setItem('musictx-muted', 'yes')"


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of its own visitor, given its URL and size; fails on script errors."""
    contexts, troubles = [], []

    def open_one(url: str, width: int = 1280, height: int = 860, muted: bool = True, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **options)
        contexts.append(context)
        if muted:  # else takes are heard as they come
            context.add_init_script(MUTE)
        page = context.new_page()
        page.set_default_timeout(45_000)  # a busy machine is slow, not wrong
        said: list[str] = []

        def hear(words: str) -> None:
            if not _is_farewell(words, said):
                troubles.append(words)
            said.append(words)

        page.on("pageerror", lambda error: hear(str(error)))
        page.on("console", lambda message: hear(message.text) if message.type == "error" else None)
        page.on("request", lambda request: troubles.append(request.url) if _is_outside(request.url, url) else None)
        asked: set[Any] = set()
        page.on("request", lambda request: asked.add(request) if "/gradio_api/run/" in request.url else None)
        for over in ("requestfinished", "requestfailed"):
            page.on(over, lambda request: asked.discard(request))
        page.goto(url)
        page.wait_for_selector(".play:not([disabled])")  # the seed can be heard
        page.wait_for_function(SETTLED)
        quiet = 0
        while quiet < 4:  # what a page that opens asks for is answered: nothing overtakes what a test does next
            page.wait_for_timeout(100)
            quiet = 0 if asked else quiet + 1
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles, f"script errors or requests to the outside: {troubles}"


def _is_farewell(words: str, before: Sequence[str]) -> bool:
    """Whether Gradio only hung up: a page that is left, or loaded again, ends the stream that it was listening to.

    It may say next that this stream's connection is lost. Without the hanging up just `before` it was lost indeed.
    """
    hung_up, lost = "AbortError: signal is aborted", "Unexpected error Connection errored out"
    return words.startswith(hung_up) or (words.startswith(lost) and bool(before) and before[-1].startswith(hung_up))


def _is_outside(address: str, url: str) -> bool:
    return not address.startswith((url, "data:", "blob:"))


@pytest.fixture(autouse=True, scope="session")
def _own_files() -> Iterator[None]:
    """What pages in this process keep, apart from those of the tests beside it."""
    with own_files():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine may miss a moment: such a test may be run once more, which the report counts."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))
