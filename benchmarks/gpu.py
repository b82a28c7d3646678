"""Generation on a GPU: `python -m benchmarks.gpu [--backends jax torch tensorflow] [--visitors 8 64] [--out FILE]`.

The Keras engine on each backend that is installed, in a process of its own: tokens a second, time to the first call's
tokens, the same with everything compiled, and the share of the card's limit: a step must read every weight and the
cache once, at the read bandwidth measured in the same process. Then visitors who press at the same moment, each in a
thread: their rows in one step against taking turns, round by round. The weights are random, which costs the same.
Without a GPU it runs on the CPU, in float32, and says so: the figures then tell nothing of a GPU.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import parameters
from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.config import MODEL_PRESETS, SamplingConfig
from musictx.midi import vocabulary as v

BACKENDS = ("jax", "torch", "tensorflow")
PACKAGES = ("keras", *BACKENDS)
READ_BYTES = 2**30
READS = 20


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time generation on a GPU.")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 4, 64], help="rows made at once")
    parser.add_argument("--visitors", type=int, nargs="*", default=[8, 64], help="who press at the same moment")
    parser.add_argument("--preset", default="enhanced", choices=sorted(MODEL_PRESETS), help="shape of the network")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=512, help="tokens to draw")
    parser.add_argument("--rounds", type=int, default=3, help="measured after one that is not counted")
    parser.add_argument("--out", type=Path, default=RESULTS / "gpu.json", help="where the figures go")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of this process's backend."""
    import keras

    from musictx.generation.engines.choose import gpu_for_keras
    from musictx.generation.engines.keras import Batching, KerasDecoder
    from musictx.model.transformer import MusicTransformer

    on_gpu = gpu_for_keras()
    block = 512 if on_gpu else Batching().block
    dtype = "mixed_bfloat16" if on_gpu else "float32"
    keras.utils.set_random_seed(1)
    model = MusicTransformer(MODEL_PRESETS[options.preset], dtype)
    decoder = KerasDecoder(model, batching=Batching(block=block))
    told: dict[str, Any] = {
        "card": card(),
        "dtype": dtype,
        "read_bytes_per_second": bandwidth(),
        "rows": [],
        "visitors": [],
    }
    for batch in options.batches:
        first_s, *_ = timed(decoder, options, batch)
        rounds = [timed(decoder, options, batch) for _ in range(options.rounds)]
        first_tokens_s, seconds = min(row[0] for row in rounds), min(row[1] for row in rounds)
        told["rows"].append(
            {
                "batch": batch,
                "first_call_s": first_s,
                "first_tokens_s": first_tokens_s,
                "tokens_per_second": batch * options.tokens / seconds,
            }
        )
    together = KerasDecoder(model, batching=Batching(rows=max([1, *options.visitors]), block=block))
    for visitors in options.visitors:
        engines = {"turns": decoder, "together": together}
        spans = {way: [visited(engine, options, visitors)] for way, engine in engines.items()}  # compiles
        for _ in range(options.rounds):
            for way, engine in engines.items():  # in turns, so that a noisy machine disturbs both
                spans[way].append(visited(engine, options, visitors))
        row: dict[str, Any] = {"visitors": visitors}
        for way, (_, *measured_rounds) in spans.items():
            row[f"{way}: tokens/s"] = statistics.median(rate for rate, _ in measured_rounds)
            row[f"{way}: last first tokens s"] = statistics.median(first_s for _, first_s in measured_rounds)
        told["visitors"].append(row | {"ratio": row["together: tokens/s"] / row["turns: tokens/s"]})
    return told


