"""What travels compressed, and what must not be held back."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from musictx.ui.server.compression import CompressedDocuments


def ask(url: str, encoding: str) -> Any:
    """An answer as it travels."""
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": encoding}), timeout=30)


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_the_document_travels_compressed(fake_url: str, encoding: str) -> None:
    with ask(fake_url, "identity") as plain, ask(fake_url, encoding) as small:
        whole, sent = plain.read(), small.read()
        assert small.headers["Content-Encoding"] == encoding and plain.headers["Content-Encoding"] is None
    assert len(sent) < len(whole) / 4


@pytest.mark.parametrize(
    ("path", "compressed"),
    [
        ("/", True),
        ("/config", True),
        ("/gradio_api/queue/data", False),
        ("/gradio_api/heartbeat/me", False),
        ("/gradio_api/file=/tmp/take.flac", False),
        ("/gradio_api/upload", False),
    ],
)
def test_streams_and_sound_are_left_alone(path: str, compressed: bool) -> None:
    middleware = CompressedDocuments(None)  # type: ignore[arg-type]
    assert middleware._is_compressible_file_type({"type": "http", "path": path}) is compressed
