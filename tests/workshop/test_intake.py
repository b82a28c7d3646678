"""Duplicates and versions are found, whatever their key and tempo, and stay on one side of the split."""

from pathlib import Path

import numpy as np
import pytest

from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.workshop.datasets.intake import judged, read_file
from musictx.workshop.datasets.near_duplicates import fingerprint, groups


def piece(seed: int, notes: int = 200) -> NoteSequence:
    """A seeded row of notes over slower bass notes."""
    random = np.random.default_rng(seed)
    melody = random.integers(66, 82, notes)
    upper = [(int(pitch), 80, 0.25 * n, 0.25 * n + 0.2) for n, pitch in enumerate(melody)]
    lower = [(int(random.integers(36, 50)), 60, 0.5 * n, 0.5 * n + 0.4) for n in range(notes // 2)]
    return NoteSequence.from_tuples([*upper, *lower])


def varied(notes: NoteSequence, semitones: int = 0, factor: float = 1.0, jitter_s: float = 0.0) -> NoteSequence:
    """Another performance: transposed, in another tempo, by a human hand."""
    shake = np.random.default_rng(1).uniform(0, jitter_s, len(notes)) if jitter_s else 0.0
    start = notes.start_s * factor + shake
    return NoteSequence(notes.pitch + semitones, notes.velocity, start, start + 0.1)


def test_a_version_in_another_key_and_tempo_is_found() -> None:
    original = piece(1)
    versions = [original, varied(original, 5, 1.4), varied(original, -3, 0.7, jitter_s=0.02), piece(2), piece(3)]
    assert groups([fingerprint(notes) for notes in versions]) == [0, 0, 0, 3, 4]


def test_an_excerpt_is_found_in_its_piece() -> None:
    original = piece(4, notes=600)
    excerpt = original.between(60, 90).shifted(-60)
    assert groups([fingerprint(excerpt), fingerprint(piece(5)), fingerprint(original)]) == [0, 1, 0]


def test_versions_are_joined_through_a_third() -> None:
    first, second = piece(6), piece(7)
    both = first.followed_by(second.shifted(first.duration_s + 1))
    assert groups([fingerprint(notes) for notes in (first, second, both)]) == [0, 0, 0]


def test_what_many_share_proves_nothing() -> None:
    scale = NoteSequence.from_tuples((48 + n, 80, 0.2 * n, 0.2 * n + 0.1) for n in range(60))
    repeated = NoteSequence.from_tuples((60, 80, 0.2 * n, 0.2 * n + 0.1) for n in range(60))
    assert fingerprint(scale).size == 0 and fingerprint(repeated).size == 0
    assert groups([fingerprint(scale)] * 3 + [fingerprint(NoteSequence.empty())]) == [0, 1, 2, 3]


def content(notes: NoteSequence, folder: Path, **marks: float) -> bytes:
    return write_midi(notes, folder / "x.mid", **marks).read_bytes()  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    files = {f"{n}.mid": content(piece(n), tmp_path) for n in range(10)}
    files["copy of 3.mid"] = content(piece(3), tmp_path, tempo_bpm=60.0)  # other bytes, the same notes
    files["live 4.mid"] = content(varied(piece(4), 2, 1.2), tmp_path)
    files["jingle.mid"] = content(piece(20, notes=8), tmp_path)
    files["notes.mid"] = b"not music"
    return files


def test_every_file_gets_its_verdict(files: dict[str, bytes]) -> None:
    rows = {row.file: row for row in judged([read_file(name, files[name]) for name in sorted(files)])}
    assert {name: row.verdict for name, row in rows.items() if row.verdict != "usable"} == {
        "copy of 3.mid": "duplicate",  # of the two, the one that comes later
        "live 4.mid": "near-duplicate",
        "jingle.mid": "short",
        "notes.mid": "unusable",
    }
    assert "what 3.mid plays" in rows["copy of 3.mid"].reason and not rows["copy of 3.mid"].used
    assert "version of 4.mid" in rows["live 4.mid"].reason and rows["live 4.mid"].used
    assert "MIDI" in rows["notes.mid"].reason and rows["jingle.mid"].used


def test_versions_share_their_side_and_the_split_is_by_content(files: dict[str, bytes]) -> None:
    rows = judged([read_file(name, files[name]) for name in sorted(files)])
    by_group: dict[int, set[str]] = {}
    for row in rows:
        if row.used:
            by_group.setdefault(row.group, set()).add(row.split)
    assert all(len(splits) == 1 for splits in by_group.values())
    validation = {row.tokens for row in rows if row.split == "validation"}
    assert 0 < len(validation) <= 2
    renamed = judged([read_file(f"other {name}", files[name]) for name in sorted(files)])
    assert {row.tokens for row in renamed if row.split == "validation"} == validation


def test_of_one_piece_nothing_is_validation(tmp_path: Path) -> None:
    rows = judged([read_file("a.mid", content(piece(1), tmp_path))])
    assert [row.split for row in rows] == ["train"]
    rows = judged([read_file(name, content(piece(n), tmp_path)) for n, name in enumerate("ab")])
    assert sorted(row.split for row in rows) == ["train", "validation"]


def test_a_row_says_what_is_in_the_file(tmp_path: Path) -> None:
    file = read_file("a.mid", content(piece(1), tmp_path))
    row = file.row
    assert (row.notes, row.tokens, row.tracks) == (300, file.ids.size, 1)
    assert row.minutes == pytest.approx(piece(1).duration_s / 60, abs=0.001)
    notes = piece(1)
    assert (row.lowest, row.highest) == (notes.pitch.min(), notes.pitch.max())
    assert row.range.startswith("C#2 to ") or row.range.startswith("C2 to ")
