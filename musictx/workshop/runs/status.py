"""How a run stands, whoever asks: written by the process that trains, read by everybody else.

    status.json    queued, running, stopped, finished or failed, with the reason; since when it waits
    process.json   the process at work and when it started: a number alone may be another's by now
    stop           exists when somebody asked the run to save and stop

Nothing here ends a process: a run is asked to stop, and does so itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from musictx.files import read_json, replace_file

STARTING_S = 60.0  # a process that was just launched may not have written its number yet
SAME_START_S = 2.0  # where only the time of day is known: the clock may have been set a little since
DIED = (
    "The process ended without a word: it was killed (perhaps for want of memory), or the machine was restarted. "
    "Resume goes on from the last saved step."
)


@dataclass(frozen=True)
class RunStatus:
    """status: of `view.STATUSES`; error: in plain words; queued_s: when it joined the queue, seconds since 1970."""

    status: str
    error: str = ""
    queued_s: float = 0.0


def write_status(folder: Path, status: str, error: str = "", queued_s: float = 0.0) -> None:
    """Records how the run in `folder` stands."""
    replace_file(folder / "status.json", json.dumps({"status": status, "error": error, "queued_s": queued_s}).encode())


def write_process(folder: Path, pid: int) -> None:
    """Records the process at work on the run."""
    started = psutil.Process(pid).create_time()
    row = {"pid": pid, "started": started, "since_boot": since_boot(pid)}
    replace_file(folder / "process.json", json.dumps(row).encode())


def since_boot(pid: int) -> str:
    """Which boot of this machine a process belongs to and after how many clock ticks of it the process began; "" where
    the system does not say. Unlike a time of day it stays when the clock is set.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name, in parentheses, may hold anything; the 20th field behind it is the start.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return f"{boot} {int(fields[19])}"
    except (OSError, ValueError, IndexError):
        return ""


def is_alive(folder: Path) -> bool:
    """Whether the recorded process is there and is the very one that was recorded."""
    recorded = read_json(folder / "process.json")
    try:
        process = psutil.Process(int(recorded["pid"]))
        began = since_boot(process.pid)
        if began and recorded.get("since_boot"):
            same = began == recorded["since_boot"]
        else:
            same = abs(process.create_time() - float(recorded["started"])) < SAME_START_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (KeyError, TypeError, ValueError, psutil.Error):
        return False


def read_status(folder: Path) -> RunStatus:
    """How the run stands now; a process that died without a word counts as failed."""
    stored = read_json(folder / "status.json")
    status, queued_s = str(stored.get("status", "stopped")), float(stored.get("queued_s", 0.0))
    if status not in ("queued", "running"):
        return RunStatus(status, str(stored.get("error", "")), queued_s)
    if not is_alive(folder):
        is_new = not (folder / "process.json").exists() and time.time() - queued_s < STARTING_S
        return RunStatus(status, queued_s=queued_s) if is_new else RunStatus("failed", DIED, queued_s)
    return RunStatus("stopping" if stop_asked(folder) else status, queued_s=queued_s)


def ask_to_stop(folder: Path) -> None:
    """Asks the run to save and stop."""
    (folder / "stop").touch()


def stop_asked(folder: Path) -> bool:
    """Whether somebody did."""
    return (folder / "stop").exists()


def clear_request(folder: Path) -> None:
    """Forgets such a request, before the run begins anew."""
    (folder / "stop").unlink(missing_ok=True)


def run_folders(store: Path) -> Iterator[Path]:
    """The folders of `store` that are runs."""
    return (path.parent for path in sorted(store.glob("*/run.json")))


def queue(store: Path) -> list[Path]:
    """The runs of `store` that wait for their turn, the next first."""
    waiting = [(read_status(folder), folder) for folder in run_folders(store)]
    return [
        folder
        for now, folder in sorted(waiting, key=lambda row: (row[0].queued_s, row[1].name))
        if now.status == "queued"
    ]
