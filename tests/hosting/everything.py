"""The whole program at work, for whoever watches the process: python -m tests.hosting.everything FOLDER.

A page on a free port, a piece asked for from it, a piece through the command line, and a short training.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from musictx.midi.files import write_midi
from scripts.make_seeds import SEEDS
from tests.tiny import write_tiny_checkpoint
from tests.ui.conftest import free_port, served
from tests.ui.fake_studio import broken_chords

LINGER_S = 6.0  # reports are sent in batches every few seconds: one would come within this time


def main(folder: Path) -> None:
    """Ends when all is done; whatever goes wrong is raised."""
    import gradio_client

    from musictx.cli import main as command

    seed, tiny = write_midi(broken_chords(), folder / "seed.mid"), write_tiny_checkpoint(folder / "weights" / "tiny")
    page = folder / "page"
    page.mkdir()
    with served("tiny", page, free_port()) as url:
        client = gradio_client.Client(url, verbose=False, download_files=str(folder))
        client.predict(
            seed_file=gradio_client.handle_file(str(seed)), seconds=5, audio_format="wav", api_name="/compose"
        )
        client.close()
        generate = ("generate", seed, "--out", folder, "--checkpoint", tiny, "--seconds", "5", "--formats", "mid")
        assert command([str(word) for word in generate]) == 0
        assert command(["prepare", str(_pieces(folder)), "--out", str(folder / "corpus"), "--workers", "1"]) == 0
        train = ("train", folder / "run", "--data", folder / "corpus", "--preset", "tiny", "--steps", "2")
        small = ("--lengths", "64", "--batch-tokens", "128", "--validation-length", "64")
        assert command([str(word) for word in (*train, *small)]) == 0
        time.sleep(LINGER_S)


def _pieces(folder: Path) -> Path:
    """Four of the built-in seeds, one of them held out."""
    pieces = folder / "pieces"
    pieces.mkdir()
    names = [Path(shutil.copy(path, pieces)).name for path in sorted(SEEDS.glob("*.mid"))[:4]]
    rows = [f"{name},{'train' if number else 'validation'}\n" for number, name in enumerate(names)]
    (pieces / "metadata.csv").write_text("file,split\n" + "".join(rows))
    return pieces


if __name__ == "__main__":
    main(Path(sys.argv[1]))
