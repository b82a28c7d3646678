"""Every setting of a hosted page: read from the environment, checked at start, listed by `app.py --help`."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from musictx.errors import SettingsError

# What is read elsewhere, each in its one place, so that the list is whole.
ELSEWHERE = {
    "MUSICTX_TRAINING": "on: everybody who reaches the page may train (off)",
    "MUSICTX_TRAINERS": "signed-in names that may train, name,name (none)",
    "MUSICTX_TRAINING_FOLDERS": "on: a folder or file of the server may be named as a dataset (off)",
    "MUSICTX_LOGINS": "name:password,name:password; with them the whole page asks for one (none)",
    "MUSICTX_WORKSHOP": "folder of datasets, runs and uploaded checkpoints (data/workshop)",
    "MUSICTX_CACHE": "folder of what is built once: SoundFonts, graphs (the user's cache)",
    "MUSICTX_ENGINE": "auto, onnx, onnx-int8 or keras (auto)",
}
LEVELS = ("debug", "info", "warning", "error")


def _setting(default: Any, variable: str, meaning: str, least: float = 0, most: float = 1e9, public: Any = None) -> Any:
    """A field with its variable; `public` is its default for a page that is open to the world, if another."""
    about = {"variable": variable, "meaning": meaning, "least": least, "most": most, "public": public}
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class HostSettings:
    """How a page is hosted. Each field's variable, meaning and bounds stand in its metadata; `listing` shows them."""

    hosts: tuple[str, ...] = _setting(
        (), "MUSICTX_HOSTS", "host names that may be asked for, name,name; none: whatever the browser asks for"
    )
    origins: tuple[str, ...] = _setting(
        (), "MUSICTX_ORIGINS", "other origins whose pages may call this one, https://name,https://name"
    )
    proxies: int = _setting(
        0, "MUSICTX_PROXIES", "reverse proxies in front, whose X-Forwarded-For is believed", most=10
    )
    root_path: str = _setting("", "MUSICTX_ROOT_PATH", "path under which a proxy serves the page, as /musictx")
    log_level: str = _setting("warning", "MUSICTX_LOG", f"{', '.join(LEVELS)}; at info every request is a line of JSON")
    log_mb_an_hour: float = _setting(
        20.0, "MUSICTX_LOG_MB", "MB an hour of the log at most; what is left out is counted", least=0.01
    )
    metrics: bool = _setting(
        False, "MUSICTX_METRICS", "on: /metrics for Prometheus, to requests from this machine alone"
    )
    sessions: int = _setting(
        250, "MUSICTX_SESSIONS", "visitors whose state is kept, about 1 MB each; the longest idle goes first", least=8
    )
    at_once: int = _setting(5, "MUSICTX_AT_ONCE", "pieces made side by side; later ones wait", least=1, most=100)
    waiting: int = _setting(16, "MUSICTX_WAITING", "requests that wait at most; more are told to come back", least=1)
    places: int = _setting(3, "MUSICTX_PLACES", "pieces of one visitor that are made or wait", least=1)
    address_places: int = _setting(
        0, "MUSICTX_ADDRESS_PLACES", "the same of one network address; 0: as many as there are", public=6
    )
    unheard: int = _setting(
        4, "MUSICTX_UNHEARD", "requests of one address at most whose answer nobody listens to", least=1
    )
    patience_s: float = _setting(
        15.0, "MUSICTX_PATIENCE_S", "seconds after which a request that nobody listens to is given up", least=1
    )
    requests_a_second: float = _setting(
        0.0, "MUSICTX_REQUESTS", "requests a second of one address, over a minute; 0: as many as come", public=20.0
    )
    body_kb: float = _setting(1024.0, "MUSICTX_BODY_KB", "kB of a request that is no upload", least=64)
    slowest_kb_s: float = _setting(
        8.0, "MUSICTX_SLOWEST_KB_S", "kB a second below which a request is given up", least=0.1
    )
    connections: int = _setting(
        0, "MUSICTX_CONNECTIONS", "connections at once; 0: as many as the system gives", public=500
    )
    visitor_disk_mb: float = _setting(
        400.0, "MUSICTX_VISITOR_DISK_MB", "MB of uploads of one address that are kept at a time", least=5
    )
    disk_mb: float = _setting(4096.0, "MUSICTX_DISK_MB", "MB of uploads and downloads of all visitors", least=50)
    free_disk_mb: float = _setting(500.0, "MUSICTX_FREE_DISK_MB", "MB of the disk that are left free", least=0)
    file_hours: float = _setting(
        4.0, "MUSICTX_FILE_HOURS", "hours for which uploads and downloads are kept", least=0.05
    )
    login_hours: float = _setting(
        24 * 30.0, "MUSICTX_LOGIN_HOURS", "hours after which one has to sign in again", least=0.01, public=24.0
    )
    gpu_patience_s: float = _setting(
        8.0, "MUSICTX_GPU_PATIENCE_S", "seconds that a piece waits for a GPU of ZeroGPU; then the CPU plays", least=0.1
    )
    mcp: bool = _setting(
        False, "MUSICTX_MCP", 'on: the endpoints are tools for language models as well; needs pip install "gradio[mcp]"'
    )
    iframe: bool = _setting(False, "MUSICTX_IFRAME", "on: the page is shown inside pages of MUSICTX_ORIGINS")

    def __post_init__(self) -> None:
        kinds = typing.get_type_hints(type(self))
        for each in dataclasses.fields(self):
            value, about = getattr(self, each.name), each.metadata
            if kinds[each.name] in (int, float) and not about["least"] <= value <= about["most"]:
                bounds = f"{about['least']:g} and {about['most']:g}"
                raise SettingsError(f"{about['variable']} must lie between {bounds}. Received: {value:g}")
        if self.log_level not in LEVELS:
            raise SettingsError(f"MUSICTX_LOG is one of {', '.join(LEVELS)}. Received: {self.log_level!r}")
        for origin in self.origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise SettingsError(
                    f"MUSICTX_ORIGINS holds origins as https://name or http://name:port. Received: {origin!r}"
                )
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise SettingsError(f"MUSICTX_ROOT_PATH is a path as /musictx. Received: {self.root_path!r}")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], public: bool = False) -> HostSettings:
        """The settings, `public` with the strict ones for a page that is open to the world.

        Raises:
            SettingsError: naming the variable, what was received and what it takes.
        """
        _check_names(environment)
        values: dict[str, Any] = {}
        kinds = typing.get_type_hints(cls)
        for each in dataclasses.fields(cls):
            text = environment.get(each.metadata["variable"], "").strip()
            if text:
                values[each.name] = _read(text, kinds[each.name], each.metadata["variable"])
            elif public and each.metadata["public"] is not None:
                values[each.name] = each.metadata["public"]
        if environment.get("SPACE_ID"):  # shown in a frame on huggingface.co, behind one proxy
            values.setdefault("iframe", True)
            values.setdefault("proxies", 1)
            values.setdefault("origins", ("https://huggingface.co",))
        return cls(**values)


