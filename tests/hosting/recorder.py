"""What a process asks the resolver for, and whom it calls: a small library between it and the C library says."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")


class Recorder:
    """environment: for the processes to be watched, with a home of their own; home: what they leave in it."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if sys.platform != "linux" or compiler is None:
            pytest.skip("the questions of a process are recorded on Linux, with a C compiler: apt-get install gcc")
        library, self._log, self.home = folder / "recorder.so", folder / "questions.txt", folder / "home"
        self.home.mkdir()
        subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", library, SOURCE, "-ldl"], check=True)
        found = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        for name in ("ORT_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_DISABLE_TELEMETRY"):
            found.pop(name, None)  # the package itself has to set them
        self.environment = found | {
            "LD_PRELOAD": str(library),
            "RECORDED_QUESTIONS": str(self._log),
            "HOME": str(self.home),
        }

    def outside(self) -> list[str]:
        """Every name asked for and every address called that is not this machine, once each."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return sorted({line for line in lines if not _is_here(line.split()[1])})


def _is_here(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return name == "localhost"
