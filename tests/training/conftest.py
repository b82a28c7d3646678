"""A small corpus of scales and chords, written as MIDI and prepared; a run on it that nothing interrupted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.training.config import TrainingConfig
from musictx.training.prepare import prepare
from musictx.training.runs import RunFolder


def little_piece(number: int) -> NoteSequence:
    """Forty notes of a seeded walk."""
    random = np.random.default_rng(number)
    pitches = 60 + np.cumsum(random.integers(-3, 4, 40))
    return NoteSequence.from_tuples(
        (int(np.clip(pitch, 21, 108)), int(random.integers(30, 100)), 0.25 * n, 0.25 * n + 0.2)
        for n, pitch in enumerate(pitches)
    )


@pytest.fixture(scope="session")
def midi_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pieces in two folders, the last two held out by metadata.csv, and a file that is no MIDI."""
    folder = tmp_path_factory.mktemp("corpus") / "walks"
    rows = ["file,split,composer_or_artist,title"]
    for number in range(12):
        name = f"{'ab'[number % 2]}/{number}.mid"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_midi(little_piece(number), folder / name)
        rows.append(f"{name},{'validation' if number >= 10 else 'train'},,{number}")
    (folder / "metadata.csv").write_text("\n".join(rows))
    (folder / "a" / "picture.mid").write_bytes(b"\x89PNG not music")
    return folder


@pytest.fixture(scope="session")
def corpus_folder(midi_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, prepared."""
    folder = tmp_path_factory.mktemp("prepared") / "walks"
    prepare(midi_folder, folder, workers=1)
    return folder


@pytest.fixture(scope="session")
def config(corpus_folder: Path) -> TrainingConfig:
    return TrainingConfig(
        data=(str(corpus_folder),),
        preset="tiny",
        steps=12,
        batch_tokens=256,
        lengths=((32, 0.5), (64, 1.0)),
        learning_rate=3e-3,
        warmup_steps=3,
        log_every=3,
        validate_every=6,
        save_every=3,
        validation_length=64,
        xla=False,
    )


@pytest.fixture(scope="session")
def whole_run(config: TrainingConfig, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    from musictx.training.train import train

    return train(config, tmp_path_factory.mktemp("runs") / "whole")


def curve(run: RunFolder) -> dict[int, dict[str, Any]]:
    """Reported NLL and validation NLL by step."""
    points: dict[int, dict[str, Any]] = {}
    for line in run.metrics():
        points.setdefault(line["step"], {}).update({k: line[k] for k in ("nll", "validation_nll") if k in line})
    return points
