"""A file may become so much when it is read, and no more; whatever it becomes, the next one is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from musictx.errors import MidiError
from musictx.midi.bounded import BoundedReader
from musictx.midi.files import read_midi

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems know no such limit")


def of_notes(path: Path, number: int) -> Path:
    """A file of so many notes, one after another on ever other keys."""
    events = bytearray(b"\x00\x90\x3c\x40")
    for at in range(number):
        events += bytes((1, 21 + at % 88, 64, 1, 21 + at % 88, 0))  # running status
    events += b"\x01\x3c\x00\x00\xff\x2f\x00"
    path.write_bytes(b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(events).to_bytes(4, "big") + events)
    return path


@pytest.fixture
def reader() -> Iterator[Callable[..., BoundedReader]]:
    made: list[BoundedReader] = []

    def make(**limits: float) -> BoundedReader:
        made.append(BoundedReader(small_bytes=0, **limits))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_it_reads_as_read_midi_does(tmp_path: Path, reader: Callable[..., BoundedReader]) -> None:
    path, read = of_notes(tmp_path / "a.mid", 500), reader()
    for source in (path, path.read_bytes()):
        here, there = read_midi(source), read(source)
        assert there.notes == here.notes and there.tracks == here.tracks and there.tempo_bpm == here.tempo_bpm
    with pytest.raises(MidiError, match="no notes|damaged|MIDI"):
        read(b"MThd")
    with pytest.raises(MidiError, match="nothing.mid"):
        read(tmp_path / "nothing.mid")


def test_small_files_need_no_process(tmp_path: Path) -> None:
    before = psutil.Process().children()
    assert len(BoundedReader()(of_notes(tmp_path / "a.mid", 20)).notes) == 21
    assert psutil.Process().children() == before


@linux
def test_what_becomes_too_large_is_refused_and_the_next_file_is_read(
    tmp_path: Path, reader: Callable[..., BoundedReader]
) -> None:
    large, small = of_notes(tmp_path / "large.mid", 150_000), of_notes(tmp_path / "small.mid", 100)
    read = reader(most_bytes=16 * 2**20)
    for _ in range(2):
        with pytest.raises(MidiError, match=r"large\.mid becomes far larger"):
            read(large)
        assert len(read(small).notes) == 101


def test_what_takes_too_long_is_refused(tmp_path: Path, reader: Callable[..., BoundedReader]) -> None:
    path, read = of_notes(tmp_path / "a.mid", 150_000), reader(longest_s=0.0)
    with pytest.raises(MidiError, match="to read"):
        read(path)


@linux
def test_a_process_that_dies_is_said_and_replaced(tmp_path: Path, reader: Callable[..., BoundedReader]) -> None:
    path, read = of_notes(tmp_path / "a.mid", 100), reader()
    read(path)
    (child,) = [each for each in psutil.Process().children() if "bounded" in " ".join(each.cmdline())]
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(MidiError):
        read(path)
    assert len(read(path).notes) == 101


@linux
def test_a_script_without_a_guard_can_read(tmp_path: Path) -> None:
    path = of_notes(tmp_path / "a.mid", 50_000)
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom musictx.midi.bounded import BoundedReader\nprint(len(BoundedReader()(sys.argv[1]).notes))"
    )
    command = [sys.executable, str(script), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "50001" and done.stderr == ""
