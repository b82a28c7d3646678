"""Settings of a host: read, checked, listed."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest

from musictx.errors import SettingsError
from musictx.hosting.connections import SILENT_S, close_idle
from musictx.hosting.disk import ABORTED_S, LOOK_S, Disk, DiskLimits
from musictx.hosting.logs import HOUR_S, BoundedStream
from musictx.hosting.settings import HostSettings, listing


def test_the_defaults_need_no_environment() -> None:
    assert HostSettings.from_environment({"HOME": "/home/me"}) == HostSettings()


def test_public_is_stricter_and_what_is_set_holds_all_the_same() -> None:
    public = HostSettings.from_environment({}, public=True)
    assert public.address_places and public.requests_a_second and public.connections
    assert public.login_hours < HostSettings().login_hours
    assert HostSettings.from_environment({"MUSICTX_REQUESTS": "3.5"}, public=True).requests_a_second == 3.5


def test_values_are_read_by_their_kind() -> None:
    settings = HostSettings.from_environment(
        {
            "MUSICTX_ORIGINS": "https://a.example, http://b.example:8000",
            "MUSICTX_PROXIES": "2",
            "MUSICTX_METRICS": "On",
            "MUSICTX_LOG": "info",
            "MUSICTX_ROOT_PATH": "/musictx",
        }
    )
    assert settings.origins == ("https://a.example", "http://b.example:8000")
    assert (settings.proxies, settings.metrics, settings.log_level, settings.root_path) == (2, True, "info", "/musictx")


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("MUSICTX_PROXIES", "two", "is a number"),
        ("MUSICTX_PROXIES", "-1", "between 0 and 10"),
        ("MUSICTX_AT_ONCE", "0", "between 1 and 100"),
        ("MUSICTX_PATIENCE_S", "nan", "between"),
        ("MUSICTX_METRICS", "perhaps", "on or off"),
        ("MUSICTX_LOG", "loud", "debug, info"),
        ("MUSICTX_ORIGINS", "example.org", "https://name"),
        ("MUSICTX_ORIGINS", "https://example.org/", "https://name"),
        ("MUSICTX_ROOT_PATH", "musictx/", "is a path"),
        ("MUSICTX_ORIGIN", "https://a.example", "Did you mean MUSICTX_ORIGINS"),
        ("MUSICTX_ZZZ", "1", "--help"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsError, match=remedy) as refused:
        HostSettings.from_environment({name: value})
    assert name in str(refused.value)


def test_every_setting_is_listed_with_its_default() -> None:
    lines = listing().splitlines()
    for each in dataclasses.fields(HostSettings):
        (line,) = (line for line in lines if line.split()[0] == each.metadata["variable"])
        assert each.metadata["meaning"] in line


def test_a_space_is_shown_in_its_frame() -> None:
    settings = HostSettings.from_environment({"SPACE_ID": "someone/musictx"})
    assert settings.iframe and settings.proxies == 1 and settings.origins == ("https://huggingface.co",)


def test_a_log_is_bounded_and_says_what_was_left_out() -> None:
    now, out = [0.0], io.StringIO()
    stream = BoundedStream(out, 1000, lambda: now[0])
    for _ in range(1000):
        stream.write("x" * 99 + "\n")
    assert 900 <= len(out.getvalue()) < 1200 and "left out and counted" in out.getvalue()
    now[0] = HOUR_S
    stream.write("the next hour\n")
    assert "99,000 characters" in out.getvalue() and out.getvalue().endswith("the next hour\n")


def test_the_disk_is_swept_and_counted(tmp_path: Any) -> None:
    now = [1e9]
    disk = Disk(tmp_path, DiskLimits(1000, 10**9, 0, 3600), lambda: now[0])
    for name in ("abc/kept.mid", "abc/old.mid", "tmpaborted", ".in-use"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 100)
    now[0] = (tmp_path / "tmpaborted").stat().st_mtime + ABORTED_S + 1
    assert disk.used() == 400 and disk.sweep() == 1 and not (tmp_path / "tmpaborted").exists()
    now[0] += 3600
    assert disk.sweep(keep={str(tmp_path / "abc" / "kept.mid")}) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".in-use", "abc", "kept.mid"]


def test_uploads_of_one_address_and_of_all_are_bounded(tmp_path: Any) -> None:
    now = [0.0]
    disk = Disk(tmp_path, DiskLimits(1000, 5000, 0, 3600), lambda: now[0])
    disk.add("a", 900)
    assert "at most" in disk.refusal("a", 200) and disk.refusal("b", 200) == ""
    now[0] = 3601
    assert disk.refusal("a", 200) == "", "what is swept counts no more"
    (tmp_path / "file").write_bytes(b"x" * 4900)
    now[0] += LOOK_S
    assert "no room" in disk.refusal("b", 200)
    full = Disk(tmp_path, DiskLimits(1e12, 1e12, 1e18, 3600), lambda: now[0])
    assert "no room" in full.refusal("b", 1), "so much of the disk stays free"


def test_connections_that_ask_nothing_are_closed() -> None:
    class Loop:
        def call_soon_threadsafe(self, close: Any) -> None:
            close()

    class Connection:
        def __init__(self, cycle: Any) -> None:
            self.cycle, self.open, self.loop, self.transport = cycle, True, Loop(), self

        def close(self) -> None:
            self.open = False

    silent, asking = Connection(None), Connection(object())
    known: dict[Any, float] = {}
    assert close_idle({silent, asking}, known, 0.0) == close_idle({silent, asking}, known, SILENT_S) == 0
    assert close_idle({silent, asking}, known, SILENT_S + 1) == 1 and not silent.open and asking.open
