"""What happens around a dataset: files come in, one is chosen, split, removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError, TrainingError
from musictx.ui.access.identity import owner_in
from musictx.ui.problems import sentence_of
from musictx.ui.train.background import Background
from musictx.ui.train.choices import Choices
from musictx.ui.train.dataset_view import dataset_value
from musictx.ui.train.form import FIELDS, write_run
from musictx.ui.train.offer_view import HINT_EMPTY, HINT_READY, offer_value
from musictx.workshop.datasets.report import DatasetReport

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

LOOK_EVERY_S = 0.3


class DatasetHandlers:
    """Handlers of the Dataset step; which dataset is chosen travels with what the browser keeps, see `Choices`."""

    def __init__(self, workshop: Workshop, choices: Choices | None = None) -> None:
        self.workshop, self.choices = workshop, choices or Choices()

    def show(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """The datasets as they stand: (kept, dataset, *form, offer, start, estimate)."""
        try:
            owner = owner_in(kept, request)
            self.workshop.policy.check(owner)
            return self._chosen(owner, kept, str(kept.get("dataset") or ""), request)
        except MusictxError as error:
            return self._problem(kept, request, str(error))

    def take_in(self, files: Sequence[str] | None, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Uploaded files become a dataset, with the reading shown as it goes: as `show`."""
        yield from self._read([Path(file) for file in files or ()], "", kept, request)

    def take_folder(self, folder: str, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """The same for a folder of the server, where the policy allows it."""
        try:
            self.workshop.policy.check(owner_in(kept, request))
            self.workshop.policy.check_folders()
        except MusictxError as error:
            yield self._problem(kept, request, str(error))
            return
        if not folder.strip():
            yield self._problem(kept, request, "Name a folder of the server, for example /home/me/midi.")
            return
        yield from self._read([Path(folder.strip()).expanduser()], Path(folder.strip()).name, kept, request)

    def choose(self, kept: Any, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        """Another dataset was picked: as `show`."""
        chosen = str(getattr(event, "dataset", ""))
        self.choices.choose(request, dataset=chosen)
        return self.show({**kept, "dataset": chosen}, request)

    def remove(self, kept: Any, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        """A dataset was deleted, after the browser had asked back: as `show`."""
        try:
            self.workshop.delete_dataset(owner_in(kept, request), str(getattr(event, "dataset", "")))
        except MusictxError as error:
            return self._problem(kept, request, str(error))
        self.choices.choose(request, dataset="")
        return self.show({**kept, "dataset": ""}, request)

    def move(self, kept: Any, request: gr.Request, event: gr.EventData) -> dict[str, Any]:
        """A piece goes to training or is held out: dataset."""
        file, split = str(getattr(event, "file", "")), str(getattr(event, "split", ""))
        try:
            owner = owner_in(kept, request)
            report = self.workshop.move(owner, str(kept.get("dataset") or ""), file, split)
            return self._value(owner, report)
        except MusictxError as error:
            return self._problem(kept, request, str(error))[1]

    def refuse(self, kept: Any, request: gr.Request, event: gr.EventData) -> dict[str, Any]:
        """Files too large or of another kind were held back in the browser: dataset."""
        name, size = str(getattr(event, "name", "The file"))[:80], float(getattr(event, "bytes", 0) or 0)
        most = self.workshop.limits.upload_bytes
        if size > most:
            sentence = (
                f"{name} has {size / 2**20:.0f} MB; a dataset may have {most / 2**20:.0f} MB. Split it into parts."
            )
        else:
            sentence = f"{name} is neither a .mid file nor a zip. Export your pieces as MIDI files and add those."
        return self._problem(kept, request, sentence)[1]

    def _read(self, paths: list[Path], name: str, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        try:
            owner = owner_in(kept, request)
            work = Background(lambda report: self.workshop.take_in(owner, paths, name, report))
            yield self._reading(owner, kept, "Unpacking…")
            while not work.done_within(LOOK_EVERY_S):
                if work.latest:
                    done, of_all = work.latest
                    yield self._reading(owner, kept, f"Reading file {done:,} of {of_all:,}")
            made = work.result().dataset_id
            if self.choices.is_late("dataset", kept, request):  # another one was chosen while this was read
                present = self.choices.present(kept, request)
                _, shown, *_ = self._chosen(owner, present, str(present["dataset"]), request)
                yield (gr.skip(), shown, *_skips(len(FIELDS) + 1), gr.skip(), gr.skip())
                return
            self.choices.choose(request, dataset=made)
            yield self._chosen(owner, kept, made, request)
        except Exception as error:
            yield self._problem(kept, request, sentence_of(error, "a dataset could not be read"))

    def _reading(self, owner: str, kept: Any, words: str) -> tuple[Any, ...]:
        shown = dataset_value(self.workshop.datasets(owner), None, self.workshop.limits, reading=words)
        return gr.skip(), shown, *_skips(len(FIELDS) + 1), gr.update(interactive=False), gr.update(interactive=False)

    def _chosen(self, owner: str, kept: Any, dataset_id: str, request: gr.Request) -> tuple[Any, ...]:
        """That dataset, or the newest if there is none of that name, with settings that fit it."""
        datasets = self.workshop.datasets(owner)
        report = next((each for each in datasets if each.dataset_id == dataset_id), datasets[0] if datasets else None)
        ready = gr.update(interactive=bool(report and report.trainable))
        self.choices.settle(request, "dataset", dataset_id, report.dataset_id if report else "")
        kept = self.choices.present(kept, request)
        shown = dataset_value(datasets, report, self.workshop.limits)
        if report is None:
            return kept, shown, *_skips(len(FIELDS)), offer_value("hint", HINT_EMPTY), ready, ready
        form = write_run(self.workshop.defaults(owner, report.dataset_id))
        return kept, shown, *form, offer_value("hint", HINT_READY), ready, ready

    def _value(self, owner: str, report: DatasetReport | None, problem: str = "") -> dict[str, Any]:
        return dataset_value(self.workshop.datasets(owner), report, self.workshop.limits, problem=problem)

    def _problem(self, kept: Any, request: gr.Request, sentence: str) -> tuple[Any, ...]:
        """The sentence above what was there before, which stays: as `show`."""
        try:
            owner = owner_in(kept, request)
            datasets = self.workshop.datasets(owner)
        except TrainingError as error:
            owner, datasets, sentence = "", (), str(error)
        report = next((each for each in datasets if each.dataset_id == kept.get("dataset")), None)
        ready = gr.update(interactive=bool(report and report.trainable))
        shown = dataset_value(datasets, report, self.workshop.limits, problem=sentence)
        return gr.skip(), shown, *_skips(len(FIELDS) + 1), ready, ready


def _skips(number: int) -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(number))
