"""How fast tokens come: `python -m benchmarks.generate [--rounds 5] [--tokens 512] [--out FILE]`.

Every way to generate beside the others in one run: the naive loop that reads the whole window for every token, the
Keras engine on TensorFlow and JAX, ONNX Runtime in float32 and with 8-bit matrices, the peer (Hugging Face
transformers, a GPT-2 of the same shape on PyTorch), and the limit that memory sets: a token must read every
weight and the whole cache once, at the read bandwidth measured in the same run. Each contender runs
in its own process; rounds are interleaved and the median of each is taken. What is not installed is named and
left out. The engines must draw the same tokens, or there is no result.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders import Child
from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json
from musictx.config import ModelConfig
from musictx.generation.engines.onnx.quantize import BLOCK
from musictx.model.card import read_card

CONTENDERS = ("bandwidth", "naive", "tensorflow", "jax", "onnx", "onnx-int8", "peer")
SAME_TOKENS = ("naive", "tensorflow", "jax", "onnx")  # of one random seed
PACKAGES = ("numpy", "onnxruntime", "keras", "tensorflow", "jax", "torch", "transformers")


def parameters(config: ModelConfig) -> tuple[int, int]:
    """How many weights a step reads: in matrices that 8-bit steps quantize, and in all others."""
    block = 4 * config.width**2 + 2 * config.width * config.ffn_width
    vectors = config.blocks * (9 * config.width + config.ffn_width) + 2 * config.width
    return config.blocks * block, vectors + config.width * config.vocabulary_size + config.vocabulary_size


def step_bytes(config: ModelConfig, positions: float, int8: bool, variations: int) -> float:
    """What one step must read: weights, keys and values, and the relative embedding of as many distances."""
    matrices, others = parameters(config)
    weights = matrices * ((1 + 4 / BLOCK) if int8 else 4) + 4 * others
    cache = 2 * 4 * config.blocks * config.width * positions * variations
    return weights + cache + 4 * config.blocks * config.head_size * positions


def measure(children: Sequence[Child], options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a contender and number of variations, from interleaved rounds; the first round is not counted."""
    lineup = [(child, count) for child in children for count in options.variations if _takes_part(child.name, count)]
    answers: dict[tuple[str, int], list[dict[str, Any]]] = {(child.name, count): [] for child, count in lineup}
    for number in range(options.rounds + 1):
        print(f"round {number} of {options.rounds}", file=sys.stderr, flush=True)
        for child, count in lineup:
            tokens = options.naive_tokens if child.name == "naive" else options.tokens
            answers[child.name, count].append(child.run(options.prompt, tokens, count))
    _check_same(answers, options.naive_tokens)
    rows = []
    for child, count in lineup:
        first, *rest = answers[child.name, count]
        tokens = count * (options.naive_tokens if child.name == "naive" else options.tokens)
        seconds = sorted(answer["seconds"] for answer in rest)
        row = {"contender": child.name, "variations": count, "seconds": statistics.median(seconds)}
        row |= {
            "tokens_per_second": tokens / row["seconds"],
            "best": tokens / seconds[0],
            "worst": tokens / seconds[-1],
        }
        for name in ("prefill_s", "first_call_s", "bytes_per_second"):
            if name in first:
                row[name] = statistics.median(answer[name] for answer in rest)
        rows.append(row | {"load_s": child.load_s, "peak_mb": rest[-1]["peak_mb"]})
    return rows


def _takes_part(name: str, variations: int) -> bool:
    return variations == 1 or name not in ("bandwidth", "naive", "peer")


def _check_same(answers: dict[tuple[str, int], list[dict[str, Any]]], tokens: int) -> None:
    drawn = {name: answers[name, 1][0]["ids"][:tokens] for name in SAME_TOKENS if (name, 1) in answers}
    if len({tuple(ids) for ids in drawn.values()}) > 1:
        sys.exit(f"The engines drew different tokens: what is compared here is not the same work. {drawn}")


def judged(rows: list[dict[str, Any]], config: ModelConfig, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The table: each rate over the naive loop's, the peer's and the limit."""
    by_name = {(row["contender"], row["variations"]): row for row in rows}
    bandwidth = by_name["bandwidth", 1]["bytes_per_second"]
    naive = by_name.get(("naive", 1), {}).get("tokens_per_second")
    peer = by_name.get(("peer", 1), {}).get("tokens_per_second")
    positions = options.prompt + options.tokens / 2
    table = []
    for row in rows:
        name, count, rate = row["contender"], row["variations"], row["tokens_per_second"]
        if name == "bandwidth":
            continue
        line = {"contender": name, "variations": count, "tokens/s": rate, "worst": row["worst"], "best": row["best"]}
        line["x naive"] = rate / naive if naive and count == 1 else "-"
        line["x peer"] = rate / peer if peer and count == 1 else "-"
        limit = count * bandwidth / step_bytes(config, positions, name == "onnx-int8", count)
        line["limit"], line["of limit"] = (limit, rate / limit) if name != "naive" else ("-", "-")
        one = by_name.get((name, 1))
        line["x one"] = rate / one["tokens_per_second"] if one and count > 1 else "-"
        line["prefill s"], line["first call s"] = row.get("prefill_s", "-"), row.get("first_call_s", "-")
        table.append(line | {"load s": row["load_s"], "peak MB": row["peak_mb"]})
    return table


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Time every way to generate, side by side.")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/enhanced"), help="a checkpoint's folder")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt")
    parser.add_argument("--tokens", type=int, default=512, help="tokens to draw")
    parser.add_argument("--naive-tokens", type=int, default=6, help="tokens to draw with the naive loop")
    parser.add_argument("--variations", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--out", type=Path, help="where the figures go (benchmarks/results/generate-CHECKPOINT.json)")
    return parser.parse_args()


def main() -> int:
    """Measures, prints and writes; returns the exit status."""
    options = arguments()
    config = read_card(options.checkpoint).model
    if options.prompt + options.tokens > config.window:
        sys.exit(f"prompt and tokens must fit the window of {config.window}")
    children = []
    for name in CONTENDERS:
        if name == "bandwidth" or name in options.contenders:
            child = Child(name, options.checkpoint, config.to_dict())
            print(f"{name}: " + (f"{child.missing} is not installed" if child.missing else "loaded"), file=sys.stderr)
            children += [] if child.missing else [child]
    try:
        rows = measure(children, options)
    finally:
        for child in children:
            child.close()
    facts, table = machine(PACKAGES), judged(rows, config, options)
    work = {"checkpoint": options.checkpoint.name, "prompt": options.prompt, "tokens": options.tokens}
    work |= {"rounds": options.rounds, "read_bandwidth_gb_s": round(rows[0]["bytes_per_second"] / 1e9, 1)}
    for title in (facts, work):
        print_facts(title)
    print_table(table)
    out = options.out or RESULTS / f"generate-{options.checkpoint.name}.json"
    write_json({"machine": facts, "work": work, "rows": rows, "table": table}, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
