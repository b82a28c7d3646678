"""The ways to generate that `benchmarks.generate` compares, each in a process of its own that answers on demand.

    parent: one line of JSON on stdin, the work -> child: one line of JSON on stdout, what it took

So each has its own backend and memory, loads once, and rounds can be interleaved.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.measure import peak_mb
from musictx.config import SAMPLING_PRESETS
from musictx.generation.engines.base import Decoder
from musictx.generation.sampling.draw import draw
from musictx.generation.sampling.state import state_after
from musictx.midi import vocabulary
from musictx.types import Ids

SAMPLING = SAMPLING_PRESETS["balanced"]
PHRASE = [vocabulary.NOTE_ON + 60, vocabulary.TIME_SHIFT + 24, vocabulary.NOTE_OFF + 60, vocabulary.TIME_SHIFT + 9]
BANDWIDTH_BYTES = 256 * 2**20  # far more than any cache holds
CALL = 16  # tokens a call of an engine

BACKENDS = {"naive": "tensorflow", "tensorflow": "tensorflow", "jax": "jax"}


def prompt_of(length: int) -> Ids:
    """A repeated note, as long as wanted."""
    ids = [vocabulary.START, vocabulary.VELOCITY + 16, *(PHRASE * (length // len(PHRASE) + 1))]
    return np.array(ids[:length], np.int32)


class Contender(Protocol):
    """Generates; `run` returns at least the seconds it took, and what it was busy with."""

    def run(self, prompt: int, tokens: int, variations: int) -> dict[str, Any]: ...  # noqa: D102  # see the class


class Engine:
    """One of the program's own engines."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder

    def run(self, prompt: int, tokens: int, variations: int) -> dict[str, Any]:
        """Prefill, then `tokens` a row in calls of 16."""
        prompts = np.tile(prompt_of(prompt), (variations, 1))
        uniforms = np.random.default_rng(0).random((variations, tokens), np.float32)
        state = state_after(prompts)
        began = time.perf_counter()
        stream = self.decoder.start(prompts, state, SAMPLING)
        if hasattr(stream, "cache"):
            np.asarray(stream.cache.keys[-1][0, 0, :1])  # Keras may return before it is done
        read = time.perf_counter()
        ids, first_s = [], 0.0
        for at in range(0, tokens, CALL):
            ids.append(stream.advance(uniforms[:, at : at + CALL]))
            first_s = first_s or time.perf_counter() - began
        took_s = time.perf_counter() - read
        drawn = np.concatenate(ids, axis=1)
        return {"seconds": took_s, "prefill_s": read - began, "first_call_s": first_s, "ids": drawn[0, :32].tolist()}


class Naive:
    """The keras-io example's loop: the whole window again for every token."""

    def __init__(self, checkpoint: Path) -> None:
        from musictx.generation.engines.compiled import compiled
        from musictx.model.checkpoint import load_checkpoint

        model, _ = load_checkpoint(checkpoint, vocabulary.fingerprint())
        self._window = model.config.window
        self._read = compiled(model, lambda network, ids: network(ids, None, SAMPLING.focus).logits)

    def run(self, prompt: int, tokens: int, variations: int) -> dict[str, Any]:
        """The same draws as an engine's."""
        prompts = np.tile(prompt_of(prompt), (variations, 1))
        ids_BT = np.zeros((variations, self._window), np.int32)
        ids_BT[:, :prompt] = prompts
        uniforms = np.random.default_rng(0).random((variations, tokens), np.float32)
        state = state_after(prompts)
        began = time.perf_counter()
        for at, uniforms_B in enumerate(uniforms.T, prompt):
            logits_BV = np.asarray(self._read(ids_BT))[:, at - 1]
            state = draw(np, logits_BV, uniforms_B, state, SAMPLING, SAMPLING.scope)
            ids_BT[:, at] = state.last_B
        return {"seconds": time.perf_counter() - began, "ids": ids_BT[0, prompt : prompt + tokens].tolist()}


