"""The endpoints as tools over the Model Context Protocol, where its package is installed."""

from __future__ import annotations

import base64
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from musictx.errors import SettingsError
from musictx.hosting.routes import is_open
from musictx.hosting.settings import HostSettings
from musictx.ui.server.application import hosting_options
from tests.loops import run
from tests.ui.conftest import served

ENDPOINTS = {"compose", "redo", "seed_report", "render", "score"}


def test_its_addresses_are_open_only_where_it_is_switched_on() -> None:
    for method, path in (("POST", "/gradio_api/mcp/"), ("GET", "/gradio_api/mcp/sse"), ("DELETE", "/gradio_api/mcp")):
        assert is_open(method, path, mcp=True) and not is_open(method, path)
    assert not is_open("POST", "/gradio_api/mcp/other", mcp=True) and not is_open("DELETE", "/config", mcp=True)


def no_pack(_: str | None) -> Path:
    """Nobody asks for samples here."""
    raise AssertionError


def test_without_its_package_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert hosting_options(1, no_pack, HostSettings())["mcp_server"] is False
    with pytest.raises(SettingsError, match="pip install"):
        hosting_options(1, no_pack, HostSettings.from_environment({"MUSICTX_MCP": "1"}))


def inline(path: Path) -> str:
    """A file as a tool takes it from a machine without an address."""
    return f"data:audio/midi;base64,{base64.b64encode(path.read_bytes()).decode()}"


async def _tools_and_report(url: str, file: str) -> tuple[dict[str, Any], Any, Any]:
    session_of = importlib.import_module("mcp").ClientSession  # mypy runs where it is not installed
    connect = importlib.import_module("mcp.client.streamable_http").streamable_http_client
    async with (
        connect(f"{url}gradio_api/mcp/") as (read, write, _),
        session_of(read, write) as session,
    ):
        await session.initialize()
        listed = await session.list_tools()
        report = await session.call_tool("seed_report", {"file": file, "context_seconds": 3})
        refused = await session.call_tool("seed_report", {"file": file, "context_seconds": 3000})
    return {tool.name: tool for tool in listed.tools}, report, refused


def test_the_endpoints_alone_are_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp")
    gradio_client = pytest.importorskip("gradio_client")
    monkeypatch.setenv("MUSICTX_MCP", "1")
    with served("fake", tmp_path) as url:
        client = gradio_client.Client(url, verbose=False, analytics_enabled=False)
        names = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        client.close()
        assert {name.strip("/") for name in names} == ENDPOINTS
        tools, report, refused = run(_tools_and_report(url, inline(tmp_path / "waltz.mid")))
    assert set(tools) == ENDPOINTS
    assert {"file", "start", "end", "candidates"} <= set(tools["redo"].inputSchema["properties"])
    assert all(tool.description for tool in tools.values())
    assert "16" in tools["redo"].inputSchema["properties"]["candidates"]["description"]
    assert not report.isError and "'notes': 96" in report.content[0].text
    assert refused.isError and "context_seconds must lie between" in refused.content[0].text
