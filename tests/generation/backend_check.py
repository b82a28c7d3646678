"""What the engine draws on the active Keras backend, as JSON: run once a backend and compared by tests/backends.

KERAS_BACKEND=jax python -m tests.generation.backend_check
"""

from __future__ import annotations

import json

import keras
import numpy as np

from musictx.config import MODEL_PRESETS, SamplingConfig
from musictx.generation.engines.keras import KerasDecoder
from musictx.generation.generate import Ending, generate
from musictx.midi import vocabulary as v
from musictx.model.transformer import MusicTransformer

SAMPLINGS = {
    "greedy": SamplingConfig(temperature=0),
    "filtered": SamplingConfig(temperature=1.1, top_k=15, top_p=0.95, focus=0.8),
}
NOTE = [v.VELOCITY + 20, 60, v.TIME_SHIFT + 99, v.NOTE_OFF + 60, v.TIME_SHIFT + 24]
PROMPT = np.array([v.START, *NOTE, *(NOTE[1:] * 27)], np.int32)  # leaves the tiny window of 128 room for 14 tokens


def fixed_model() -> MusicTransformer:
    """The tiny model with weights drawn by numpy, the same on every backend."""
    model = MusicTransformer(MODEL_PRESETS["tiny"])
    random = np.random.default_rng(8)
    model.set_weights([random.normal(0, 0.2, weights.shape).astype(np.float32) for weights in model.get_weights()])
    return model


def drawn_ids() -> dict[str, list[list[int]]]:
    """By sampling, the ids of 3 variations of 6 seconds: a prefill shared by all, and one of each its own."""
    decoder = KerasDecoder(fixed_model())
    result = {}
    for name, sampling in SAMPLINGS.items():
        chunks = generate(decoder, PROMPT, sampling=sampling, seconds=6, variations=3, random_seed=1)
        *_, last = chunks
        assert last.ending is Ending.FINISHED
        result[name] = [variation.ids.tolist() for variation in last.variations]
    return result


def main() -> None:
    """Prints one line: the backend and the ids."""
    print(json.dumps({"backend": keras.backend.backend(), "ids": drawn_ids()}))


if __name__ == "__main__":
    main()
