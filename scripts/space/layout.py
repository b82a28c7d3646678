"""Puts the folder together beside its place, has it checked, and only then moves it there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from scripts.space import hub
from scripts.space.choice import Choice, LayoutError
from scripts.space.readme import MARK, THUMBNAIL, readme_text
from scripts.space.requirements import locked, requirements_text

FILES = ("LICENSE", "app.py", "packages.txt")
FOLDERS = ("musictx", "assets")
PICTURE = Path("docs/images/page.png")
# Made by running the program, and SoundFonts, which have licences of their own and are not in the repository either.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.py[ciod]", ".gitignore", ".DS_Store", "*.[sS][fF][23]")


def lay_out(choice: Choice, root: Path, out: Path) -> None:
    """Makes `out` the folder of a Space from the repository at `root`.

    Raises:
        LayoutError: if `out` holds something else, or the Hub would refuse a file. Then `out` is as it was.
    """
    check_place(out, root)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        made = Path(temporary)
        _copy(choice, root, made)
        _write(choice, root, made)
        _replace(out, made)


def check_place(out: Path, root: Path) -> None:
    """Refuses a folder with contents that `lay_out` did not make, and one inside what is copied.

    Raises:
        LayoutError: with the reason.
    """
    if any((root / name) in (out, *out.parents) for name in (*FOLDERS, "checkpoints")):
        raise LayoutError(f"{out} lies in the program itself. Name a folder elsewhere.")
    if out.exists() and not out.is_dir():
        raise LayoutError(f"{out} is a file. Name a folder that is empty or does not exist yet.")
    if out.is_dir() and any(out.iterdir()) and not _laid_out(out):
        raise LayoutError(f"{out} is not empty and was not laid out by this command. Name another folder.")


def _laid_out(folder: Path) -> bool:
    readme = folder / "README.md"
    return readme.is_file() and MARK in readme.read_text(encoding="utf-8", errors="replace").splitlines()


def _copy(choice: Choice, root: Path, made: Path) -> None:
    for name in FILES:
        shutil.copyfile(root / name, made / name)
    for name in (*FOLDERS, *(f"checkpoints/{each.name}" for each in choice.checkpoints)):
        shutil.copytree(root / name, made / name, ignore=LEFT_OUT)
    if choice.repo:
        shutil.copyfile(root / PICTURE, made / THUMBNAIL)


def _write(choice: Choice, root: Path, made: Path) -> None:
    gradio = locked((root / "requirements.lock").read_text(encoding="utf-8"))["gradio"]
    texts = {"README.md": readme_text(choice, gradio), "requirements.txt": requirements_text(choice, root)}
    for name, text in texts.items():
        (made / name).write_text(text, encoding="utf-8", newline="\n")
    patterns = hub.lfs_patterns(hub.files_of(made))
    (made / ".gitattributes").write_text(hub.gitattributes(patterns), encoding="utf-8", newline="\n")
    sentences = hub.refused(made, patterns)
    if sentences:
        raise LayoutError("The Hub would refuse this folder. " + " ".join(sentences))


def _replace(out: Path, made: Path) -> None:
    """Moves what was made to its place; a git repository there stays, so that it can be pushed from again."""
    out.mkdir(exist_ok=True)
    for old in out.iterdir():
        if old.name == ".git":
            continue
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    for new in made.iterdir():
        shutil.move(new, out / new.name)
