"""Zips that somebody damaged or built to hurt: one type of error, bounded reading, each opened once."""

from __future__ import annotations

import random
import struct
import zipfile
from pathlib import Path

import pytest

from musictx.errors import TrainingError
from musictx.training.prepare import prepare
from musictx.training.zip_reader import ZipReader
from musictx.workshop.datasets import archive
from musictx.workshop.datasets.archive import midi_files, read_all
from musictx.workshop.policy import WorkshopLimits

CONTENT = bytes(range(256)) * 8
LIMITS = WorkshopLimits()


def packed(path: Path, members: int = 1, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for number in range(members):
            file.writestr(f"{number:05}.mid", CONTENT)
    return path


def read_whole(path: Path) -> list[bytes]:
    """As a dataset is read: checked, then every member."""
    found, _ = midi_files([path], LIMITS, folders=False)
    return [content for _, content in read_all(found)]


def test_it_reads_what_was_packed(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with ZipReader(packed(tmp_path / "a.zip", 3, method), 3) as reader:
            assert [info.filename for info in reader.members] == ["00000.mid", "00001.mid", "00002.mid"]
            assert reader.read("00001.mid", 10**6) == CONTENT
            assert reader.read("00001.mid", 5) == CONTENT[:5]
            reader.copy(reader.members[2], tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == CONTENT


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_unpacked_in_bounds_are_refused(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "a.zip", 1, method)
    with pytest.raises(TrainingError, match="ordinary zip"):
        midi_files([path], LIMITS, folders=False)
    with ZipReader(path, 1) as reader, pytest.raises(TrainingError, match="ordinary zip"):
        reader.read("00000.mid", 10)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_whatever_byte_is_wrong_it_is_one_error(tmp_path: Path, method: int) -> None:
    whole, path, chance = packed(tmp_path / "a.zip", 2, method).read_bytes(), tmp_path / "bad.zip", random.Random(7)
    refused = 0
    for _ in range(600):
        content = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.choice((len(content), len(content), chance.randrange(len(content))))])
        try:
            read_whole(path)
        except TrainingError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (8, b"\x00\x08"),  # the flag that says UTF-8, before a name that is none
        (10, b"\x63\x00"),  # a method nobody knows
        (30, b"\xff\xff"),  # an extra field that is longer than the file
    ],
)
def test_a_directory_that_lies_is_refused(tmp_path: Path, at: int, value: bytes) -> None:
    content = bytearray(packed(tmp_path / "a.zip").read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + at : place + at + len(value)] = value
    content[place + 46] = 0xFF
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(TrainingError):
        read_whole(tmp_path / "bad.zip")


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(zipfile.ZipInfo("a.mid"), CONTENT)
        info = zipfile.ZipInfo("b")
        info.filename = ""
        file.writestr(info, CONTENT)
    with pytest.raises(TrainingError, match="no name"):
        read_whole(tmp_path / "bad.zip")


def test_a_directory_of_two_million_entries_is_not_read(tmp_path: Path) -> None:
    """An entry of 46 bytes becomes a thousand in memory; the file is sparse, so the test writes little."""
    entries = 2_000_000
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[0] * 18)
    size = entries * len(entry)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, 0, 0)
    with (tmp_path / "crowd.zip").open("wb") as file:
        file.write(entry * 100)
        file.seek(size)
        file.write(end)
    with pytest.raises(TrainingError, match="more entries; at most 20,000"):
        midi_files([tmp_path / "crowd.zip"], LIMITS, folders=False)


def test_a_zip_of_many_files_is_opened_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = packed(tmp_path / "many.zip", 300), list[Path]()

    class Counted(ZipReader):
        def __init__(self, path: Path, most_members: int) -> None:
            opened.append(path)
            super().__init__(path, most_members)

    found, _ = midi_files([path], LIMITS, folders=False)
    monkeypatch.setattr(archive, "ZipReader", Counted)
    assert [number for number, _ in read_all(found)] == list(range(300))
    assert opened == [path]


def test_the_command_line_reads_zips_in_the_same_way(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="ordinary zip"):
        prepare(packed(tmp_path / "a.zip", 1, zipfile.ZIP_LZMA), tmp_path / "corpus", workers=1)


def test_a_split_table_without_its_columns_is_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.mid", CONTENT)
        file.writestr("metadata.csv", "name,part\na.mid,train\n")
    with pytest.raises(TrainingError, match="columns file and split"):
        prepare(tmp_path / "a.zip", tmp_path / "corpus", workers=1)
