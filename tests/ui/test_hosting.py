"""A served page attacked as a public host is; on the loopback, with bounded loops."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musictx.midi.files import write_midi
from tests.hosting.test_guards import UNUSED
from tests.ui.conftest import served
from tests.ui.fake_studio import broken_chords
from tests.waiting import until

gradio_client = pytest.importorskip("gradio_client")
SESSIONS = 12
VARIABLES = {
    "MUSICTX_METRICS": "on",
    "MUSICTX_PATIENCE_S": "2",
    "MUSICTX_SESSIONS": str(SESSIONS),
    "MUSICTX_BODY_KB": "64",
    "MUSICTX_VISITOR_DISK_MB": "12",
}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page over the fakes with small limits."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        with served("fake", tmp_path_factory.mktemp("hosted")) as address:
            yield address


def ask(
    url: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str = ""
) -> tuple[int, Any, bytes]:
    """Status, headers, body of one request."""
    request = urllib.request.Request(url + path, body, headers or {}, method=method or None)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def figure(url: str, name: str) -> float:
    found = re.search(rf"^{name} ([\d.e+]+)$", ask(url, "metrics")[2].decode(), re.MULTILINE)
    assert found, name
    return float(found[1])


@pytest.fixture(scope="module")
def events(url: str) -> list[Any]:
    """What the page's events are, as every visitor is told."""
    return list(json.loads(ask(url, "config")[2])["dependencies"])


def test_nothing_with_a_queue_can_be_asked_past_it(url: str, events: list[Any]) -> None:
    queued = [each for each in events if each["queue"] is not False and each["backend_fn"]]
    assert {"compose"} <= {each["api_name"] for each in queued} and len(queued) >= 10
    for each in queued:
        body = json.dumps({"fn_index": each["id"], "data": [None] * len(each["inputs"]), "session_hash": "x"}).encode()
        for path in ("gradio_api/run/predict", f"gradio_api/run/{each['api_name']}", "gradio_api/api/predict/"):
            assert ask(url, path, body, JSON)[0] in (404, 422), each


def test_what_reads_a_visitors_file_has_a_queue(url: str) -> None:
    configuration = json.loads(ask(url, "config")[2])
    kinds = {each["id"]: each["type"] for each in configuration["components"]}
    for each in configuration["dependencies"]:
        if any(kinds[number] in ("file", "uploadbutton") for number in each["inputs"]):
            assert each["queue"] is not False, each


def test_fire_and_forget_does_not_hold_the_site(url: str, events: list[Any], tmp_path: Path) -> None:
    (compose,) = (each for each in events if each["api_name"] == "compose")
    client = gradio_client.Client(url, verbose=False, download_files=str(tmp_path), analytics_enabled=False)
    seed = gradio_client.handle_file(str(write_midi(broken_chords(), tmp_path / "seed.mid")))
    data = ["", "balanced", 0.8, 10, 0.9, 180, 4, -1, 60, 1, "", "", 0.3, "wav", 1]
    taken = 0
    for number in range(24):
        body = json.dumps({"fn_index": compose["id"], "data": data, "session_hash": f"f{number}"}).encode()
        taken += ask(url, "gradio_api/queue/join", body, JSON)[0] == 200
    midi, _, _ = client.predict(seed_file=seed, seconds=5, audio_format="wav", api_name="/compose")
    assert taken and Path(midi[0]).exists()
    client.close()
    until(lambda: figure(url, "musictx_waiting") == figure(url, "musictx_working") == 0)


def test_state_of_visitors_is_bounded(url: str, events: list[Any]) -> None:
    quick = next(each for each in events if each["queue"] is False and not each["inputs"] and each["backend_fn"])
    for number in range(3 * SESSIONS):
        body = json.dumps({"fn_index": quick["id"], "data": [], "session_hash": f"visit {number}"}).encode()
        assert ask(url, "gradio_api/run/predict", body, JSON)[0] == 200
    assert 0 < figure(url, "musictx_visitors") <= SESSIONS + 1


@pytest.mark.parametrize("path", UNUSED)
def test_what_the_page_does_not_use_is_not_there(url: str, path: str) -> None:
    for body in (None, b"{}"):
        assert ask(url, path.removeprefix("/"), body, JSON)[0] == 404


def test_bodies_are_bounded_before_they_are_read(url: str) -> None:
    large = b'{"data": ["' + b"x" * 70_000 + b'"]}'
    for path in ("gradio_api/queue/join", "gradio_api/run/predict", "gradio_api/call/compose", "login"):
        status, _, said = ask(url, path, large, JSON)
        assert status == 413 and b"larger than" in said
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("POST", "/gradio_api/queue/join", iter([large] * 20), JSON, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def form(content: bytes) -> tuple[bytes, dict[str, str]]:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.mid"\r\n\r\n'
    return head + content + b"\r\n--x--\r\n", {"content-type": "multipart/form-data; boundary=x"}


def test_uploads_of_one_address_are_bounded(url: str) -> None:
    statuses = []
    for number in range(8):
        body, headers = form(bytes([number]) * (2 * 2**20))
        statuses.append(ask(url, "gradio_api/upload", body, headers)[0])
    assert statuses[0] == 200 and statuses[-1] == 413


@pytest.mark.parametrize("origin", ["http://sibling.example.org", "http://localhost:1", "null"])
def test_another_page_reads_and_changes_nothing(url: str, origin: str) -> None:
    foreign = {**JSON, "origin": origin}
    for path, body in (("gradio_api/queue/join", b"{}"), ("gradio_api/run/predict", b"{}"), ("config", None)):
        status, headers, _ = ask(url, path, body, foreign)
        assert status == 403
        assert headers["access-control-allow-origin"] is None
    status, headers, _ = ask(
        url, "gradio_api/queue/join", None, {**foreign, "access-control-request-method": "POST"}, "OPTIONS"
    )
    assert status == 403 and headers["access-control-allow-origin"] is None


def test_the_page_may_not_be_framed_elsewhere(url: str) -> None:
    _, headers, _ = ask(url, "")
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert re.fullmatch("[0-9a-f]{16}", headers["x-request-id"])


def test_health_and_figures_are_told(url: str) -> None:
    status, _, said = ask(url, "healthz")
    assert status == 200 and json.loads(said)["status"] == "ok"
    figures = ask(url, "metrics")[2].decode()
    for name in (
        "waiting",
        "working",
        "visitors",
        "memory_bytes",
        "disk_bytes",
        "refusals_total",
        "first_note_seconds",
    ):
        assert f"musictx_{name}" in figures
    assert ask(url, "metrics", headers={"x-forwarded-for": "198.51.100.1"})[0] == 404, "a proxy's visitors see none"
