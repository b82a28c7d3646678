"""Which control of the Train tab calls which handler."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import gradio as gr

from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compose.tab import ComposeTab
from musictx.ui.events import GENERATION, INNER, QUICK
from musictx.ui.events import READING as SEEDS
from musictx.ui.train.access import TrainAccess
from musictx.ui.train.asked_first import AskedFirst
from musictx.ui.train.choices import Choices
from musictx.ui.train.dataset_handlers import DatasetHandlers
from musictx.ui.train.form_handlers import FormHandlers
from musictx.ui.train.listen_handlers import ListenHandlers
from musictx.ui.train.run_handlers import RunHandlers
from musictx.ui.train.tab import TrainTab
from musictx.ui.train.upload_handlers import ASK, UploadHandlers

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

# Apart from seeds, which are small: they do not wait behind somebody's dataset.
READING: dict[str, Any] = {"concurrency_id": "reading", "concurrency_limit": 2, **INNER}
SOUND: dict[str, Any] = {"concurrency_id": "sound", "concurrency_limit": 2, **INNER}
# Two at a time would measure each other.
MEASURING: dict[str, Any] = {"concurrency_id": "measuring", "concurrency_limit": 1, **INNER}


@dataclass(frozen=True)
class TrainHandlers:
    """All handlers of the tab, over one workshop."""

    access: TrainAccess
    datasets: DatasetHandlers
    forms: FormHandlers
    runs: RunHandlers
    listening: ListenHandlers
    uploads: UploadHandlers
    own: OwnCheckpoints

    @classmethod
    def over(cls, workshop: Workshop, at_once: int) -> TrainHandlers:
        """Builds them; `at_once` as for `Visitors`."""
        choices = Choices()
        return cls(
            TrainAccess(workshop),
            DatasetHandlers(workshop, choices),
            FormHandlers(workshop, choices),
            RunHandlers(workshop, choices),
            ListenHandlers(workshop, StopFlags(at_once)),
            UploadHandlers(workshop),
            OwnCheckpoints(workshop),
        )

    def asked_first(self) -> TrainHandlers:
        """The same, for those alone who may train."""
        workshop = self.access.workshop
        parts = {each.name: AskedFirst(workshop, getattr(self, each.name)) for each in dataclasses.fields(self)}
        return TrainHandlers(**cast(dict[str, Any], parts))


def wire_train(page: gr.Blocks, tab: TrainTab, compose: ComposeTab, tabs: gr.Tabs, on: TrainHandlers) -> None:
    """Connects the tab, and its results with the Compose tab's checkpoint picker."""
    panel = [tab.kept, tab.run, tab.outcome, tab.timer]
    step = [tab.kept, tab.dataset, *tab.settings, tab.offer, tab.start, tab.estimate]
    entered = page.load(on.access.enter, [tab.kept], [tab.kept, tab.notice, tab.steps], **QUICK)
    shown = entered.then(on.datasets.show, [tab.kept], step, **QUICK)
    shown.then(on.runs.show, [tab.kept], panel, **QUICK)
    entered.then(on.own.offer, [tab.kept], [compose.controls["checkpoint"]], **QUICK)
    entered.then(on.uploads.show, [tab.kept], [tab.brought, tab.brought_row], **QUICK)
    shown.then(on.forms.bases, [tab.kept], [tab.form["base"]], **QUICK)
    # Those above come with every visit and say a refusal where it belongs; all others are asked for by a press.
    asked = on.asked_first()
    _wire_dataset(tab, step, asked.datasets)
    _wire_form(tab, panel, asked.forms, asked.runs)
    _wire_run(tab, panel, asked)
    _wire_listening(page, tab, asked.listening)
    _wire_use(tab, compose, tabs, asked)


