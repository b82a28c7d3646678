"""How fast tokens come: `python -m benchmarks.generate [--preset enhanced] [--tokens 256] [--json]`.

The cached, compiled engine against the loop of the keras-io example, which reads the whole
window again for every token; both compiled, on the same weights, prompt and random numbers,
in one run, and checked to draw the same tokens. Compilation is timed apart. Without
`--checkpoint` the weights are random, which changes nothing about speed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.measure import machine, print_facts, print_table
from musictx.config import MODEL_PRESETS, SAMPLING_PRESETS, SamplingConfig
from musictx.generation.compiled import compiled
from musictx.generation.decoder import Ids, Uniforms, draw
from musictx.generation.grammar import state_after
from musictx.generation.keras_decoder import KerasDecoder
from musictx.midi import vocabulary
from musictx.model.checkpoint import load_checkpoint
from musictx.model.transformer import MusicTransformer

SAMPLING = SAMPLING_PRESETS["balanced"]
PHRASE = [vocabulary.NOTE_ON + 60, vocabulary.TIME_SHIFT + 24, vocabulary.NOTE_OFF + 60, vocabulary.TIME_SHIFT + 9]


def prompt_of(length: int) -> Ids:
    """A repeated note, as long as wanted."""
    ids = [vocabulary.START, vocabulary.VELOCITY + 16, *(PHRASE * (length // len(PHRASE) + 1))]
    return np.array(ids[:length], np.int32)


def measure_cached(decoder: KerasDecoder, prompt: Ids, uniforms: Uniforms) -> tuple[dict[str, Any], Ids]:
    """One row, and the tokens drawn; a first pass compiles, the second is timed."""
    prompts = np.tile(prompt, (len(uniforms), 1))
    state = state_after(prompts)
    began = time.perf_counter()
    decoder.start(prompts, state, SAMPLING).advance(uniforms)
    first_pass_s = time.perf_counter() - began

    began = time.perf_counter()
    stream = decoder.start(prompts, state, SAMPLING)
    prefill_s = time.perf_counter() - began
    parts, call_s = [], []
    for at in range(0, uniforms.shape[1], decoder.chunk):
        began = time.perf_counter()
        parts.append(stream.advance(uniforms[:, at : at + decoder.chunk]))
        call_s.append(time.perf_counter() - began)
    row = _row("cached", uniforms, sum(call_s))
    row |= {"prefill_s": prefill_s, "first_chunk_s": prefill_s + call_s[0]}
    return row | {"compile_s": first_pass_s - prefill_s - sum(call_s)}, np.concatenate(parts, axis=1)


def measure_naive(model: MusicTransformer, prompt: Ids, uniforms: Uniforms) -> tuple[dict[str, Any], Ids]:
    """The same for the loop without a cache."""
    read = compiled(model, lambda network, ids: network(ids, None, SAMPLING.focus).logits)
    window = model.config.window
    ids_BT = np.tile(np.pad(prompt, (0, window - prompt.size)), (len(uniforms), 1))
    began = time.perf_counter()
    keras.ops.convert_to_numpy(read(ids_BT))
    compile_s = time.perf_counter() - began
    state = state_after(ids_BT[:, : prompt.size])
    began = time.perf_counter()
    for at, uniforms_B in enumerate(uniforms.T, prompt.size):
        logits_BV = keras.ops.convert_to_numpy(read(ids_BT))[:, at - 1]
        state = draw(np, logits_BV, uniforms_B, state, *_sliders(SAMPLING))
        ids_BT[:, at] = state.last_B
    row = _row("naive", uniforms, time.perf_counter() - began)
    row |= {"prefill_s": 0.0, "first_chunk_s": row["seconds"] / uniforms.shape[1], "compile_s": compile_s}
    return row, ids_BT[:, prompt.size : prompt.size + uniforms.shape[1]]


def _sliders(sampling: SamplingConfig) -> tuple[float, int, float]:
    return sampling.temperature, sampling.top_k, sampling.top_p


def _row(loop: str, uniforms: Uniforms, seconds: float) -> dict[str, Any]:
    variations, tokens = uniforms.shape
    rate = variations * tokens / seconds
    return {"loop": loop, "variations": variations, "tokens": tokens, "seconds": seconds, "tokens_per_second": rate}


def measure(model: MusicTransformer, options: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """All rows, and cached over naive by number of variations."""
    prompt = prompt_of(options.prompt)
    decoder = KerasDecoder(model, chunk=options.chunk)
    rows, ratios = [], {}
    for variations in options.variations:
        uniforms = np.random.default_rng(0).random((variations, options.tokens), np.float32)
        cached, cached_ids = measure_cached(decoder, prompt, uniforms)
        naive, naive_ids = measure_naive(model, prompt, uniforms[:, : options.naive_tokens])
        if not np.array_equal(cached_ids[:, : options.naive_tokens], naive_ids):
            sys.exit("The two loops drew different tokens: what is compared here is not the same work.")
        rows += [cached, naive]
        ratios[str(variations)] = cached["tokens_per_second"] / naive["tokens_per_second"]
    return rows, ratios


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time generation, cached against naive.")
    parser.add_argument("--preset", choices=MODEL_PRESETS, default="enhanced", help="random weights of this shape")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint's folder, instead of a preset")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=256, help="tokens to draw with the cached engine")
    parser.add_argument("--naive-tokens", type=int, default=8, help="tokens to draw with the naive loop")
    parser.add_argument("--variations", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--chunk", type=int, default=16, help="tokens a call")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


def main() -> int:
    """Measures and prints; returns the exit status."""
    options = arguments()
    if options.checkpoint:
        model, _ = load_checkpoint(options.checkpoint, vocabulary.fingerprint())
    else:
        keras.utils.set_random_seed(0)
        model = MusicTransformer(MODEL_PRESETS[options.preset])
    if options.prompt + max(options.tokens, options.naive_tokens) > model.config.window:
        sys.exit(f"prompt and tokens must fit the window of {model.config.window}")
    backend = keras.backend.backend()
    facts = machine(["keras", backend, "numpy"])
    work = {"model": str(options.checkpoint or options.preset), "parameters": model.count_params(), "backend": backend}
    rows, ratios = measure(model, options)
    if options.json:
        print(json.dumps({"machine": facts, "work": work, "rows": rows, "cached_over_naive": ratios}, indent=2))
        return 0
    for title in (facts, work):
        print_facts(title)
    print_table(rows)
    print("cached over naive: " + ", ".join(f"{ratio:.0f}x with {count}" for count, ratio in ratios.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
