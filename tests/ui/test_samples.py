"""How the samples of a piano travel to the browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from musictx.errors import AudioError
from musictx.hosting.routes import is_open
from musictx.ui.server.samples import SampleFiles

NAME = f"{'0a' * 16}.samples"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """An application behind the middleware, with one pack for the SoundFont "Grand"."""
    (tmp_path / NAME).write_bytes(b"pack")

    def pack_of(name: str | None) -> Path:
        if name not in (None, "Grand"):
            raise AudioError(f"No SoundFont named {name!r}. There are: Grand.")
        return tmp_path / NAME

    inner = Starlette(routes=[Route("/{rest:path}", lambda _: PlainTextResponse("the page"))])
    return TestClient(SampleFiles(inner, pack_of), follow_redirects=False)


def test_the_address_of_a_font_leads_to_one_that_is_kept_for_good(client: TestClient) -> None:
    led = client.get("/samples", params={"soundfont": "Grand"})
    assert led.status_code == 307 and led.headers["cache-control"] == "no-cache"
    found = client.get(led.headers["location"])
    assert (found.status_code, found.content) == (200, b"pack")
    assert "immutable" in found.headers["cache-control"]


def test_it_works_below_the_path_of_a_proxy(client: TestClient) -> None:
    led = TestClient(client.app, root_path="/music", follow_redirects=False).get("/music/samples?soundfont=Grand")
    # Relative, so that whatever prefix the browser used stays.
    assert led.status_code == 307 and led.headers["location"].startswith("samples/")


@pytest.mark.parametrize("path", ["/samples?soundfont=Upright", "/samples/secret", f"/samples/{'0b' * 16}.samples"])
def test_what_is_not_there_is_said(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404 and answer.json()["error"]
    assert "Grand" not in answer.text  # who has not signed in learns nothing of the host


def test_everything_else_is_left_to_the_page(client: TestClient) -> None:
    assert client.get("/").text == client.get("/sampleset").text == "the page"


def test_only_these_two_addresses_are_open() -> None:
    assert is_open("GET", "/samples") and is_open("GET", f"/samples/{NAME}")
    assert not is_open("POST", "/samples") and not is_open("GET", "/samples/../secret")
