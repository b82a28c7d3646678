"""What one Keras backend computes from given weights, as an npz: run once a backend and compared.

KERAS_BACKEND=jax python -m tests.backends.check FOLDER OUT.npz

FOLDER holds a checkpoint `start` and a prepared corpus `corpus`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import ops

from musictx.midi import vocabulary
from musictx.model.cache import empty_cache
from musictx.model.checkpoint import load_checkpoint
from musictx.training.config import TrainingConfig
from musictx.training.devices import Devices
from musictx.training.network import build_network
from musictx.training.objective import NextToken
from musictx.training.runs import RunFolder
from musictx.training.train import train
from tests.generation.backend_check import drawn_ids

CUTS = (0, 9, 10, 11, 20, 40)  # few lengths: JAX compiles each operation anew for each


def logits(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of one fixed input, read at once and read through the cache in pieces."""
    model, _ = load_checkpoint(folder / "start", vocabulary.fingerprint())
    ids = np.random.default_rng(0).integers(0, 388, (2, 40)).astype("int32")
    cache, parts = empty_cache(model.config, 2, 64), []
    for start, stop in zip(CUTS, CUTS[1:], strict=False):
        output = model(ids[:, start:stop], cache=cache)
        assert output.cache is not None
        cache = output.cache
        parts.append(ops.convert_to_numpy(output.logits))
    return ops.convert_to_numpy(model(ids).logits), np.concatenate(parts, axis=1)


def training_curve(folder: Path, run: Path, optimizer: str, compiled: bool) -> list[float]:
    """NLL of each of five steps from the given weights, without dropout, the validation NLL before and after."""
    config = TrainingConfig(
        data=(str(folder / "corpus"),),
        base=str(folder / "start"),
        dropout=0.0,
        steps=5,
        batch_tokens=128,
        lengths=((32, 1.0),),
        optimizer=optimizer,
        learning_rate=1e-2,
        warmup_steps=1,
        log_every=1,
        validate_every=5,
        validation_length=32,
        validation_windows=4,
        xla=compiled,
    )
    return [line["nll"] if "nll" in line else line["validation_nll"] for line in train(config, run).metrics()]


def lora_logits(folder: Path, run: Path) -> np.ndarray:
    """Logits after one step on LoRA matrices that were set by hand, so that they are the same everywhere."""
    config = TrainingConfig(base=str(folder / "start"), dropout=0.0, lora_rank=4)
    model, _ = build_network(config, RunFolder(run), Devices())
    random = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.2, variable.shape))
    ids = random.integers(0, 388, (2, 33)).astype("int32")
    trainer = NextToken(model, 0.1)
    trainer.compile(optimizer=keras.optimizers.SGD(0.5), jit_compile=False)
    trainer.train_on_batch(ids[:, :-1], ids[:, 1:])
    return np.asarray(ops.convert_to_numpy(model(ids).logits))


def main() -> None:
    """Writes whole, cached, curve, muon, lora and ids."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    whole, cached = logits(folder)
    curve = training_curve(folder, out.with_suffix(".adamw"), "adamw", compiled=False)
    muon = training_curve(folder, out.with_suffix(".muon"), "muon", compiled=True)
    lora = lora_logits(folder, out.with_suffix(".lora"))
    np.savez(out, whole=whole, cached=cached, curve=curve, muon=muon, lora=lora, ids=json.dumps(drawn_ids()))


if __name__ == "__main__":
    main()