def listing() -> str:
    """A line for each setting: variable, default, meaning."""
    rows = []
    for each in dataclasses.fields(HostSettings):
        about = each.metadata
        public = "" if about["public"] is None else f"; {_written(about['public'])} with --public"
        rows.append(f"  {about['variable']:<24} {about['meaning']} ({_written(each.default)}{public})")
    rows += [f"  {name:<24} {meaning}" for name, meaning in ELSEWHERE.items()]
    return "\n".join(rows)


def _check_names(environment: Mapping[str, str]) -> None:
    """Refuses a variable that nothing reads: a strict setting with a slip in its name would silently not hold."""
    known = [each.metadata["variable"] for each in dataclasses.fields(HostSettings)] + [*ELSEWHERE]
    for name in environment:
        if name.startswith("MUSICTX_") and name not in known:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.8)
            remedy = f"Did you mean {near[0]}?" if near else "app.py --help lists all."
            raise SettingsError(f"{name} is no setting of musictx. {remedy}")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _read(text: str, kind: Any, variable: str) -> Any:
    if kind is bool:
        if text.lower() not in ("on", "off", "1", "0", "true", "false", "yes", "no"):
            raise SettingsError(f"{variable} is on or off. Received: {text!r}")
        return text.lower() in ("on", "1", "true", "yes")
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError as error:
            raise SettingsError(f"{variable} is a number. Received: {text!r}") from error
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())
