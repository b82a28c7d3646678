"""The examples for reverse proxies: they parse, they fit the settings, and nginx, where it is installed, serves one."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from musictx.hosting.guard import MULTIPART_BYTES
from musictx.hosting.settings import ELSEWHERE, HostSettings
from musictx.workshop.policy import WorkshopLimits
from tests.ui.conftest import free_port, served
from tests.waiting import until

DOCS = Path(__file__).resolve().parents[2] / "docs"
NGINX, CADDY = DOCS / "hosting" / "nginx.conf", DOCS / "hosting" / "Caddyfile"
MB = 2**20


def directives(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """(blocks around it, words) of every directive of an nginx configuration; ValueError if it is none."""
    around: list[str] = []
    words: list[str] = []
    for token in re.findall(r"[{};]|[^\s{};]+", re.sub(r"#.*", "", text)):
        if token == ";":
            if not words:
                raise ValueError("an empty directive")
            yield tuple(around), words
            words = []
        elif token == "{":
            around.append(" ".join(words))
            words = []
        elif token == "}":
            if words or not around:
                raise ValueError(f"a block ends in the middle: {words}")
            around.pop()
        else:
            words.append(token)
    if words or around:
        raise ValueError(f"it ends in the middle: {words or around}")


def test_the_nginx_example_parses_and_passes_on_what_the_page_needs() -> None:
    found = {words[0]: words[1:] for _, words in directives(NGINX.read_text())}
    largest = WorkshopLimits().upload_bytes + MULTIPART_BYTES
    assert int(found["client_max_body_size"][0].removesuffix("m")) * MB >= largest
    assert found["proxy_buffering"] == ["off"] and found["proxy_http_version"] == ["1.1"]
    headers = {words[1]: words[2] for _, words in directives(NGINX.read_text()) if words[0] == "proxy_set_header"}
    assert headers["X-Forwarded-For"] == "$proxy_add_x_forwarded_for" and headers["Host"] == "$host"


@pytest.mark.parametrize("broken", ["events { ", "http { a b }", "a;}", "; ;"])
def test_the_parser_refuses_what_is_none(broken: str) -> None:
    with pytest.raises(ValueError, match="middle|empty"):
        list(directives(broken))


def test_the_caddy_example_parses_and_takes_the_largest_upload() -> None:
    text = re.sub(r"#.*", "", CADDY.read_text())
    depth = 0
    for line in filter(None, map(str.strip, text.splitlines())):
        depth += line.endswith(" {") - (line == "}")
        assert depth >= 0 and ("{" not in line or line.endswith("{") or "{http." in line), line
    assert depth == 0
    (size,) = re.findall(r"max_size (\d+)MB", text)
    assert int(size) * 10**6 >= WorkshopLimits().upload_bytes + MULTIPART_BYTES
    if shutil.which("caddy"):
        command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(CADDY)]
        subprocess.run(command, check=True, capture_output=True)


def test_the_page_on_hosting_names_settings_that_there_are() -> None:
    text = (DOCS / "hosting.md").read_text() + NGINX.read_text() + CADDY.read_text()
    known = {each.metadata["variable"] for each in dataclasses.fields(HostSettings)}
    assert set(re.findall(r"MUSICTX_[A-Z_]+", text)) <= known | set(ELSEWHERE)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt-get install nginx-light")
def test_nginx_serves_the_page_by_the_example(tmp_path: Path) -> None:
    port, page = free_port(), free_port()
    text = NGINX.read_text().replace("8080", f"127.0.0.1:{port}").replace("127.0.0.1:7860", f"127.0.0.1:{page}")
    places = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {", f"http {{\n{places}access_log off;\n", 1)
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"daemon off;\npid {tmp_path}/pid;\nerror_log {tmp_path}/errors;\n{text}")
    subprocess.run(["nginx", "-t", "-p", tmp_path, "-c", conf], check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        variables = {"MUSICTX_PROXIES": "1", "MUSICTX_HOSTS": "piano.example.org,127.0.0.1", "MUSICTX_METRICS": "on"}
        for name, value in variables.items():
            patch.setenv(name, value)
        with served("fake", tmp_path, page):
            proxy = subprocess.Popen(["nginx", "-p", tmp_path, "-c", conf])
            try:
                until(lambda: asked(port, "healthz", "piano.example.org")[0] == 200)
                assert asked(port, "", "piano.example.org")[0] == 200
                assert asked(port, "", "rebound.example.net")[0] == 421
                assert asked(port, "metrics", "piano.example.org")[0] == 404
                status, said = asked(port, "config", "piano.example.org")
                assert status == 200 and json.loads(said)["dependencies"]
                assert asked(port, "config", "piano.example.org", "http://piano.example.org")[0] == 200
                assert asked(port, "config", "piano.example.org", "https://sibling.example.org")[0] == 403
            finally:
                proxy.terminate()
                proxy.wait()


def asked(port: int, path: str, host: str, origin: str = "") -> tuple[int, bytes]:
    """Status and body of a request through the proxy; 0 if nobody answers yet."""
    headers = {"host": host, **({"origin": origin} if origin else {})}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers=headers)
        ) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
