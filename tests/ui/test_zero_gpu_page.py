"""The page as on a ZeroGPU Space: the real package `spaces`, over a stand-in for the service that lends the GPU.

The forked process is real, the GPU is not: the piece is drawn there by PyTorch on the CPU.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.ui.conftest import ROOT, free_port
from tests.ui.steps import set_number
from tests.waiting import until
from tests.zero_gpu.device_api import DeviceApi

pytest.importorskip("spaces", reason="the package spaces is missing: see requirements-dev.txt")
pytest.importorskip("torch", reason="PyTorch is missing: `make test` installs it")
gradio_client = pytest.importorskip("gradio_client")

SEED = ROOT / "assets" / "seeds" / "blues.mid"
# What the Hub adds to a visitor's requests: whose minutes they use.
TOKEN = {"X-IP-Token": "e30.e30.e30"}


@pytest.fixture(scope="module")
def api() -> Iterator[DeviceApi]:
    with DeviceApi() as service:
        yield service


@pytest.fixture(scope="module")
def page_process(api: DeviceApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Address and process of the page, its model ready."""
    folder, port = tmp_path_factory.mktemp("zero"), free_port()
    url, log = f"http://127.0.0.1:{port}/", folder / "log.txt"
    environment = {
        **os.environ,
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": api.url,
        "HOME": str(folder),  # where the package keeps its files
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "MUSICTX_CACHE": str(folder / "cache"),
        "MUSICTX_WORKSHOP": str(folder / "workshop"),
        "MUSICTX_GPU_PATIENCE_S": "300",  # a busy machine is slow, not wrong
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-m", "tests.zero_gpu.serve", "--port", str(port), "--checkpoint", "original"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def ready() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        with suppress(OSError), urllib.request.urlopen(f"{url}healthz", timeout=5) as answer:
            return b"ready" in answer.read()
        return False

    try:
        until(ready)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def url(page_process: tuple[str, int], api: DeviceApi) -> str:
    api.mode = "lend"
    return page_process[0]


def compose(url: str) -> dict[str, Any]:
    """The facts about a short piece."""
    client = gradio_client.Client(url, verbose=False, download_files=False, headers=TOKEN)
    facts: dict[str, Any] = client.predict(
        seed_file=gradio_client.handle_file(SEED),
        checkpoint="original",
        seconds=5,
        context_seconds=5,
        api_name="/compose",
    )[2]
    return facts


def released(api: DeviceApi, before: int) -> Callable[[], bool]:
    return lambda: "/release" in [path for path, _ in api.calls[before:]]


def test_the_start_is_reported_since_there_is_a_function_for_the_gpu(url: str, api: DeviceApi) -> None:
    assert api.paths()[0] == "/startup-report"


def test_a_piece_is_drawn_in_the_process_that_has_the_gpu(
    url: str, page_process: tuple[str, int], api: DeviceApi
) -> None:
    before = len(api.calls)
    facts = compose(url)
    assert (facts["engine"], facts["remark"]) == ("GPU", "") and facts["tokens"] > 10
    until(released(api, before))
    asked = dict(api.calls[before:])
    assert int(asked["/allow"]["pid"]) != page_process[1]
    assert 5 < int(asked["/schedule"]["durationSeconds"]) < 60 and asked["/schedule"]["token"] == TOKEN["X-IP-Token"]
    assert asked["/release"] == {"allowToken": asked["/allow"]["allowToken"], "fail": "false"}


@pytest.mark.parametrize(
    ("mode", "words"), [("no gpu", "No GPU"), ("quota", "used up"), ("expired", "reload"), ("too long", "longer than")]
)
def test_what_the_service_refuses_the_cpu_plays_and_says_so(url: str, api: DeviceApi, mode: str, words: str) -> None:
    api.mode = mode
    facts = compose(url)
    assert facts["engine"] == "CPU" and words in facts["remark"] and facts["tokens"] > 10


def test_the_page_says_what_plays_and_stop_gives_the_gpu_back(
    url: str, api: DeviceApi, open_page: Callable[..., Any]
) -> None:
    page = open_page(url, extra_http_headers=TOKEN)
    set_number(page, "seconds", 180)
    before = len(api.calls)
    page.click("#generate")
    page.wait_for_selector(".stage:has-text('tokens/s · GPU')")
    assert dict(api.calls[before:])["/schedule"]["token"] == TOKEN["X-IP-Token"]
    page.click("#stop-generating")
    page.wait_for_selector("[data-phase=done]")
    page.wait_for_selector(".stage:has-text('Stopped')")
    until(released(api, before))
    page.close()


def test_a_closed_page_gives_the_gpu_back(url: str, api: DeviceApi, open_page: Callable[..., Any]) -> None:
    page = open_page(url)
    set_number(page, "seconds", 180)
    before = len(api.calls)
    page.click("#generate")
    page.wait_for_selector(".stage:has-text('tokens/s · GPU')")
    page.close()
    until(released(api, before))