class Peer:
    """Hugging Face transformers: a GPT-2 of the same width, depth, window and vocabulary, random weights."""

    def __init__(self, shape: dict[str, Any]) -> None:
        import torch
        import transformers

        transformers.utils.logging.set_verbosity_error()
        torch.manual_seed(0)
        config = transformers.GPT2Config(
            vocab_size=shape["vocabulary_size"],
            n_positions=shape["window"],
            n_embd=shape["width"],
            n_layer=shape["blocks"],
            n_head=shape["width"] // shape["head_size"],
            n_inner=shape["ffn_width"],
            bos_token_id=vocabulary.START,
            eos_token_id=None,
            pad_token_id=vocabulary.PAD,
        )
        self._torch, self._model = torch, transformers.GPT2LMHeadModel(config).eval()

    def run(self, prompt: int, tokens: int, variations: int) -> dict[str, Any]:
        """`generate` with the same filters; its prefill is timed apart and taken off."""
        ids = self._torch.tensor(np.tile(prompt_of(prompt), (variations, 1)), dtype=self._torch.long)
        filters = {"do_sample": True, "temperature": SAMPLING.temperature, "top_k": SAMPLING.top_k}
        times = []
        for count in (1, tokens + 1):
            began = time.perf_counter()
            with self._torch.inference_mode():
                self._model.generate(
                    ids,
                    attention_mask=self._torch.ones_like(ids),
                    max_new_tokens=count,
                    min_new_tokens=count,
                    top_p=SAMPLING.top_p,
                    **filters,
                )
            times.append(time.perf_counter() - began)
        return {"seconds": times[1] - times[0], "prefill_s": times[0]}


class Bandwidth:
    """How fast all cores together read memory: the most of a few passes over an array larger than any cache."""

    def __init__(self) -> None:
        threads = os.cpu_count() or 1
        self._parts = np.array_split(np.ones(BANDWIDTH_BYTES // 4, np.float32), threads)
        self._pool = ThreadPoolExecutor(threads)

    def run(self, prompt: int, tokens: int, variations: int) -> dict[str, Any]:
        """Bytes a second; the arguments mean nothing here."""
        best_s = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            list(self._pool.map(np.max, self._parts))
            best_s = min(best_s, time.perf_counter() - began)
        return {"seconds": best_s, "bytes_per_second": BANDWIDTH_BYTES / best_s}


def build(name: str, checkpoint: Path, shape: dict[str, Any]) -> Contender:
    """The contender of that name, loaded; ImportError where a library is missing."""
    if name == "bandwidth":
        return Bandwidth()
    if name == "peer":
        return Peer(shape)
    if name == "naive":
        return Naive(checkpoint)
    if name in ("onnx", "onnx-int8"):
        from musictx.generation.engines.onnx.decoder import OnnxDecoder

        return Engine(OnnxDecoder.open(checkpoint, checkpoint, int8=name == "onnx-int8"))
    from musictx.generation.engines.keras import KerasDecoder
    from musictx.model.checkpoint import load_checkpoint

    return Engine(KerasDecoder(load_checkpoint(checkpoint, vocabulary.fingerprint())[0], chunk=CALL))


def serve() -> None:
    """The child's side: builds what argv names, then answers each line of stdin until it ends."""
    name, checkpoint, shape = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    began = time.perf_counter()
    try:
        contender = build(name, checkpoint, shape)
    except ImportError as error:
        print(json.dumps({"missing": str(error.name or error)}), file=answers, flush=True)
        return
    print(json.dumps({"load_s": time.perf_counter() - began}), file=answers, flush=True)
    for line in sys.stdin:
        facts = contender.run(**json.loads(line))
        facts["peak_mb"] = peak_mb()
        print(json.dumps(facts), file=answers, flush=True)


class Child:
    """The parent's side of one contender. missing: the library it lacks, or empty."""

    def __init__(self, name: str, checkpoint: Path, shape: dict[str, Any]) -> None:
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": BACKENDS.get(name, "tensorflow")}
        command = [sys.executable, "-c", "from benchmarks.contenders import serve; serve()"]
        self._process = subprocess.Popen(
            [*command, name, str(checkpoint), json.dumps(shape)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        hello = self._answer()
        self.name, self.missing, self.load_s = name, hello.get("missing", ""), hello.get("load_s", 0.0)

    def run(self, prompt: int, tokens: int, variations: int = 1) -> dict[str, Any]:
        """What one piece of work took."""
        assert self._process.stdin is not None
        work = {"prompt": prompt, "tokens": tokens, "variations": variations}
        print(json.dumps(work), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        alarm = threading.Timer(600, self._process.kill)
        alarm.start()
        line = self._process.stdout.readline()
        alarm.cancel()
        if not line:
            sys.exit(f"A contender ended without an answer: {self._process.args!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer
