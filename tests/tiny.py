"""A checkpoint of the tiny model with random weights: everything works on it, nothing is musical."""

from __future__ import annotations

from pathlib import Path

from musictx.config import MODEL_PRESETS
from musictx.midi import vocabulary


def write_tiny_checkpoint(folder: Path) -> Path:
    """Builds the tiny model, the same at every call, and saves it to `folder`."""
    import keras

    from musictx.model.card import CheckpointCard
    from musictx.model.checkpoint import save_checkpoint
    from musictx.model.transformer import MusicTransformer

    keras.utils.set_random_seed(3)
    model = MusicTransformer(MODEL_PRESETS["tiny"])
    card = CheckpointCard(
        name=folder.name,
        title="Tiny",
        licence="CC0",
        model=model.config,
        vocabulary=vocabulary.fingerprint(),
        description="Random weights.",
    )
    save_checkpoint(model, card, folder)
    return folder
