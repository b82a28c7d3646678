"""The lock files: they satisfy the requirements on every system and Python, hash everything and name no host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import make
from scripts.licences import required

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
SYSTEMS = {
    ("linux", "x86_64"): "Linux",
    ("linux", "aarch64"): "Linux",
    ("darwin", "arm64"): "Darwin",
    ("win32", "AMD64"): "Windows",
    ("win32", "ARM64"): "Windows",
}
ENVIRONMENTS = [
    {
        "sys_platform": platform,
        "platform_machine": machine,
        "platform_system": system,
        "python_version": python,
        "python_full_version": f"{python}.1",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "nt" if platform == "win32" else "posix",
        "extra": "",
    }
    for (platform, machine), system in SYSTEMS.items()
    for python in PYTHONS
]


def entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Every pinned package of a lock file, with its hashes."""
    text = "\n".join(line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.startswith("#"))
    blocks = text.replace("\\\n", " ").splitlines()
    return [(Requirement(re.split(r"\s+--hash=", block)[0]), re.findall(r"--hash=(\S+)", block)) for block in blocks]


def installed(name: str, environment: dict[str, str]) -> dict[str, str]:
    """The versions by package name that a lock file gives to one system and Python."""
    found: dict[str, str] = {}
    for entry, _ in entries(name):
        if entry.marker is None or entry.marker.evaluate(environment):
            assert canonicalize_name(entry.name) not in found, f"{name} has two versions of {entry.name}"
            found[canonicalize_name(entry.name)] = str(entry.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("name", make.LOCKS)
def test_every_requirement_is_satisfied_by_its_lock(name: str) -> None:
    files = ["requirements.txt", *(["requirements-dev.txt"] if "dev" in name else [])]
    wanted = [requirement for file in files for requirement in required(ROOT / file)]
    for environment in ENVIRONMENTS:
        versions = installed(name, environment)
        for each in wanted:
            if each.marker is None or each.marker.evaluate(environment):
                version = versions.get(canonicalize_name(each.name))
                assert version is not None, f"{name} lacks {each.name} for {environment}: python make.py lock"
                assert each.specifier.contains(version, prereleases=True), f"{name} has {each.name} {version}"


@pytest.mark.parametrize("name", make.LOCKS)
def test_everything_has_an_exact_version_and_a_hash(name: str) -> None:
    for entry, hashes in entries(name):
        assert re.fullmatch(r"==[^,*]+", str(entry.specifier)), entry
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), entry.name


@pytest.mark.parametrize("name", make.LOCKS)
def test_no_host_and_no_path_stands_in_a_lock(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert not re.search(r"://|--index|--find-links|--extra| @ |(?<![\w.])/", text)
    assert not {"torch", "atheris"} & {entry.name for entry, _ in entries(name)}  # both are installed apart


def test_what_people_run_is_what_the_tests_try() -> None:
    for environment in ENVIRONMENTS:
        tested = installed("requirements-dev.lock", environment)
        for name, version in installed("requirements.lock", environment).items():
            assert tested[name] == version


def test_the_systems_of_the_locks_are_those_of_make() -> None:
    assert {(platform, machine.lower()) for platform, machine in SYSTEMS} == make.LOCKED_PLATFORMS


@pytest.mark.parametrize(
    ("machine", "options"),
    [
        ("x86_64", ["--require-hashes", "-r", "requirements.lock"]),
        ("riscv64", ["-r", "requirements.txt"]),
    ],
)
def test_a_system_without_a_lock_gets_the_requirements_and_is_told(
    machine: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(make, "VENV", tmp_path)
    monkeypatch.setattr(make, "create_venv", lambda: None)
    monkeypatch.setattr(make, "call", lambda *command: called.append([str(part) for part in command]))
    monkeypatch.setattr("make.platform.machine", lambda: machine)
    monkeypatch.setattr("make.sys.platform", "linux")
    make.install("requirements.txt")
    assert called[-1][-len(options) :] == options and ("--require-hashes" in called[-1]) == (machine == "x86_64")
    assert ("without hashes" in capsys.readouterr().out) == (machine == "riscv64")
    before = len(called)
    make.install("requirements.txt")
    assert len(called) == before  # the same text is installed once
