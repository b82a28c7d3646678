"""A person's datasets: folders that are prepared corpora, with their report beside the tokens.

dataset.json    owner, name and the rows of the report
tokens.npy, pieces.json    as `prepare` writes them, so that a run can read them at once
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from musictx.errors import TrainingError
from musictx.files import read_json, replace_file
from musictx.midi.codec import decode
from musictx.midi.files import Recording, read_midi
from musictx.midi.notes import NoteSequence
from musictx.training.corpus_writer import CorpusWriter, write_index
from musictx.training.dataset import open_corpus
from musictx.workshop.datasets.advice import dataset_warnings, expectation
from musictx.workshop.datasets.archive import midi_files, read_all
from musictx.workshop.datasets.intake import ReadFile, judged, read_file
from musictx.workshop.datasets.report import SPLITS, DatasetReport, DatasetRow
from musictx.workshop.leftovers import remove_unfinished
from musictx.workshop.owned import OwnedFolders, new_id
from musictx.workshop.policy import WorkshopLimits


@dataclass(frozen=True)
class Datasets:
    """All datasets in `folder`; `owner` "" sees those of everybody. read: what reads an uploaded file."""

    folder: Path
    limits: WorkshopLimits
    read: Callable[[bytes], Recording] = read_midi

    @property
    def _owned(self) -> OwnedFolders:
        return OwnedFolders(self.folder, "dataset.json")

    def take_in(
        self,
        owner: str,
        paths: Sequence[Path],
        name: str,
        folders: bool,
        report: Callable[[int, int], None] | None = None,
    ) -> DatasetReport:
        """Reads uploads into a new dataset; see `Workshop.take_in`."""
        mine = self._owned.count(owner)
        if owner and mine >= self.limits.datasets:
            raise TrainingError(f"You have {mine} datasets, as many as are kept. Delete one first.")
        if not paths:
            raise TrainingError("No files were given. Choose .mid files, or a zip of them.")
        remove_unfinished(self.folder, "dataset.json")
        found, said = midi_files(paths, self.limits, folders)
        read: dict[int, ReadFile] = {}
        for place, content in read_all(found):
            read[place] = read_file(found[place][0], content, self.read)
            if report:
                report(len(read), len(found))
        files = [read[place] for place in range(len(found))]
        rows = judged(files)
        if not any(row.used for row in rows):
            raise TrainingError(f"None of the {len(rows)} files can be used; {rows[0].file}: {rows[0].reason}")
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        return self._write(owner, name or f"{paths[0].stem}{more}", files, rows, said)

    def _write(
        self, owner: str, name: str, files: Sequence[ReadFile], rows: Sequence[DatasetRow], said: list[str]
    ) -> DatasetReport:
        dataset_id = new_id(name)
        folder = self.folder / dataset_id
        with CorpusWriter(folder, "") as writer:
            for file, row in zip(files, rows, strict=True):
                if row.used:
                    writer.add(row.file, row.split, file.ids, row.notes, 60 * row.minutes)
            writer.finish(name)
        about = {"owner": owner, "name": name, "said": said, "created_s": time.time(), "rows": _plain(rows)}
        replace_file(folder / "dataset.json", json.dumps(about).encode())  # last: now it is a dataset
        return self.report(owner, dataset_id)

    def list(self, owner: str) -> tuple[DatasetReport, ...]:
        """The owner's datasets, newest first."""
        reports = [_report(folder, about) for folder, about in self._owned.known(owner)]
        return tuple(sorted(reports, key=lambda report: -report.created_s))

    def report(self, owner: str, dataset_id: str) -> DatasetReport:
        """One of them; TrainingError if there is none of that name."""
        folder = self.find(owner, dataset_id)
        return _report(folder, read_json(folder / "dataset.json"))

    def move(self, owner: str, dataset_id: str, file: str, split: str) -> DatasetReport:
        """Puts a file and the other versions of its piece into `split`."""
        folder = self.find(owner, dataset_id)
        about = read_json(folder / "dataset.json")
        rows = _rows(about)
        row = _row(rows, file)
        if split not in SPLITS:
            raise TrainingError(f"A file is in {' or '.join(SPLITS)}. Received: {split!r}")
        if not row.used:
            raise TrainingError(f"{file} is not used: {row.reason}")
        rows = tuple(replace(each, split=split) if each.used and each.group == row.group else each for each in rows)
        if not any(each.split == "train" for each in rows):
            raise TrainingError(f"With {file} held out nothing would be left to train on. Move another one first.")
        corpus = open_corpus(folder)
        splits = {each.file: each.split for each in rows}
        write_index(folder, corpus.name, [replace(piece, split=splits[piece.file]) for piece in corpus.pieces])
        replace_file(folder / "dataset.json", json.dumps({**about, "rows": _plain(rows)}).encode())
        return self.report(owner, dataset_id)

    def notes(self, owner: str, dataset_id: str, file: str) -> NoteSequence:
        """What a file plays, as the model reads it."""
        folder = self.find(owner, dataset_id)
        rows = _rows(read_json(folder / "dataset.json"))
        row = _row(rows, file)
        if row.verdict == "unusable":
            raise TrainingError(f"{file} cannot be played: {row.reason}")
        stored = row.file if row.used else rows[row.group].file  # a duplicate plays what its original plays
        corpus = open_corpus(folder)
        return decode(corpus.ids(next(piece for piece in corpus.pieces if piece.file == stored)))

    def delete(self, owner: str, dataset_id: str) -> None:
        """Removes a dataset; runs have their own copy."""
        shutil.rmtree(self.find(owner, dataset_id))

    def find(self, owner: str, dataset_id: str) -> Path:
        """The folder of a dataset; TrainingError if the owner has none of that name."""
        folder = self._owned.find(owner, dataset_id)
        if folder is None:
            raise TrainingError(f"There is no dataset {dataset_id!r} of yours. It may have been deleted.")
        return folder


def _report(folder: Path, about: dict[str, Any]) -> DatasetReport:
    rows = _rows(about)
    sides = {split: [row for row in rows if row.split == split] for split in SPLITS}
    minutes = {split: sum(row.minutes for row in side) for split, side in sides.items()}
    tokens = {split: sum(row.tokens for row in side) for split, side in sides.items()}
    pieces = {split: len({row.group for row in side}) for split, side in sides.items()}
    return DatasetReport(
        dataset_id=folder.name,
        name=about["name"],
        rows=rows,
        training_minutes=minutes["train"],
        validation_minutes=minutes["validation"],
        training_tokens=tokens["train"],
        validation_tokens=tokens["validation"],
        training_pieces=pieces["train"],
        validation_pieces=pieces["validation"],
        expectation=expectation(minutes["train"]),
        warnings=(*about["said"], *dataset_warnings(sum(pieces.values()), pieces["validation"], tokens["train"])),
        created_s=about["created_s"],
    )


def _plain(rows: Sequence[DatasetRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _rows(about: dict[str, Any]) -> tuple[DatasetRow, ...]:
    return tuple(DatasetRow(**row) for row in about["rows"])


def _row(rows: Sequence[DatasetRow], file: str) -> DatasetRow:
    for row in rows:
        if row.file == file:
            return row
    raise TrainingError(f"There is no file {file!r} in this dataset.")
