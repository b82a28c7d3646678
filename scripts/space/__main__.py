"""Lays out the folder that is uploaded as a Hugging Face Space, and nothing else.

    python make.py space --hardware zero|cpu|gpu --out FOLDER [--checkpoint enhanced] [--training] [--repo USER/SPACE]

Only the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.space.choice import HARDWARE, ROOT, Choice, LayoutError, check_choice, read_checkpoints
from scripts.space.hub import files_of
from scripts.space.layout import lay_out

UPLOAD = """
{out}: {count} files, {size:.0f} MB. Upload it in one of two ways, after `hf auth login`:

    hf upload {repo} {out} . --repo-type space

or with git and git-lfs, the first time as one commit without a history:

    cd {out}
    git init --initial-branch main && git lfs install --local
    git add --all && git commit --message musictx
    git push --force https://huggingface.co/spaces/{repo} main
"""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make.py space", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hardware", required=True, choices=HARDWARE, help="what the Space runs on")
    parser.add_argument("--out", required=True, type=Path, help="a folder that is empty or does not exist yet")
    parser.add_argument("--checkpoint", default="enhanced", help="name in checkpoints/ (default: enhanced)")
    parser.add_argument("--training", action="store_true", help="named Hugging Face accounts may train")
    parser.add_argument("--repo", default="", help="USER/SPACE, for the thumbnail and the commands that are printed")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Lays it out and says how it is uploaded: 0; 2 with a sentence where it cannot be."""
    options = parse(arguments)
    out = options.out.resolve()
    try:
        checkpoints = read_checkpoints(options.checkpoint, root / "checkpoints")
        choice = Choice(options.hardware, checkpoints, options.training, options.repo)
        check_choice(choice)
        lay_out(choice, root, out)
    except LayoutError as error:
        print(f"No Space was laid out: {error}", file=sys.stderr)
        return 2
    files = files_of(out)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(UPLOAD.format(out=out, count=len(files), size=size, repo=options.repo or "USER/SPACE"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
