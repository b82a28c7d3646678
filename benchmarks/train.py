"""How fast the network learns: `python -m benchmarks.train [--lengths 512 1024 2048] [--precision mixed_bfloat16]`.

Whole optimizer steps on random tokens, on the backend that KERAS_BACKEND names (on a GPU: `--batch-tokens 65536 --steps
20 --query-block 256 --matrix 8192 --precision mixed_bfloat16 --optimizer muon`). Beside tokens per second stands the
share of what the machine can multiply: the operations that the model asks for (Chowdhery et al. 2022, PaLM, appendix B:
model FLOP utilisation; what is computed twice or for masked positions is not counted), over the speed of one large
product of matrices in the same type, measured in the same run.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import backend, ops

from benchmarks.measure import machine, median_s, peak_mb, print_facts, print_table
from musictx.config import MODEL_PRESETS, QUERY_BLOCK, ModelConfig
from musictx.midi import vocabulary
from musictx.model.transformer import MusicTransformer
from musictx.training.allocator import keep_freed_memory
from musictx.training.config import OPTIMIZERS, PRECISIONS
from musictx.training.objective import NextToken
from musictx.training.optimizer import build_optimizer
from musictx.training.stepper import stepper_of

PACKAGES = ("keras", "tensorflow", "jax", "torch")


def operations(config: ModelConfig, length: int) -> float:
    """Floating-point operations that training asks for a token, forward and backward.

    Six for each weight in a product of matrices, and in each block six for each of the (length + 1) / 2 positions a
    token sees, in each of three products: with the keys, the distances and the values.
    """
    width = config.width
    block = 4 * width**2 + 2 * width * config.ffn_width
    weights = config.blocks * block + width * config.vocabulary_size
    return 6.0 * weights + 6.0 * config.blocks * 3 * width * (length + 1) / 2


def multiplication_speed(precision: str, size: int, repeats: int) -> float:
    """Operations per second of a product of two (size, size) matrices in the compute type."""
    dtype = keras.dtype_policies.get(precision).compute_dtype
    random = np.random.default_rng(0)
    left, right = (ops.cast(random.standard_normal((size, size), np.float32), dtype) for _ in range(2))

    def work() -> None:
        # One number comes back: the copy of a whole product would be measured too.
        ops.convert_to_numpy(ops.matmul(left, right)[0, 0])

    work()
    return 2.0 * size**3 / median_s(work, repeats)


def stepping(
    config: ModelConfig,
    precision: str,
    optimizer: str,
    batch: int,
    length: int,
    steps: int = 1,
    query_block: int = QUERY_BLOCK,
) -> Callable[[], None]:
    """A fresh network's optimizer steps, so many at each call, on the same random tokens (batch, length)."""
    ids = np.random.default_rng(0).integers(0, vocabulary.EVENTS, (batch, length + 1)).astype(np.int32)
    model = MusicTransformer(config, dtype=precision)
    model.set_query_block(query_block)
    trainer, jit = NextToken(model, 0.0), backend.backend() != "torch"
    trainer.compile(optimizer=build_optimizer(optimizer, 1e-4, 1e-5, 1.0), jit_compile=jit)
    trainer.optimizer.build(trainer.trainable_variables)
    stepper = stepper_of(trainer, jit, 1, precision == "mixed_float16")

    def work() -> None:
        nll = [stepper.step(ids[:, :-1], ids[:, 1:], 1e-4) for _ in range(steps)]
        float(nll[-1])  # on a device that works on while the host goes ahead

    return work


def row_of(preset: str, length: int, options: argparse.Namespace) -> dict[str, Any]:
    """One line of the table."""
    config = dataclasses.replace(MODEL_PRESETS[preset], dropout=options.dropout)
    batch = max(options.batch_tokens // length, 1)
    work = stepping(config, options.precision, options.optimizer, batch, length, options.steps, options.query_block)
    began = time.perf_counter()
    work()
    compile_s = time.perf_counter() - began
    speed = multiplication_speed(options.precision, options.matrix, options.repeats)
    tokens_per_second = options.steps * batch * length / median_s(work, options.repeats)
    needed = operations(config, length)
    return {
        "preset": preset,
        "length": length,
        "batch": batch,
        "first time, s": compile_s,
        "tokens/s": round(tokens_per_second),
        "MFLOP a token": needed / 1e6,
        "TFLOP/s": needed * tokens_per_second / 1e12,
        "product, TFLOP/s": speed / 1e12,
        "share": f"{needed * tokens_per_second / speed:.0%}",
        "peak, MB": round(peak_mb() or 0),
    }


def main(words: Sequence[str] | None = None) -> int:
    """Measures, prints the table; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", choices=list(MODEL_PRESETS), default=["enhanced", "original"])
    parser.add_argument("--lengths", type=int, nargs="+", default=[512, 1024, 2048], help="tokens of a window")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adamw")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=1, help="timed together; several where the host runs ahead")
    parser.add_argument("--query-block", type=int, default=QUERY_BLOCK)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--matrix", type=int, default=2048, help="size of the product that the machine is measured by")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    parser.add_argument("--give-back", action="store_true", help="leave the C library's allocator as it is")
    options = parser.parse_args(words)
    kept = not options.give_back and keep_freed_memory()
    rows = [row_of(preset, length, options) for preset in options.presets for length in options.lengths]
    facts = machine(PACKAGES) | {"backend": backend.backend(), "precision": options.precision}
    facts |= {"optimizer": options.optimizer, "freed memory": "kept" if kept else "given back"}
    print_facts(facts)
    print_table(rows)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"machine": facts, "rows": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
