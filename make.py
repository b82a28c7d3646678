"""Sets musictx up and runs it, on any system: `python make.py run`, `python make.py test`, ...

The Makefile calls this file, so both have one text. It uses the standard library only,
keeps everything in `.venv`, installs the exact versions of the lock files, and installs again only when these changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

BENCHMARKS = ("generate", "visitors", "length", "page", "train", "render", "codec", "readers")
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)  # those TensorFlow has wheels for
TORCH = "torch==2.13.0"
LOCKS = ("requirements-dev.lock", "requirements.lock")
# (sys.platform, machine) for which the locks hold a TensorFlow: the ones that requirements.txt names.
LOCKED_PLATFORMS = {
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "arm64"),
    ("win32", "amd64"),
    ("win32", "arm64"),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def call(*command: str | Path) -> None:
    """Runs a command in the repository; its failure ends this program with its exit code."""
    code = subprocess.call([str(part) for part in command], cwd=ROOT)
    if code:
        sys.exit(code)


def create_venv() -> None:
    """Makes `.venv` unless it stands; refuses a Python that has no TensorFlow."""
    if PYTHON.exists():
        return
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        sys.exit(
            f"musictx needs Python 3.10 to 3.13 (TensorFlow has wheels for these). This is {sys.version.split()[0]}; "
            "name another one: make run PYTHON=python3.12"
        )
    print("creating .venv", flush=True)
    venv.create(VENV, with_pip=True)


def changed(stamp: Path, text: str) -> bool:
    """Whether `stamp` does not yet record an installation of `text`."""
    return not stamp.exists() or stamp.read_text() != hashlib.sha256(text.encode()).hexdigest()


def record(stamp: Path, text: str) -> None:
    """Remembers in `stamp` that `text` is installed."""
    stamp.write_text(hashlib.sha256(text.encode()).hexdigest())


def install(requirements: str) -> None:
    """Installs what the lock beside a requirements file names into `.venv`, unless this very text is installed.

    Every file has to have a hash of the lock, and a failure is an error. Only a platform that the locks do not cover
    gets what satisfies the requirements themselves, and is told so.
    """
    create_venv()
    stamp = VENV / f".installed-{Path(requirements).stem}"
    if (sys.platform, platform.machine().lower()) in LOCKED_PLATFORMS:
        name = str(Path(requirements).with_suffix(".lock"))
        text, options = (ROOT / name).read_text(), ["--require-hashes", "-r", name]
    else:
        name = f"{requirements} without hashes: {sys.platform} on {platform.machine()} is not in the lock files"
        text = "".join((ROOT / file).read_text() for file in sorted({"requirements.txt", requirements}))
        options = ["-r", requirements]
    if not changed(stamp, text):
        return
    print(f"installing {name}", flush=True)
    install_uv()
    call(PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON, *options)
    record(stamp, text)


def install_uv() -> None:
    """Installs uv, which installs the rest and writes the lock files."""
    call(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")


def install_torch(torch: str) -> None:
    """Installs PyTorch, which only the tests use, to check that three backends agree.

    With pip, not uv: pip heeds the machine's own pip configuration, which is where
    a smaller CPU build is named; `torch` may also carry options for pip.
    """
    stamp = VENV / ".installed-torch"
    if changed(stamp, torch):
        print(f"installing {torch}", flush=True)
        call(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *torch.split())
        record(stamp, torch)


def install_packaged(package: str, programs: Sequence[str], otherwise: str) -> None:
    """Installs a package of the distribution unless one of its programs is there, where that needs no password.

    Else `otherwise` is said: the tests look for the program themselves and, without it, are skipped with the reason.
    """
    if any(shutil.which(name) for name in programs):
        return
    administrator = [] if getattr(os, "geteuid", lambda: 1)() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not administrator or shutil.which("sudo")):
        print(f"installing {package} from the distribution", flush=True)
        quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
        for command in (["apt-get", "update", *quiet], ["apt-get", "install", "-y", *quiet, package]):
            if subprocess.call([*administrator, *command], stdout=subprocess.DEVNULL):
                break
    if not any(shutil.which(name) for name in programs):
        print(otherwise, flush=True)


def install_node_tools() -> str | None:
    """Installs what package-lock.json names into `node_modules`; the npm to use, None where there is none.

    Only the linter of the page's scripts comes from there. Where node is missing that is said, and the rest goes on.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("no node and npm here: the page's scripts are not linted, and their tests will be skipped", flush=True)
        return None
    stamp = ROOT / "node_modules" / ".installed"
    text = (ROOT / "package-lock.json").read_text()
    if changed(stamp, text):
        print("installing package-lock.json", flush=True)
        call(npm, "ci", "--silent", "--no-audit", "--no-fund")
        record(stamp, text)
    return npm


