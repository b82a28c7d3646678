"""Eight visitors at once on the real studio: every one gets a complete piece, and it is their own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from musictx.midi.files import read_midi, write_midi
from musictx.midi.notes import NoteSequence
from tests.ui.fake_studio import broken_chords

gradio_client = pytest.importorskip("gradio_client")
VISITORS = 8


def ask(url: str, folder: Path, random_seed: int) -> tuple[NoteSequence, dict[str, Any]]:
    """One visitor's piece and what is said of it."""
    client = gradio_client.Client(url, verbose=False, download_files=str(folder), analytics_enabled=False)
    seed = gradio_client.handle_file(str(write_midi(broken_chords(), folder / f"seed-{random_seed}.mid")))
    midi, _, facts = client.predict(
        seed_file=seed, seconds=5, random_seed=random_seed, audio_format="wav", api_name="/compose"
    )
    client.close()
    return read_midi(Path(midi[0])).notes, facts


def test_eight_visitors_at_once(tiny_url: str, tmp_path: Path) -> None:
    made: dict[int, tuple[NoteSequence, dict[str, Any]]] = {}

    def visit(number: int) -> None:
        made[number] = ask(tiny_url, tmp_path, number)

    threads = [threading.Thread(target=visit, args=(number,), daemon=True) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sorted(made) == list(range(VISITORS))
    for number, (_, facts) in made.items():
        assert facts["takes"][0]["random_seed"] == number
        assert facts["takes"][0]["seconds"] == pytest.approx(5, abs=0.5)
    pieces = [notes for notes, _ in made.values()]
    assert all(one != other for number, one in enumerate(pieces) for other in pieces[number + 1 :])
    assert ask(tiny_url, tmp_path, 3)[0] == made[3][0]  # alone, the same piece as among others
