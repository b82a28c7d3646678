"""A step that is repeated on tensors of its own: the loop of the PyTorch engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musictx.config import SCOPES

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, torch
from musictx.generation.engines.repeated import Repeated
bodies = []
def record(body):
    body()  # as a recording does, whose effects do not count
    bodies.append(body)
    return body
def step(carried):
    total, number, by = carried
    return total + by * number, number + 1, by
repeated = Repeated(step, record)
by, total, number = torch.tensor([1.0, 10.0]), torch.zeros(2), torch.tensor(1)
first = repeated((total, number, by), 3)
again = repeated((total, number, by), 3)
other = repeated((first[0], number, 2 * by), 1)
print(json.dumps([total.tolist(), *(each[0].tolist() for each in (first, again, other)), int(first[1]), len(bodies)]))
"""


def in_torch(*command: str, **environment: str) -> Any:
    """What a program on PyTorch prints as JSON, in a process of its own: this one may have another backend."""
    pytest.importorskip("torch", reason="PyTorch is missing: `make test` installs it")
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_recording_serves_every_call_and_leaves_what_it_was_given() -> None:
    total, first, again, other, number, bodies = in_torch("-c", SCRIPT)
    assert total == [0.0, 0.0] and first == again == [6.0, 60.0] and other == [8.0, 80.0]
    assert number == 4 and bodies == 1


def test_the_step_looks_at_no_value_and_copies_nothing_from_the_host_once_it_is_warm() -> None:
    told = in_torch("-m", "tests.generation.recordable", KERAS_TORCH_DEVICE="meta")
    assert told.pop("device") == "meta" and set(told) == set(SCOPES)
    for first, *later in told.values():
        assert first > 0 and later == [0, 0]
