"""What is done with a checkpoint of unknown origin, in a process of its own.

`python -m musictx.workshop.checkpoints.trial`:

    check FOLDER BASES…    reads all weights: whether they are finite, and a LoRA's merged with its base
    merge FOLDER TARGET    writes a LoRA merged with its base, as a checkpoint of its own

A page that serves people must not load TensorFlow for it (470 MB that never come back), nor end when a file takes
more memory than there is. The process has a limit of its own; what it has to say is its last line.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from musictx.errors import CheckpointError, MusictxError
from musictx.files import child_environment
from musictx.midi import vocabulary
from musictx.model.card import carry_notice
from musictx.model.shapes import weight_shapes
from musictx.model.weights import check_weights, read_weights

CHECK_BYTES = 4 * 2**30  # of address space: weights of 1 GB as stored, as float32, and merged
LONGEST_S = 300.0
REFUSED = 3
NO_ROOM = "It takes more memory or time than is given to a checkpoint of unknown origin."


def check_elsewhere(folder: Path, bases: Sequence[Path]) -> None:
    """Reads the weights of the checkpoint in `folder`, whose headers were checked.

    Raises:
        CheckpointError: if they are damaged, not finite, or do not fit.
    """
    _run("check", folder, *bases)


def merge_elsewhere(folder: Path, target: Path) -> None:
    """Writes the LoRA in `folder` to the new folder `target`, merged with its base. Raises CheckpointError."""
    _run("merge", folder, target)


def _run(what: str, *paths: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "musictx.workshop.checkpoints.trial",
        what,
        *(str(path.resolve()) for path in paths),
    ]
    try:
        done = subprocess.run(
            command,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckpointError(f"{paths[0].name} could not be read. {NO_ROOM}") from error
    if done.returncode == REFUSED:
        raise CheckpointError(done.stdout.strip().splitlines()[-1])
    if done.returncode:
        raise CheckpointError(f"{paths[0].name} could not be read. {NO_ROOM}")


def main(arguments: Sequence[str]) -> int:
    """The process: 0, or REFUSED with a sentence on standard output."""
    what, folder, *others = arguments[0], *map(Path, arguments[1:])
    try:
        if what == "check":
            _limit(CHECK_BYTES)
            arrays, card = read_weights(folder, vocabulary.fingerprint(), others)
            check_weights(arrays, weight_shapes(card.model), folder.name)
        else:
            _merge(folder, others[0])
    except MusictxError as error:
        print(" ".join(str(error).split()))
        return REFUSED
    return 0


def _merge(folder: Path, target: Path) -> None:
    from musictx.model.checkpoint import load_checkpoint, save_checkpoint

    model, card = load_checkpoint(folder, vocabulary.fingerprint())
    save_checkpoint(model, dataclasses.replace(card, adapter={}), target)
    carry_notice(folder, target)


def _limit(size: int) -> None:
    """The most address space, where the system knows such a limit."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
