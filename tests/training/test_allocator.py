"""Freed memory stays with the process that asked for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

TOUCHES = """
import ctypes, resource, sys
from musictx.training.allocator import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit(3)
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
size = 64 * 2**20
def use():
    buffer = libc.malloc(size)
    ctypes.memset(buffer, 1, size)
    libc.free(buffer)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages that five uses of a buffer fetch from the system, after a first one."""
    done = subprocess.run([sys.executable, "-c", TOUCHES, how], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("this C library is not glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
def test_a_buffer_that_is_used_again_costs_no_new_pages() -> None:
    kept, given_back = faults("kept"), faults("given back")
    assert 10 * kept < given_back
