"""What happens between a dataset and Start: settings, their file, the estimate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError, SettingsError
from musictx.ui.access.identity import owner_in
from musictx.ui.problems import sentence_of
from musictx.ui.train.background import Background
from musictx.ui.train.choices import Choices
from musictx.ui.train.form import FIELDS, SCRATCH, read_run, shown_for, write_run
from musictx.ui.train.offer_view import estimate_value, offer_problem, offer_value
from musictx.ui.train.tab import base_choices
from musictx.workshop.runs.settings import RunSettings

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

MEASURING = "Measuring a few steps on this machine, about half a minute…"
WAIT_S = 0.5
SETTINGS_BYTES = 100_000  # a settings file has one or two thousand


class FormHandlers:
    """Handlers of the Run step; nothing is remembered here."""

    def __init__(self, workshop: Workshop, choices: Choices | None = None) -> None:
        self.workshop, self.choices = workshop, choices or Choices()

    def bases(self, kept: Any, request: gr.Request) -> Any:
        """What this visitor can start from: base picker."""
        try:
            own = self.workshop.checkpoints(owner_in(kept, request))
        except MusictxError:
            own = ()
        return gr.update(choices=base_choices(self.workshop.studio, own))

    def fit(self, base: str | None, method: str | None, architecture: str | None) -> tuple[Any, ...]:
        """Shows the controls that mean something: (method, architecture, width, blocks, rank, layers)."""
        can_choose, scratch, custom, lora = shown_for(base, method, architecture)
        picker = gr.update(interactive=can_choose, **({} if can_choose else {"value": "full"}))
        shown = (scratch, custom, custom, lora, lora)
        return picker, *(gr.update(visible=each) for each in shown)

    def estimate(self, kept: Any, request: gr.Request, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Times a few steps: (offer, estimate, start)."""
        idle, busy = gr.update(interactive=True), gr.update(interactive=False)
        try:
            settings, owner = read_run(*values), owner_in(kept, request)
            work = Background(lambda _: self.workshop.estimate(owner, str(kept.get("dataset") or ""), settings))
            yield offer_value("measuring", MEASURING), busy, busy
            while not work.done_within(WAIT_S):
                pass
            # Of a dataset that is not the chosen one any more nobody wants to know.
            late = self.choices.is_late("dataset", kept, request)
            yield gr.skip() if late else estimate_value(work.result()), idle, idle
        except Exception as error:
            yield offer_problem(sentence_of(error, "a run could not be estimated")), idle, idle

    def start(self, kept: Any, request: gr.Request, *values: Any) -> tuple[Any, ...]:
        """Starts a run: (kept, offer); the new run is the chosen one."""
        try:
            dataset_id = str(kept.get("dataset") or "")
            run_id = self.workshop.start(owner_in(kept, request), dataset_id, read_run(*values))
        except Exception as error:
            return gr.skip(), offer_problem(sentence_of(error, "a run could not be started"))
        self.choices.choose(request, run=run_id)
        return self.choices.present(kept, request), offer_value("hint", "Started. It goes on when you close this page.")

    def save(self, *values: Any) -> dict[str, Any]:
        """The settings as a file: offer."""
        try:
            settings = read_run(*values)
        except MusictxError as error:
            return offer_problem(str(error))
        return offer_value("hint", "Your settings were saved as a file.", save=settings)

    def load(self, path: str, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Settings from such a file: (*form, offer)."""
        skips = tuple(gr.skip() for _ in FIELDS)
        try:
            settings = read_settings_file(Path(path))
            self._check_base(settings, kept, request)
        except MusictxError as error:
            return *skips, offer_problem(str(error))
        return *write_run(settings), offer_value("hint", f"Loaded the settings of “{settings.name}”.")

    def _check_base(self, settings: RunSettings, kept: Any, request: gr.Request) -> None:
        own = self.workshop.checkpoints(owner_in(kept, request))
        known = [name for _, name in base_choices(self.workshop.studio, own)]
        if (settings.base or SCRATCH) not in known:
            raise SettingsError(
                f"These settings start from {settings.base!r}, which is not here. Upload that checkpoint first, or "
                "choose another one in the file."
            )


def read_settings_file(path: Path) -> RunSettings:
    """An uploaded settings file; SettingsError if it is none."""
    try:
        if path.stat().st_size > SETTINGS_BYTES:
            raise SettingsError(f"{path.name} is too large for a settings file. Choose one saved from the Train tab.")
        return RunSettings.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is no settings file. Choose one saved from the Train tab.") from error
