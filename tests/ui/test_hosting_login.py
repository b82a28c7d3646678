"""Signing in on a page that asks for a name: refused unread, slower after failures, cookies for this site alone."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ui.test_app import page_of_its_own


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page of its own with one login."""
    with page_of_its_own(tmp_path_factory.mktemp("login"), door="healthz", MUSICTX_LOGINS="ada:se:cret") as (
        address,
        _,
    ):
        yield address


def ask(address: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def sign_in(url: str, password: str) -> tuple[int, Any, bytes]:
    return ask(f"{url}login", urllib.parse.urlencode({"username": "ada", "password": password}).encode())


def test_a_stranger_reaches_nothing_and_sends_nothing(url: str) -> None:
    assert ask(f"{url}config")[0] == 401
    for path in ("gradio_api/queue/join", "gradio_api/upload", "login"):
        status, _, said = ask(url + path, b"x" * (6 * 2**20))
        assert status == 413 and b"larger than" in said, path
    assert ask(f"{url}healthz")[0] == 200


def test_the_cookie_of_a_login_is_for_this_site_alone(url: str) -> None:
    status, headers, _ = sign_in(url, "se:cret")
    cookies = headers.get_all("set-cookie")
    assert status == 200 and cookies and all("SameSite=Strict" in each and "HttpOnly" in each for each in cookies)
    plain = next(each for each in cookies if "unsecure" in each).split(";")[0]
    assert ask(f"{url}config", cookie=plain)[0] == 200
    foreign = {"cookie": plain, "origin": "http://sibling.example.org"}
    assert ask(f"{url}config", **foreign)[0] == 403


def test_after_failures_one_has_to_wait(url: str) -> None:
    assert [sign_in(url, "wrong")[0] for _ in range(3)] == [400] * 3
    status, headers, said = sign_in(url, "se:cret")
    assert status == 429 and float(headers["retry-after"]) >= 0 and b"Try again in" in said
