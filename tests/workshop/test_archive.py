"""Uploads: what is music comes through, what is hostile or too large is refused with a sentence."""

import dataclasses
import io
import struct
import zipfile
from pathlib import Path

import pytest

from musictx.errors import TrainingError
from musictx.midi.files import LARGEST_FILE_BYTES
from musictx.workshop.datasets.archive import midi_files, read_member
from musictx.workshop.policy import WorkshopLimits

LIMITS = WorkshopLimits()
CONTENT = b"MThd and so on"


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """A zip of members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_files_and_zips_together(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(CONTENT)
    archive = packed(tmp_path / "more.zip", {"sub/b.mid": CONTENT, "notes.txt": b"words", "__MACOSX/._b.mid": b"no"})
    found, said = midi_files([archive, tmp_path / "a.mid"], LIMITS, folders=False)
    assert [(name, member) for name, _, member in found] == [("a.mid", ""), ("sub/b.mid", "sub/b.mid")]
    assert [read_member(path, member) for _, path, member in found] == [CONTENT, CONTENT]
    assert said == ["2 files that are no MIDI were left out."]


def test_equal_names_stay_apart(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.mid").write_bytes(folder.encode())
    found, _ = midi_files([tmp_path / "x" / "a.mid", tmp_path / "y" / "a.mid"], LIMITS, folders=False)
    assert [name for name, _, _ in found] == ["a.mid", "a.mid (2)"]
    assert {read_member(path, "") for _, path, _ in found} == {b"x", b"y"}


@pytest.mark.parametrize("name", ["../out.mid", "/etc/out.mid", "a/../../out.mid", "..\\out.mid", "C:\\out.mid"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), CONTENT)
    with pytest.raises(TrainingError, match="leads out of the zip"):
        midi_files([tmp_path / "bad.zip"], LIMITS, folders=False)


def test_links_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link.mid")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(TrainingError, match="a link to another file"):
        midi_files([tmp_path / "bad.zip"], LIMITS, folders=False)


def test_a_zip_within_a_zip_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.mid", CONTENT)
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("inner.ZIP", inner.getvalue())
    with pytest.raises(TrainingError, match="unpack it first"):
        midi_files([tmp_path / "bad.zip"], LIMITS, folders=False)


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "bad.zip", {"a.mid": CONTENT})
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 8  # the flags in the central directory
    content[place : place + 2] = struct.pack("<H", 1)
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="encrypted"):
        midi_files([path], LIMITS, folders=False)


def test_bombs_are_refused_without_being_unpacked(tmp_path: Path) -> None:
    bomb = packed(tmp_path / "bomb.zip", {"a.mid": bytes(20 * 2**20)})
    with pytest.raises(TrainingError, match=r"unpacks to .* times its size"):
        midi_files([bomb], LIMITS, folders=False)
    with pytest.raises(TrainingError, match=r"unpacks to 20 MB; at most 10 MB"):
        midi_files([bomb], dataclasses.replace(LIMITS, upload_bytes=10 * 2**20), folders=False)


def test_a_member_that_lies_about_its_size_is_cut(tmp_path: Path) -> None:
    path = packed(tmp_path / "liar.zip", {"a.mid": bytes(LARGEST_FILE_BYTES + 100)})
    assert len(read_member(path, "a.mid")) == LARGEST_FILE_BYTES + 1


def test_too_many_files_are_counted_over_all_uploads(tmp_path: Path) -> None:
    few = dataclasses.replace(LIMITS, upload_files=3)
    paths = [packed(tmp_path / f"{n}.zip", {"a.mid": CONTENT, "b.mid": CONTENT}) for n in range(2)]
    midi_files(paths[:1], few, folders=False)
    with pytest.raises(TrainingError, match="at most 3 files"):
        midi_files(paths, few, folders=False)
    crowd = packed(tmp_path / "crowd.zip", {f"{n}.txt": b"" for n in range(13)})
    with pytest.raises(TrainingError, match="13 entries; at most 12"):
        midi_files([crowd], few, folders=False)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"no zip at all"])
def test_a_damaged_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(TrainingError, match="no zip that can be read"):
        midi_files([tmp_path / "bad.zip"], LIMITS, folders=False)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "bad.zip", {"a.mid": CONTENT * 50})
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"a\.mid in bad\.zip is damaged"):
        read_member(path, "a.mid")


def test_other_files_and_empty_uploads_are_refused(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(TrainingError, match=r"song\.mp3 is no \.mid"):
        midi_files([tmp_path / "song.mp3"], LIMITS, folders=False)
    with pytest.raises(TrainingError, match=r"No \.mid or \.midi files in words\.zip"):
        midi_files([packed(tmp_path / "words.zip", {"a.txt": b"words"})], LIMITS, folders=False)


def test_a_folder_of_the_server_only_where_allowed(tmp_path: Path) -> None:
    music, outside = tmp_path / "music", tmp_path / "secret.mid"
    (music / "sub").mkdir(parents=True)
    (music / "sub" / "a.mid").write_bytes(CONTENT)
    outside.write_bytes(CONTENT)
    (music / "link.mid").symlink_to(outside)
    with pytest.raises(TrainingError, match="MUSICTX_TRAINING_FOLDERS=on"):
        midi_files([music], LIMITS, folders=False)
    found, _ = midi_files([music], LIMITS, folders=True)
    assert [name for name, _, _ in found] == ["sub/a.mid"]