def visited(decoder: Any, options: argparse.Namespace, visitors: int) -> tuple[float, float]:
    """Tokens a second of all visitors, their prompts left out; and seconds until the last has its first tokens."""
    from musictx.generation.sampling.state import state_after

    ready, began = threading.Barrier(visitors), time.perf_counter()
    first_s, spans = list[float](), list[tuple[float, float]]()

    def visit(number: int) -> None:
        prompts_BP, uniforms_BN = work(options, 1, number)
        with contextlib.closing(decoder.start(prompts_BP, state_after(prompts_BP), SamplingConfig())) as stream:
            stream.advance(uniforms_BN[:, : decoder.chunk])
            first_s.append(time.perf_counter() - began)
            ready.wait()
            start = time.perf_counter()
            for at in range(decoder.chunk, options.tokens, decoder.chunk):
                stream.advance(uniforms_BN[:, at : at + decoder.chunk])
            spans.append((start, time.perf_counter()))

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = max(end for _, end in spans) - min(start for start, _ in spans)
    return visitors * (options.tokens - decoder.chunk) / seconds, max(first_s)


def work(options: argparse.Namespace, batch: int, number: int) -> tuple[Any, Any]:
    """Prompts (B, P), all alike, and random numbers (B, N)."""
    numbers = np.random.default_rng(number)
    prompt = np.concatenate([[v.START], numbers.integers(v.TIME_SHIFT, v.TIME_SHIFT + 20, options.prompt - 1)])
    return np.tile(prompt.astype(np.int32), (batch, 1)), numbers.random((batch, options.tokens), np.float32)


def timed(decoder: Any, options: argparse.Namespace, batch: int) -> tuple[float, float]:
    """Seconds to the first chunk of tokens, prompt included; and seconds for all tokens after the prompt."""
    from musictx.generation.sampling.state import state_after

    prompts_BP, uniforms_BN = work(options, batch, 2)
    began = time.perf_counter()
    stream = decoder.start(prompts_BP, state_after(prompts_BP), SamplingConfig())
    stream.advance(uniforms_BN[:, : decoder.chunk])
    first_s = time.perf_counter() - began
    stream = decoder.start(prompts_BP, state_after(prompts_BP), SamplingConfig())
    began = time.perf_counter()
    stream.advance(uniforms_BN)
    return first_s, time.perf_counter() - began


def bandwidth() -> float:
    """Bytes a second that the device reads, from sums of a gibibyte."""
    from keras import ops

    array = ops.ones((READ_BYTES // 4,), "float32")
    ops.convert_to_numpy(ops.max(array))
    began = time.perf_counter()
    for _ in range(READS):
        last = ops.max(array)
    ops.convert_to_numpy(last)
    return READS * READ_BYTES / (time.perf_counter() - began)


def card() -> str:
    """The name of the GPU, "" without one."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return ""


def limit(options: argparse.Namespace, told: dict[str, Any], batch: int) -> float:
    """Tokens a second at which reading weights and cache takes all the time."""
    config, size = MODEL_PRESETS[options.preset], 2 if told["dtype"] == "mixed_bfloat16" else 4
    positions = options.prompt + options.tokens / 2
    cache = 2 * config.blocks * config.width * positions * batch
    # Under mixed_bfloat16 Keras keeps float32 weights; counted is what a step needs to read, not what it does.
    return batch * told["read_bytes_per_second"] / (size * (sum(parameters(config)) + cache))


def main() -> int:
    """Measures, prints and writes; returns the exit status."""
    options = arguments()
    if options.child:
        print(json.dumps(measured(options)))
        return 0
    table, results = [], {}
    for backend in options.backends:
        print(f"{backend}…", file=sys.stderr, flush=True)
        environment = {**os.environ, "KERAS_BACKEND": backend}
        command = [sys.executable, "-m", "benchmarks.gpu", *sys.argv[1:], "--child"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{backend}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            continue
        told = results[backend] = json.loads(done.stdout.splitlines()[-1])
        for row in told["rows"]:
            most = limit(options, told, row["batch"])
            table.append({"backend": backend, **row, "limit": most, "of limit": row["tokens_per_second"] / most})
    facts = machine(PACKAGES) | {"card": next((told["card"] for told in results.values()), "") or "no GPU: a CPU"}
    print_facts(facts)
    if table:
        print_table(table)
    for backend, told in results.items():
        if told["visitors"]:
            print_table([{"backend": backend, **row} for row in told["visitors"]])
    write_json({"machine": facts, "work": vars(options) | {"out": str(options.out)}, "results": results}, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
