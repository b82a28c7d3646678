"""What 8-bit matrices cost in quality: `python -m benchmarks.int8 --data DATA [--rows 8] [--passes 4] [--json]`.

DATA is a prepared corpus. From each of its validation pieces a window is taken; its first half is read by the prefill
graph, then every token of the second half is given to the float32 and to the 8-bit step graph, and what
each thought of the next token is compared: nats per token, and how often both find the same one most likely.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import machine, print_facts, print_table
from musictx.generation.engines.onnx.graphs import find_graphs
from musictx.generation.engines.onnx.network import Network, side_by_side
from musictx.midi import vocabulary
from musictx.model.weights import read_weights
from musictx.training.dataset import open_corpus

Ids = npt.NDArray[np.int32]


def windows(data: Path, length: int, count: int) -> Ids:
    """(count, length + 1) ids from the middle of as many validation pieces, evenly spread over the corpus."""
    corpus = open_corpus(data)
    pieces = [piece for piece in corpus.split("validation") if piece.length > length + 1]
    if len(pieces) < count:
        sys.exit(f"{data} has {len(pieces)} validation pieces of more than {length} tokens; {count} are asked for.")
    rows = []
    for number in range(count):
        ids_T = corpus.ids(pieces[number * len(pieces) // count])
        start = (ids_T.size - length - 1) // 2
        rows.append(ids_T[start : start + length + 1])
    return np.stack(rows)


def compare(networks: dict[str, Network], ids_BT: Ids) -> dict[str, list[npt.NDArray[Any]]]:
    """For each network: NLL of, and most likely choice for, every token of the second half."""
    batch, length = ids_BT.shape[0], ids_BT.shape[1] - 1
    begun = length // 2
    found: dict[str, list[npt.NDArray[Any]]] = {}
    for name, network in networks.items():
        caches = [network.prefill(row_T[:begun], 1.0, room=length - begun) for row_T in ids_BT]
        binding = network.bind(side_by_side(caches), 1.0)
        nll, best = [], []
        for place in range(begun, length):
            logits_BV = binding.step(ids_BT[:, place], place)[:, : vocabulary.EVENTS].astype(np.float64)
            highest_B1 = logits_BV.max(axis=1, keepdims=True)
            total_B = np.log(np.exp(logits_BV - highest_B1).sum(axis=1)) + highest_B1[:, 0]
            nll.append(total_B - logits_BV[np.arange(batch), np.minimum(ids_BT[:, place + 1], vocabulary.EVENTS - 1)])
            best.append(logits_BV.argmax(axis=1))
        found[name] = [np.stack(nll), np.stack(best)]
    return found


def main() -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description="Compare 8-bit with float32 matrices on validation music.")
    parser.add_argument("--checkpoint", type=Path, default=Path("checkpoints/enhanced"))
    parser.add_argument("--data", type=Path, help="a prepared corpus; without one nothing is measured")
    parser.add_argument("--length", type=int, default=1024, help="tokens of a window")
    parser.add_argument("--rows", type=int, default=8, help="windows read side by side")
    parser.add_argument("--passes", type=int, default=4, help="times so many windows")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    if options.data is None:
        print("No corpus given: python -m benchmarks.int8 --data DATA, see python -m musictx prepare.")
        return 0
    arrays, card = read_weights(options.checkpoint, vocabulary.fingerprint())
    graphs = find_graphs(card.model, options.checkpoint, options.checkpoint)
    networks = {"float32": Network(graphs, arrays), "int8": Network(graphs, arrays, int8=True)}
    ids_WT = windows(options.data, options.length, options.rows * options.passes)
    nll: dict[str, list[Any]] = {name: [] for name in networks}
    best: dict[str, list[Any]] = {name: [] for name in networks}
    for first in range(0, len(ids_WT), options.rows):
        for name, (values, choices) in compare(networks, ids_WT[first : first + options.rows]).items():
            nll[name].append(values)
            best[name].append(choices)
    each = {name: np.concatenate(values, axis=1) for name, values in nll.items()}
    difference = each["int8"] - each["float32"]
    row = {
        "windows": len(ids_WT),
        "tokens": difference.size,
        "nll_float32": float(each["float32"].mean()),
        "nll_int8": float(each["int8"].mean()),
        "difference": float(difference.mean()),
        "standard_error": float(difference.mean(axis=0).std(ddof=1) / len(ids_WT) ** 0.5),
        "same_first_choice": float((np.concatenate(best["int8"], 1) == np.concatenate(best["float32"], 1)).mean()),
    }
    if options.json:
        print(json.dumps({"machine": machine(["onnxruntime", "numpy"]), "quality": row}, indent=2))
        return 0
    print_facts(machine(["onnxruntime", "numpy"]))
    print_table([row])
    return 0


if __name__ == "__main__":
    sys.exit(main())
