"""Which engine runs a checkpoint, by the user's choice or by what the machine has.

auto        the Keras engine where Keras has a GPU, else ONNX Runtime; Keras where that is not to be had
onnx        ONNX Runtime on the CPU, float32
onnx-int8   the same with 8-bit weight matrices: faster, and a little less exact
keras       TensorFlow or JAX, compiled
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from musictx.errors import EngineError, SettingsError
from musictx.generation.engines.base import Decoder
from musictx.generation.engines.fair_lock import FairLock
from musictx.midi import vocabulary

ENGINES = ("auto", "onnx", "onnx-int8", "keras")
VARIABLE = "MUSICTX_ENGINE"


def engine_setting(name: str | None = None) -> str:
    """The engine of that name; without one that of $MUSICTX_ENGINE, else "auto".

    Raises:
        SettingsError: if there is no such engine.
    """
    chosen = name or os.environ.get(VARIABLE) or "auto"
    if chosen not in ENGINES:
        raise SettingsError(f"The engine must be one of {', '.join(ENGINES)}. Received: {chosen!r}")
    return chosen


def open_engine(checkpoint: Path, engine: str, cache: Path, lock: FairLock, bases: Sequence[Path] = ()) -> Decoder:
    """The engine for the checkpoint in a folder.

    Args:
        checkpoint: its folder.
        engine: one of ENGINES.
        cache: the user's folder for what was built.
        lock: shared by all engines of this machine.
        bases: folders of checkpoints in which a LoRA's base is looked for, see `model.weights`.

    Raises:
        CheckpointError: if the checkpoint cannot be used.
        EngineError: if the engine asked for cannot run here; "auto" takes the other one instead.
    """
    if engine == "keras" or (engine == "auto" and gpu_for_keras()):
        return _keras(checkpoint, lock, bases)
    try:
        return _onnx(checkpoint, cache, engine == "onnx-int8", lock, bases)
    except EngineError as error:
        if engine != "auto":
            raise
        logging.getLogger(__name__).warning("%s The Keras engine runs instead.", error)
        return _keras(checkpoint, lock, bases)


def gpu_for_keras() -> bool:
    """Whether Keras has a GPU to run on; imports Keras only where the machine has one at all."""
    if not any(Path(place).exists() for place in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")):
        return False
    try:
        import keras
    except ImportError:  # a host that only plays installs no Keras
        return False
    if keras.backend.backend() == "torch":  # for which Keras lists no devices
        import torch

        return torch.cuda.is_available()
    return bool(keras.distribution.list_devices("gpu"))


def _onnx(checkpoint: Path, cache: Path, int8: bool, lock: FairLock, bases: Sequence[Path]) -> Decoder:
    try:
        from musictx.generation.engines.onnx.decoder import OnnxDecoder
    except ImportError as error:
        raise EngineError(f"ONNX Runtime cannot be imported ({error}): pip install onnxruntime.") from error
    return OnnxDecoder.open(checkpoint, cache, int8, lock, bases)


def _keras(checkpoint: Path, lock: FairLock, bases: Sequence[Path]) -> Decoder:
    try:
        from musictx.generation.engines.keras import Batching, KerasDecoder  # seconds to import
        from musictx.model.checkpoint import load_checkpoint
    except ImportError as error:
        raise EngineError(f"Keras cannot be imported ({error}): pip install keras tensorflow.") from error

    on_gpu = gpu_for_keras()
    model, _ = load_checkpoint(checkpoint, vocabulary.fingerprint(), "mixed_bfloat16" if on_gpu else None, bases)
    # On a GPU a step of 64 rows takes hardly longer than one of a single row, and a long block than a short one.
    return KerasDecoder(model, lock=lock, batching=Batching(rows=64, block=512, warm_rows=64) if on_gpu else None)
