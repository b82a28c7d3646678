"""Preparing: what goes in comes back, the split holds, and bad files are named."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import encode
from musictx.midi.files import read_midi
from musictx.training.dataset import open_corpus
from musictx.training.prepare import prepare


def test_pieces_are_the_encoded_files(midi_folder: Path, corpus_folder: Path) -> None:
    corpus = open_corpus(corpus_folder)
    assert len(corpus.pieces) == 12
    for piece in corpus.pieces:
        ids = corpus.ids(piece)
        notes = read_midi(midi_folder / piece.file).notes
        assert ids[0] == vocabulary.START and ids[-1] == vocabulary.END
        np.testing.assert_array_equal(ids[1:-1], encode(notes))
        assert piece.notes == len(notes)


def test_metadata_decides_the_split(corpus_folder: Path) -> None:
    validation = {piece.file for piece in open_corpus(corpus_folder).split("validation")}
    assert validation == {"a/10.mid", "b/11.mid"}


def test_unusable_files_are_left_out_with_the_reason(midi_folder: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    result = prepare(midi_folder, tmp_path / "out", workers=1, report=lambda n, of: done.append((n, of)))
    assert result.pieces == 12 and result.notes == 12 * 40
    assert [name for name, _ in result.left_out] == ["a/picture.mid"]
    assert "MIDI" in result.left_out[0][1]
    assert done[-1] == (13, 13)


def test_an_interrupted_preparation_goes_on(midi_folder: Path, corpus_folder: Path, tmp_path: Path) -> None:
    read: list[int] = []

    def interrupt(done: int, of: int) -> None:
        read.append(done)
        if done == 5 and len(read) == 5:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepare(midi_folder, out, workers=1, report=interrupt)
    assert not (out / "tokens.npy").exists()
    # As a kill may leave them: a line that does not end, tokens that no line speaks of.
    with (out / "pieces.part.jsonl").open("a") as lines, (out / "tokens.part").open("ab") as tokens:
        lines.write('{"file": "b/9')
        tokens.write(b"xyz")
    result = prepare(midi_folder, out, workers=1, report=interrupt)
    assert read == [1, 2, 3, 4, 5, *range(6, 14)]
    assert result.left_out[0][0] == "a/picture.mid"
    again, whole = open_corpus(out), open_corpus(corpus_folder)
    assert again.pieces == whole.pieces
    np.testing.assert_array_equal(again.tokens, whole.tokens)
    assert sorted(path.name for path in out.iterdir()) == ["pieces.json", "tokens.npy"]


def test_an_unfinished_preparation_of_another_source_is_dropped(midi_folder: Path, tmp_path: Path) -> None:
    def interrupt(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(midi_folder, tmp_path / "out", workers=1, report=interrupt)
    result = prepare(midi_folder / "b", tmp_path / "out", workers=1)
    assert result.pieces == 6


def test_a_zip_is_the_same_as_its_folder(midi_folder: Path, corpus_folder: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "walks"), "zip", midi_folder.parent, midi_folder.name)
    prepare(Path(archive), tmp_path / "zipped", workers=2)
    zipped, plain = open_corpus(tmp_path / "zipped"), open_corpus(corpus_folder)
    assert {(p.file.removeprefix("walks/"), p.split) for p in zipped.pieces} == {
        (p.file, p.split) for p in plain.pieces
    }
    np.testing.assert_array_equal(np.sort(zipped.tokens), np.sort(plain.tokens))


def test_without_metadata_the_split_is_the_same_each_time(midi_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(midi_folder, folder)
    (folder / "metadata.csv").unlink()
    splits = []
    for name in ("one", "two"):
        prepare(folder, tmp_path / name, workers=1)
        splits.append([(piece.file, piece.split) for piece in open_corpus(tmp_path / name).pieces])
    assert splits[0] == splits[1]


def test_sources_without_midi_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"No \.mid"):
        prepare(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(TrainingError, match="neither a folder nor a zip"):
        prepare(tmp_path / "text.zip", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("a.mid", b"nothing")
    with pytest.raises(TrainingError, match="None of the 1 files"):
        prepare(tmp_path / "bad.zip", tmp_path / "out", workers=1)


def test_a_corpus_of_another_vocabulary_is_refused(corpus_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus_folder, tmp_path / "old")
    index = tmp_path / "old" / "pieces.json"
    index.write_text(index.read_text().replace(vocabulary.fingerprint(), "0" * 16))
    with pytest.raises(TrainingError, match="another vocabulary"):
        open_corpus(tmp_path / "old")
    with pytest.raises(TrainingError, match="no prepared corpus"):
        open_corpus(tmp_path / "nowhere")


def plain(midi_folder: Path, folder: Path, *names: str) -> Path:
    """A folder of some of the files, without a metadata.csv."""
    folder.mkdir()
    for name in names:
        shutil.copyfile(midi_folder / name, folder / Path(name).name)
    return folder


def test_a_table_as_excel_saves_it(midi_folder: Path, tmp_path: Path) -> None:
    source = plain(midi_folder, tmp_path / "excel", "a/0.mid", "b/11.mid")
    (source / "metadata.csv").write_bytes(b"\xef\xbb\xbffile,split\r\n0.mid,validation\r\n11.mid,train\r\n")
    prepare(source, tmp_path / "out", workers=1)
    assert {piece.file: piece.split for piece in open_corpus(tmp_path / "out").pieces} == {
        "0.mid": "validation",
        "11.mid": "train",
    }


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (b"midi_filename,set\r\n0.mid,train\r\n", "needs the columns file and split. It has: midi_filename, set"),
        (b"", "It has: none"),
        (b"file,split\r\n0.mid,held out\r\n", "line 2: split is train or validation"),
        (b"file,split\r\n\xff\xfe\r\n", "no text in UTF-8"),
        (b"file,split\r\n" + b"a" * 200_000 + b",train\r\n", "is no table"),
    ],
)
def test_a_table_that_cannot_be_used(midi_folder: Path, tmp_path: Path, table: bytes, sentence: str) -> None:
    source = plain(midi_folder, tmp_path / "music", "a/0.mid")
    (source / "metadata.csv").write_bytes(table)
    with pytest.raises(TrainingError, match=sentence):
        prepare(source, tmp_path / "out", workers=1)


def test_folders_named_like_files_and_other_files_are_passed_over_and_counted(
    midi_folder: Path, tmp_path: Path
) -> None:
    source = plain(midi_folder, tmp_path / "music", "a/0.mid", "b/11.mid")
    (source / "album.mid").mkdir()
    (source / "0.mid").rename(source / "sung.KAR")
    for name in ("cover.jpg", "notes.txt", "README", "more.txt"):
        (source / name).write_text("no music")
    result = prepare(source, tmp_path / "out", workers=1)
    assert result.pieces == 2
    assert result.others == {".jpg": 1, ".txt": 2, "": 1}


def test_a_damaged_member_is_left_out(midi_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.write(midi_folder / "a/0.mid", "good.mid")
        archive.write(midi_folder / "b/11.mid", "bad.mid")
        at = archive.getinfo("bad.mid").header_offset + 60
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[at] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(bytes(content))
    result = prepare(tmp_path / "a.zip", tmp_path / "out", workers=1)
    assert result.pieces == 1
    assert [name for name, _ in result.left_out] == ["bad.mid"]


def test_the_pieces_for_training_are_counted(midi_folder: Path, tmp_path: Path) -> None:
    result = prepare(midi_folder, tmp_path / "out", workers=1)
    assert (result.pieces, result.training_pieces) == (12, 10)