def lint() -> None:
    """Style, docstrings, format, dependency rules and types; of the page's scripts and styles style and format."""
    install("requirements-dev.txt")
    call(PYTHON, "-m", "ruff", "check", "--quiet", ".")
    call(PYTHON, "-m", "ruff", "format", "--quiet", "--check", ".")
    call(PYTHON.with_name("lint-imports"), "--no-logo")
    call(PYTHON, "-m", "mypy")
    npm = install_node_tools()
    if npm:
        call(npm, "run", "--silent", "lint")


def run(options: Sequence[str]) -> None:
    """Starts the page; `options` go to app.py."""
    install("requirements.txt")
    call(PYTHON, "app.py", *options)


def test(options: Sequence[str], torch: str, everything: bool) -> None:
    """Lint, types and tests, the slow ones only if `everything`; `options` go to pytest, which runs node's as well."""
    install("requirements-dev.txt")
    install_torch(torch)
    install_packaged("chromium", BROWSERS, "no Chromium here: the browser tests will be skipped")
    install_packaged("git-lfs", ("git-lfs",), "no git-lfs here: the test that pushes a Space will be skipped")
    lint()
    slow = ["-m", ""] if everything else []
    # Two at a time: much of a test is waiting for a process or a page. A file stays whole, for its fixtures.
    call(PYTHON, "-m", "pytest", "--numprocesses", "2", "--dist", "loadfile", *slow, *options)


def bench(options: Sequence[str]) -> None:
    """Runs the benchmarks named in `options`, or all that need no music of their own."""
    install("requirements-dev.txt")
    for name in options or BENCHMARKS:
        print(f"== {name}", flush=True)
        call(PYTHON, "-m", f"benchmarks.{name}")


def lock() -> None:
    """Raises the lock files to the newest versions that the requirements allow, for all systems and Pythons.

    The tests' lock is made first and constrains the other, so the tests try the versions that people run.
    """
    create_venv()
    install_uv()
    oldest = ".".join(map(str, OLDEST_PYTHON))
    options = ["--universal", "--python-version", oldest, "--generate-hashes", "--upgrade", "--no-annotate"]
    options += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "python make.py lock"]
    constraint: list[str] = []
    for name in LOCKS:
        print(f"writing {name}", flush=True)
        requirements = str(Path(name).with_suffix(".txt"))
        call(PYTHON, "-m", "uv", "pip", "compile", "--quiet", *options, *constraint, requirements, "-o", name)
        constraint = ["--constraint", name]


def soundfont(options: Sequence[str]) -> None:
    """Builds the Salamander grand piano into the cache; the page then prefers it."""
    install("requirements.txt")
    call(PYTHON, "-m", "musictx.audio.salamander", *options)


def space(options: Sequence[str]) -> None:
    """Lays out the folder that is uploaded as a Hugging Face Space; `options` say for which hardware and where."""
    call(sys.executable, "-m", "scripts.space", *options)


def main() -> None:
    """Reads the command line and does the one thing it names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("task", choices=("run", "test", "lint", "bench", "soundfont", "lock", "space"))
    parser.add_argument("--torch", default=TORCH, help=f"what pip installs as PyTorch for the tests (default: {TORCH})")
    parser.add_argument("--all", action="store_true", help="test: the slow ones too, as the build server does")
    arguments, options = parser.parse_known_args()
    try:
        if arguments.task == "test":
            test(options, arguments.torch, arguments.all)
        elif arguments.task in ("lint", "lock"):
            {"lint": lint, "lock": lock}[arguments.task]()
        else:
            {"run": run, "bench": bench, "soundfont": soundfont, "space": space}[arguments.task](options)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
