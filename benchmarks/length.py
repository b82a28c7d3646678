"""What a token costs as a piece grows, and where the time goes: `python -m benchmarks.length [--tokens 8192]`.

Three tables of the ONNX Runtime engine. Cost: milliseconds a token between 256, 512, 1,024, … tokens of one piece, the
reading anew of a full window included. Step: the operators of one step, from the runtime's own profile, and the draw
on the host. Memory: the peak of a process of its own that makes 1 to 4 variations.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.contenders import SAMPLING, Child, prompt_of
from benchmarks.measure import RESULTS, machine, median_s, print_facts, print_table, write_json
from musictx.generation.engines.onnx.decoder import OnnxDecoder
from musictx.generation.engines.onnx.graphs import cache_names, find_graphs
from musictx.generation.engines.onnx.network import Network
from musictx.generation.generate import generate
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import state_after
from musictx.midi import vocabulary
from musictx.model.card import read_card
from musictx.model.weights import read_weights

PROFILED_STEPS = 30
WEIGHT, ATTENTION = "products with weights", "products of attention"
MATRICES = {"MatMul", "FusedMatMul", "Gemm", "MatMulNBits"}


def cost(decoder: OnnxDecoder, tokens: int) -> list[dict[str, Any]]:
    """A row between doublings of the length: milliseconds a token."""
    edges = [256 * 2**power for power in range(20) if 256 * 2**power <= tokens]
    rows: list[dict[str, Any]] = []
    before, reached, spent_s = 0, 0, 0.0
    began = time.perf_counter()
    for chunk in generate(decoder, prompt_of(1), sampling=SAMPLING, seconds=3600):
        spent_s += time.perf_counter() - began
        reached = chunk.variations[0].ids.size
        if edges and reached >= edges[0]:
            row = {"from": before, "to": reached, "ms_a_token": 1e3 * spent_s / (reached - before)}
            rows.append(row | {"tokens_per_second": (reached - before) / spent_s})
            before, spent_s = reached, 0.0
            edges.pop(0)
        if not edges:
            break
        began = time.perf_counter()
    return rows


def profile(checkpoint: Path, kind: str, positions: int) -> list[dict[str, Any]]:
    """Microseconds of one step on one thread, by kind of operator."""
    arrays, card = read_weights(checkpoint, vocabulary.fingerprint())
    graphs = find_graphs(card.model, checkpoint, checkpoint)
    network = Network(graphs, arrays, int8=kind == "step-int8", threads=(1,))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level, options.enable_profiling = 1, 3, True
    outside = graphs.graphs[kind].outside
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(network._arrays[name]) for name in outside]
    options.add_external_initializers(list(outside), values)
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(graphs.graphs[kind].data, options, providers=["CPUExecutionProvider"])
        network._steps = [session]
        binding = network.bind(network.empty(1, positions), 1.0)
        for number in range(PROFILED_STEPS):
            binding.step(np.array([60], np.int32), positions - PROFILED_STEPS + number)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    spent: dict[str, float] = defaultdict(float)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[_kind_of(event["args"], positions)] += event["dur"] / PROFILED_STEPS
    state = state_after(prompt_of(64)[None])
    logits = np.random.default_rng(0).normal(0, 3, (1, vocabulary.SIZE)).astype(np.float32)
    uniforms = np.array([0.4], np.float32)
    taken_s = median_s(lambda: draw(np, logits, uniforms, state, SAMPLING, SAMPLING.scope), 200)
    spent["draw on the host"] = 1e6 * taken_s
    total = sum(spent.values())
    rows = [{"graph": kind, "part": name, "us": us, "share": us / total} for name, us in spent.items()]
    return sorted(rows, key=lambda row: -row["us"])


def _kind_of(facts: dict[str, Any], positions: int) -> str:
    """What an operator's time is counted under."""
    if facts["op_name"] not in MATRICES:
        return "all else"
    sizes = [size for shape in facts["input_type_shape"] for dims in shape.values() for size in dims]
    return ATTENTION if positions in sizes else WEIGHT


def memory(checkpoint: Path, tokens: int) -> list[dict[str, Any]]:
    """A row a number of variations: the peak of a process that makes them, and what its cache holds of that."""
    config = read_card(checkpoint).model
    rows = []
    for variations in (1, 2, 3, 4):
        child = Child("onnx", checkpoint, config.to_dict())
        peak = child.run(512, tokens, variations)["peak_mb"]
        child.close()
        held = len(cache_names(config)) * config.width * 4 * (512 + tokens) * variations / 2**20
        rows.append({"variations": variations, "tokens": 512 + tokens, "peak_mb": peak, "cache_mb": held})
    return rows


def main() -> int:
    """Measures, prints and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description="Cost against length, what bounds a step, memory.")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/enhanced"))
    parser.add_argument("--tokens", type=int, default=8192, help="of the longest piece")
    parser.add_argument("--out", type=Path, help="where the figures go (benchmarks/results/length-CHECKPOINT.json)")
    options = parser.parse_args()
    decoder = OnnxDecoder.open(options.checkpoint, options.checkpoint)
    decoder.warm_up()
    result: dict[str, Any] = {"machine": machine(["onnxruntime", "numpy"]), "cost": cost(decoder, options.tokens)}
    result["step"] = [row for kind in ("step", "step-int8") for row in profile(options.checkpoint, kind, 768)]
    result["memory"] = memory(options.checkpoint, 1024)
    print_facts(result["machine"])
    for name in ("cost", "step", "memory"):
        print_table(result[name])
    write_json(result, options.out or RESULTS / f"length-{options.checkpoint.name}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
