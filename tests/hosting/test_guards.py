"""Each guard alone, around an application that only counts."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from musictx.hosting.bodies import START_S, BodyLimit
from musictx.hosting.logins import EndingTokens, Failures, Logins, strict_cookie
from musictx.hosting.messages import address_of
from musictx.hosting.origins import Origins
from musictx.hosting.presence import Listeners, Presence
from musictx.hosting.rates import BURST_S, Rates
from musictx.hosting.requests import place
from musictx.hosting.routes import OpenRoutes, is_open
from tests.hosting.asgi import Echo, ask
from tests.loops import run


def limited(app: Any, clock: Any = lambda: 0.0) -> BodyLimit:
    return BodyLimit(app, most_bytes=1000, upload_bytes=5000, slowest_bytes_s=100, clock=clock)


@pytest.mark.parametrize(
    ("path", "most"), [("/gradio_api/queue/join", 1000), ("/gradio_api/upload", 5000), ("/login", 16384)]
)
def test_a_body_up_to_the_limit_comes_through_and_one_more_does_not(path: str, most: int) -> None:
    assert ask(limited(Echo()), "POST", path, body=[b"x" * most]).body == str(most).encode()
    echo = Echo()
    declared = {"content-length": str(most + 1)}
    assert ask(limited(echo), "POST", path, declared, [b"x" * (most + 1)]).status == 413 and not echo.seen
    in_pieces = ask(limited(Echo()), "POST", path, {"transfer-encoding": "chunked"}, [b"x" * 400] * (most // 400 + 1))
    assert in_pieces.status == 413 and b"larger than" in in_pieces.body


@pytest.mark.parametrize("declared", ["-5", "many", "1e3"])
def test_a_length_that_is_none_is_refused(declared: str) -> None:
    assert ask(limited(Echo()), "POST", "/", {"content-length": declared}).status == 413


def test_what_the_application_makes_of_a_broken_body_is_not_shown() -> None:
    async def careless(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
        except Exception:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b"traceback"})

    answer = ask(limited(careless), "POST", "/", {"transfer-encoding": "chunked"}, [b"x" * 999] * 3)
    assert answer.status == 413 and b"traceback" not in answer.body


def test_a_body_that_comes_drop_by_drop_is_given_up() -> None:
    now = [0.0]

    async def forever() -> dict[str, Any]:
        now[0] += 5.0  # a byte in five seconds
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"transfer-encoding", b"chunked")]}

    async def within() -> None:
        await limited(Echo(), lambda: now[0])(scope, forever, send)

    async def stalls() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def stalled() -> None:
        now[0] = 0.0
        clock = iter((0.0, START_S - 0.01))
        await limited(Echo(), lambda: next(clock))(scope, stalls, send)

    run(within())
    assert sent[0]["status"] == 408 and now[0] <= 2 * START_S
    sent.clear()
    run(stalled())
    assert sent[0]["status"] == 408


UNUSED = [
    "/gradio_api/deep_link",
    "/gradio_api/process_recording",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/some-key",
    "/gradio_api/runs",
    "/gradio_api/run-history/records",
    "/gradio_api/proxy=https://x.hf.space/",
    "/gradio_api/component_server",
    "/gradio_api/dev/reload",
    "/gradio_api/vibe-edit",
    "/gradio_api/stream/x",
    "/gradio_api/token",
    "/gradio_api/profiling/traces",
    "/gradio_api/mcp",
    "/docs",
    "/anything",
]


@pytest.mark.parametrize("path", UNUSED)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
def test_what_the_page_does_not_use_is_not_there(method: str, path: str) -> None:
    for each in (path, f"{path}/"):
        echo = Echo()
        assert ask(OpenRoutes(echo), method, each).status == 404 and not echo.seen


def test_what_the_page_uses_is_there() -> None:
    for path in ("/", "/config", "/assets/index.js", "/gradio_api/info", "/gradio_api/heartbeat/abc", "/theme.css"):
        assert is_open("GET", path), path
    for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/call/compose", "/login"):
        assert is_open("POST", path) and is_open("POST", f"{path}/"), path
    assert is_open("GET", "/gradio_api/call/compose/0123") and is_open("GET", "/gradio_api/file=/tmp/a b.mid")


HOST = {"host": "piano.example.org"}
CHANGES = ("POST", "/gradio_api/queue/join")


def guarded(app: Any, **more: Any) -> Origins:
    return Origins(app, more.get("hosts", ()), more.get("allowed", ()), more.get("iframe", False))


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.org", "https://other.example.com", "null", "https://piano.example.org.evil.com", "file://"],
)
@pytest.mark.parametrize("asked", [CHANGES, ("GET", "/gradio_api/file=/x"), ("OPTIONS", "/gradio_api/queue/join")])
def test_another_origin_is_refused_and_not_reflected(origin: str, asked: tuple[str, str]) -> None:
    echo = Echo(("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"))
    answer = ask(guarded(echo), *asked, {**HOST, "origin": origin, "access-control-request-method": "POST"})
    assert answer.status == 403 and not echo.seen
    public = ask(guarded(echo), "GET", "/assets/a.js", {**HOST, "origin": origin})
    assert public.status == 200 and not [name for name in public.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["https://piano.example.org", "http://piano.example.org"])
def test_the_page_itself_may_ask(origin: str) -> None:
    assert ask(guarded(Echo()), *CHANGES, {**HOST, "origin": origin}).status == 200
    ported = {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"}
    assert ask(guarded(Echo()), *CHANGES, ported).status == 200
    assert ask(guarded(Echo()), *CHANGES, {**ported, "origin": "http://127.0.0.1:9999"}).status == 403


def test_a_program_without_an_origin_may_ask_and_an_embedding_page_may_not() -> None:
    assert ask(guarded(Echo()), *CHANGES, HOST).status == 200
    embeds = {**HOST, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}
    assert ask(guarded(Echo()), "GET", "/gradio_api/file=/x.mid", embeds).status == 403
    follows = {**HOST, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert ask(guarded(Echo()), "GET", "/", follows).status == 200
    assert ask(guarded(Echo()), *CHANGES, follows).status == 403


def test_a_named_origin_may_ask_and_may_frame() -> None:
    app = guarded(Echo(), allowed=("https://huggingface.co",), iframe=True)
    answer = ask(app, *CHANGES, {**HOST, "origin": "https://huggingface.co"})
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://huggingface.co"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self' https://huggingface.co"
    preflight = ask(app, "OPTIONS", CHANGES[1], {**HOST, "origin": "https://huggingface.co"})
    assert preflight.status == 204 and "POST" in preflight.headers["access-control-allow-methods"]
    assert ask(guarded(Echo())).headers["content-security-policy"] == "frame-ancestors 'self'"


def test_only_named_hosts_are_answered() -> None:
    app = guarded(Echo(), hosts=("piano.example.org",))
    assert ask(app, headers={"host": "piano.example.org:443"}).status == 200
    assert ask(app, headers={"host": "rebound.example.net"}).status == 421
    assert ask(app, path="/healthz", headers={"host": "10.0.0.3:7860"}).status == 200


def test_failed_logins_have_to_wait_longer_each_time(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    app = Logins(Echo(status=400), 0, False, Failures(lambda: now[0]))
    secret = [b"username=ada&password=hunter2"]
    statuses = []
    with caplog.at_level(logging.WARNING):
        for _ in range(8):
            statuses.append(ask(app, "POST", "/login", body=secret).status)
    assert statuses == [400] * 3 + [429] * 5
    assert "192.0.2.7" in caplog.text and "hunter2" not in caplog.text and "ada" not in caplog.text
    assert ask(app, "POST", "/login", client="192.0.2.8").status == 400, "another address is not held up"
    waits = []
    for _ in range(6):
        waits.append(app.failures.wait_s("192.0.2.7"))
        now[0] += waits[-1]
        assert ask(app, "POST", "/login").status == 400
    assert waits == [1, 2, 4, 8, 16, 32]


def test_the_right_password_ends_the_waiting() -> None:
    failures = Failures(lambda: 0.0)
    for _ in range(2):
        ask(Logins(Echo(status=400), 0, False, failures), "POST", "/login")
    ask(Logins(Echo(status=200), 0, False, failures), "POST", "/login")
    assert failures.wait_s("192.0.2.7") == 0


def test_cookies_stay_on_this_site() -> None:
    lax = b"access-token-unsecure-x=secret; HttpOnly; Path=/; SameSite=lax"
    assert b"SameSite=Strict" in strict_cookie(lax, False, False) and b"HttpOnly" in strict_cookie(lax, False, False)
    assert strict_cookie(lax, True, False).endswith(b"Secure")
    assert b"SameSite=None" in strict_cookie(lax, True, True), "in a frame elsewhere, with TLS"
    assert b"SameSite=Strict" in strict_cookie(lax, False, True), "never without TLS"
    app = Logins(Echo(("set-cookie", lax.decode())), 0, False)
    assert "SameSite=Strict" in ask(app, "POST", "/login").headers["set-cookie"]


def test_tokens_end() -> None:
    now = [0.0]
    tokens = EndingTokens(1.0, lambda: now[0])
    tokens["a"] = "ada"
    now[0] = 3599
    assert tokens.get("a") == "ada" and list(tokens) == ["a"]
    now[0] = 3601
    assert tokens.get("a") is None and list(tokens) == []
    tokens["b"] = "emil"
    assert len(tokens) == 1, "what has ended takes no room"


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "192.0.2.7"),
        ("198.51.100.1", 0, "192.0.2.7"),  # nobody stands in front: a visitor wrote it
        ("198.51.100.1", 1, "198.51.100.1"),
        ("127.0.0.1, 198.51.100.1", 1, "198.51.100.1"),  # the first was written by the visitor
        ("127.0.0.1, 198.51.100.1, 10.0.0.2", 2, "198.51.100.1"),
        ("198.51.100.1", 2, "192.0.2.7"),
    ],
)
def test_whose_request_it_is(forwarded: str, proxies: int, address: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert address_of({"headers": headers, "client": ("192.0.2.7", 5)}, proxies) == address


def test_requests_of_one_address_are_bounded_and_those_of_another_are_not() -> None:
    now = [0.0]
    app = Rates(Echo(), 2.0, 0, lambda: now[0])
    statuses = [ask(app).status for _ in range(int(2 * BURST_S) + 10)]
    assert statuses.count(429) == 10 and statuses[-1] == 429
    assert ask(app, client="192.0.2.8").status == 200
    now[0] = 1.0
    assert [ask(app).status for _ in range(3)] == [200, 200, 429]
    assert ask(app, path="/healthz").status == 200


def test_a_listener_is_known_until_the_client_is_gone() -> None:
    presence, gone = Presence(), asyncio.Event()

    async def streaming(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        assert presence.listens("me") and presence.number == 1
        gone.set()
        assert (await receive())["type"] == "http.disconnect"
        assert not presence.listens("me")

    async def visit() -> None:
        first = True

        async def receive() -> dict[str, Any]:
            nonlocal first
            if first:
                first = False
                return {"type": "http.request", "body": b"", "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            raise AssertionError(message)

        scope = {"type": "http", "method": "GET", "path": "/gradio_api/queue/data", "query_string": b"session_hash=me"}
        await Listeners(streaming, presence)(scope, receive, send)

    run(visit())
    assert presence.number == 0


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/gradio_api/file=/tmp/x/secret name.mid", "/gradio_api/file"),
        ("/gradio_api/heartbeat/abc123", "/gradio_api/heartbeat"),
        ("/gradio_api/call/compose/0123", "/gradio_api/call"),
        ("/assets/index-abc.js", "/assets"),
        ("/", "/"),
    ],
)
def test_a_log_names_the_route_and_nothing_of_a_visitor(path: str, route: str) -> None:
    assert place(path) == route
