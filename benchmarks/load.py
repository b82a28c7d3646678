"""Many visitors at one page for a while, on the loopback: `python -m benchmarks.load [--visitors 32] [--minutes 10]`.

Starts the page as a host would, and visitors beside it who ask /compose for one short piece after another, each with
a random seed of its own, and listen for it. A visitor who is turned away hears why, waits and asks again. Reported:
pieces, refusals by their sentence, failures, cross-talk (a piece with another's random seed), the wait for a piece and
its first note, and the page's memory after the first minute and at the end.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.measure import RESULTS, machine, print_facts, print_table, write_json

ROOT = Path(__file__).resolve().parents[1]
WARM_S = 60.0  # after which memory should grow no more
PATIENT_S = 120.0  # for one request: visitors share a machine with the page here
AGAIN_S = 3.0  # that a visitor waits who was turned away
TURNED_AWAY = re.compile(r"Queue is full|visitors|pieces of yours|your network|Too many", re.IGNORECASE)
HOST = {"MUSICTX_METRICS": "on"}
PACKAGES = ("gradio", "onnxruntime")


@contextmanager
def page(port: int, checkpoint: str) -> Iterator[tuple[str, psutil.Process]]:
    """The page in a process of its own, warm."""
    command = [sys.executable, str(ROOT / "app.py"), "--port", str(port), "--checkpoint", checkpoint]
    url = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen(command, env={**os.environ, **HOST}, stdout=subprocess.DEVNULL)
    try:
        while not _answers(f"{url}config"):
            assert process.poll() is None, "the page ended"
            time.sleep(0.5)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


class Visitor(threading.Thread):
    """One who asks for pieces until the time is over."""

    def __init__(self, url: str, number: int, until: float, seconds: float, folder: Path) -> None:
        super().__init__(daemon=True)
        self.url, self.number, self.until, self.seconds, self.folder = url, number, until, seconds, folder
        self.pieces: list[tuple[float, float]] = []  # wait for the whole piece, its first note
        self.refusals: collections.Counter[str] = collections.Counter()
        self.failures: list[str] = []
        self.crossed = 0

    def run(self) -> None:
        """Until the time is over."""
        import gradio_client

        chance = random.Random(self.number)
        time.sleep(chance.uniform(0, 5))
        client = None
        while client is None and time.monotonic() < self.until:
            try:
                patient = {"timeout": PATIENT_S}
                client = gradio_client.Client(
                    self.url, verbose=False, download_files=str(self.folder), httpx_kwargs=patient
                )
            except Exception as error:
                self._note(f"at the door: {type(error).__name__}: {error}")
        seeds = sorted((ROOT / "assets/seeds").glob("*.mid"))
        while client is not None and time.monotonic() < self.until:
            asked, number = time.monotonic(), chance.randrange(2**31)
            seed = gradio_client.handle_file(str(chance.choice(seeds)))
            try:
                values: dict[str, Any] = {"seconds": self.seconds, "random_seed": number, "audio_format": "wav"}
                _, _, facts = client.predict(seed_file=seed, **values, api_name="/compose")
            except Exception as error:
                self._note(str(error))
                time.sleep(AGAIN_S * chance.uniform(0.5, 1.5))
                continue
            self.crossed += facts["takes"][0]["random_seed"] != number
            self.pieces.append((time.monotonic() - asked, float(facts["first_note_s"] or 0)))

    def _note(self, said: str) -> None:
        if TURNED_AWAY.search(said):
            self.refusals[re.sub(r"\d+", "N", said)[:80]] += 1
        else:
            self.failures.append(said[:200])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one run."""
    memory: list[tuple[float, int]] = []
    with page(options.port, options.checkpoint) as (url, process), tempfile.TemporaryDirectory() as name:
        began = time.monotonic()
        until = began + 60 * options.minutes
        visitors = [Visitor(url, number, until, options.seconds, Path(name)) for number in range(options.visitors)]
        for visitor in visitors:
            visitor.start()
        while time.monotonic() < until:
            memory.append((time.monotonic() - began, process.memory_info().rss))
            time.sleep(2)
        for visitor in visitors:
            visitor.join(300)
        memory.append((time.monotonic() - began, process.memory_info().rss))
    pieces = np.array([piece for visitor in visitors for piece in visitor.pieces]).reshape(-1, 2)
    refusals = sum((visitor.refusals for visitor in visitors), collections.Counter[str]())
    failures = [said for visitor in visitors for said in visitor.failures]
    warm = max((rss for at, rss in memory if at <= WARM_S), default=memory[0][1])
    return {
        "visitors": options.visitors,
        "minutes": options.minutes,
        "pieces": len(pieces),
        "pieces_of_the_luckiest_and_unluckiest": [
            max(len(visitor.pieces) for visitor in visitors),
            min(len(visitor.pieces) for visitor in visitors),
        ],
        "refused": dict(refusals),
        "failures": failures[:20],
        "failed": len(failures),
        "cross_talk": sum(visitor.crossed for visitor in visitors),
        "piece_s": _quantiles(pieces[:, 0]),
        "first_note_s": _quantiles(pieces[:, 1]),
        "memory_mb_after_a_minute": warm / 2**20,
        "memory_mb_at_the_end": memory[-1][1] / 2**20,
        "memory_mb_most": max(rss for _, rss in memory) / 2**20,
    }


def _quantiles(values: Any) -> dict[str, float]:
    return {f"p{share}": float(np.percentile(values, share)) for share in (50, 95)} if len(values) else {}


def main() -> int:
    """1 if anything failed or crossed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=5.0, help="of new music a piece")
    parser.add_argument("--checkpoint", default="original")
    parser.add_argument("--port", type=int, default=17860)
    options = parser.parse_args()
    print_facts(machine(PACKAGES))
    found = measure(options)
    print_table([{name: value for name, value in found.items() if not isinstance(value, (dict, list))}])
    print("refused:", found["refused"], "failures:", found["failures"], sep="\n")
    print("whole piece:", found["piece_s"], "first note:", found["first_note_s"])
    write_json({"machine": machine(PACKAGES), "figures": found}, RESULTS / "load.json")
    return bool(found["failed"] or found["cross_talk"])


if __name__ == "__main__":
    sys.exit(main())