def _wire_dataset(tab: TrainTab, step: list[Any], datasets: DatasetHandlers) -> None:
    tab.add.upload(datasets.take_in, [tab.add, tab.kept], step, **READING)
    for asked in (tab.read_folder.click, tab.folder.submit):
        asked(datasets.take_folder, [tab.folder, tab.kept], step, **READING)
    tab.dataset.choose(datasets.choose, [tab.kept], step, **QUICK)
    tab.dataset.remove(datasets.remove, [tab.kept], step, **QUICK)
    tab.dataset.move(datasets.move, [tab.kept], [tab.dataset], **QUICK)
    tab.dataset.refuse(datasets.refuse, [tab.kept], [tab.dataset], **QUICK)


def _wire_form(tab: TrainTab, panel: list[Any], forms: FormHandlers, runs: RunHandlers) -> None:
    form = tab.form
    deciding = [form["base"], form["method"], form["architecture"]]
    fitted = [form[name] for name in ("method", "architecture", "width", "blocks", "lora_rank", "lora_layers")]
    for control in deciding:
        control.change(forms.fit, deciding, fitted, **QUICK)
    tab.save.click(forms.save, tab.settings, [tab.offer], **QUICK)
    tab.load.upload(forms.load, [tab.load, tab.kept], [*tab.settings, tab.offer], **SEEDS)
    tab.estimate.click(forms.estimate, [tab.kept, *tab.settings], [tab.offer, tab.estimate, tab.start], **MEASURING)
    started = tab.start.click(forms.start, [tab.kept, *tab.settings], [tab.kept, tab.offer], **QUICK)
    started.then(runs.show, [tab.kept], panel, **QUICK)


def _wire_run(tab: TrainTab, panel: list[Any], on: TrainHandlers) -> None:
    tab.timer.tick(on.runs.poll, [tab.kept], [tab.run, tab.outcome, tab.timer], trigger_mode="once", **QUICK)
    tab.run.choose(on.runs.choose, [tab.kept], panel, **QUICK)
    tab.run.stop(on.runs.stop, [tab.kept], panel, **QUICK)
    tab.run.resume(on.runs.resume, [tab.kept], panel, **QUICK)
    tab.run.remove(on.runs.remove, [tab.kept], panel, **QUICK)
    tab.outcome.log(on.runs.log, [tab.kept], [tab.outcome], **QUICK)
    tab.outcome.pack(on.runs.pack, [tab.kept], [tab.outcome], **INNER)


def _wire_listening(page: gr.Blocks, tab: TrainTab, listening: ListenHandlers) -> None:
    tab.dataset.listen(listening.row, [tab.kept], [tab.listen], trigger_mode="always_last", **SOUND)
    tab.run.sample(listening.sample, [tab.kept], [tab.listen], trigger_mode="always_last", **SOUND)
    # In one queue with everything that is composed; the lowest limit that any event names holds for all of them.
    limit = listening.stop_flags.at_once
    blind_test: dict[str, Any] = {"concurrency_id": GENERATION, "concurrency_limit": limit, **INNER}
    tab.outcome.duel(listening.blind_test, [tab.kept], [tab.listen], trigger_mode="once", **blind_test)
    tab.listen.cancel(listening.cancel, None, None, **QUICK)
    tab.listen.guess(listening.reveal, [tab.kept], [tab.listen], **QUICK)
    page.unload(listening.leave)


def _wire_use(tab: TrainTab, compose: ComposeTab, tabs: gr.Tabs, on: TrainHandlers) -> None:
    taken = [compose.controls["checkpoint"], tabs]
    tab.outcome.use(on.own.use, [tab.kept], taken, **QUICK)
    brought = gr.State("")
    row = [tab.brought, tab.brought_row]
    added = tab.bring.upload(on.uploads.take, [tab.bring, tab.kept], [tab.brought_problem, brought, *row], **READING)
    dropped = tab.drop.click(
        on.uploads.remove, [tab.brought, tab.kept], [tab.brought_problem, *row], js=ASK, trigger_mode="once", **QUICK
    )
    used = added.then(on.own.use_reference, [brought, tab.kept], taken, **QUICK)
    dropped.then(on.own.offer, [tab.kept], [compose.controls["checkpoint"]], **QUICK)
    for changed in (used, dropped):
        changed.then(on.forms.bases, [tab.kept], [tab.form["base"]], **QUICK)
