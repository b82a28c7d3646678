"""The Dockerfile: what its statements say, and, where a container runtime runs, that it builds and answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IMAGE = "musictx-test"


def statements() -> list[tuple[str, str]]:
    """(instruction, its words) in order; comments left out, continued lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    parts = [line.partition(" ") for line in joined if line.strip()]
    return [(instruction, words.strip()) for instruction, _, words in parts]


def words_of(instruction: str) -> list[str]:
    """What each statement of that kind says."""
    return [words for name, words in statements() if name == instruction]


def copied() -> list[str]:
    """The sources of every COPY."""
    return [source for words in words_of("COPY") for source in words.split()[:-1]]


def test_what_is_copied_exists_and_is_the_program_alone() -> None:
    assert set(copied()) == {"requirements.lock", "LICENSE", "app.py", "musictx", "assets", "checkpoints"}
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert words_of("ADD") == []


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())
    assert any(fnmatchcase("musictx/__pycache__", rule.replace("**", "*")) for rule in rules)


def test_it_runs_without_rights() -> None:
    names = [name for name, _ in statements()]
    assert words_of("USER") == ["musictx"] and names.index("USER") < names.index("ENTRYPOINT")
    assert "USER" in names[names.index("RUN") :] and "RUN" not in names[names.index("USER") :]
    assert "sudo" not in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_it_starts_the_page_and_asks_for_its_health() -> None:
    assert [json.loads(words) for words in words_of("ENTRYPOINT")] == [["python", "app.py"]]
    (health,) = words_of("HEALTHCHECK")
    code = json.loads(health[health.index("CMD ") + 4 :])[-1]
    assert "/healthz" in code
    compile(code, "HEALTHCHECK", "exec")
    assert words_of("EXPOSE") == ["7860"] and "127.0.0.1:7860" in code
    assert "GRADIO_SERVER_NAME=0.0.0.0" in words_of("ENV")[0]


def test_it_installs_the_lock_and_the_library_and_nothing_for_developers() -> None:
    installed = " ".join(words_of("RUN"))
    assert "--require-hashes --requirement requirements.lock" in installed and "requirements-dev" not in installed
    assert "libfluidsynth" in installed and "rm -rf /var/lib/apt/lists/*" in installed
    (image,) = words_of("FROM")
    assert re.fullmatch(r"python:3\.1[0-3]-slim", image)


def has_docker() -> bool:
    """Whether a container runtime runs here."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True).returncode == 0


@pytest.fixture
def container() -> Iterator[str]:
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, str(ROOT)], check=True, timeout=500)
    started = subprocess.run(["docker", "run", "--detach", IMAGE], check=True, capture_output=True, text=True)
    yield started.stdout.strip()
    subprocess.run(["docker", "rm", "--force", started.stdout.strip()], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.skipif(not has_docker(), reason="no container runtime runs here")
def test_it_builds_and_becomes_healthy(container: str) -> None:
    deadline, status = time.monotonic() + 200, ""
    while status != "healthy":
        assert status != "unhealthy" and time.monotonic() < deadline, status
        time.sleep(2)
        inspect = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
        status = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()
    who = subprocess.run(["docker", "exec", container, "id", "-u"], check=True, capture_output=True, text=True)
    assert who.stdout.strip() == "1000"
