"""What happens to a run once it is started: watched, stopped, resumed, deleted, taken along."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError, TrainingError
from musictx.ui.access.identity import owner_in
from musictx.ui.player.files import safe_name
from musictx.ui.problems import sentence_of
from musictx.ui.train.choices import Choices
from musictx.ui.train.run_view import MOST_STEPS_MORE, outcome_value, run_value
from musictx.workshop.runs.view import RunView

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

EMPTY_LOG = "The log is empty."


class RunHandlers:
    """Handlers of the run panel; every answer is read anew from the run's folder."""

    def __init__(self, workshop: Workshop, choices: Choices | None = None) -> None:
        self.workshop, self.choices = workshop, choices or Choices()

    def show(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """The chosen run, or the newest, as it stands: (kept, run, outcome, timer), which ticks while one is live."""
        return self._after(kept, request, lambda owner, run_id: None)

    def poll(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """The same at each tick: (run, outcome, timer). A moment's trouble leaves what is on show."""
        if self.choices.is_late("run", kept, request):  # asked before the visitor chose another one
            return gr.skip(), gr.skip(), gr.skip()
        try:
            return self.show(kept, request)[1:]
        except Exception:
            logging.getLogger(__name__).exception("a run could not be read")
            return gr.skip(), gr.skip(), gr.skip()

    def choose(self, kept: Any, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        """Another run was picked: as `show`."""
        chosen = str(getattr(event, "run", ""))
        self.choices.choose(request, run=chosen)
        return self.show({**kept, "run": chosen}, request)

    def stop(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """As `show`."""
        return self._after(kept, request, self.workshop.stop)

    def resume(self, kept: Any, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        """With `more` steps if the event gives them: as `show`."""
        more = _whole(getattr(event, "more", 0))
        return self._after(kept, request, lambda owner, run_id: self.workshop.resume(owner, run_id, more))

    def remove(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """Deleted, after the browser had asked back: as `show`."""
        return self._after(kept, request, self.workshop.delete)

    def log(self, kept: Any, request: gr.Request) -> dict[str, Any]:
        """The end of the log beside what is on show: outcome."""
        try:
            owner = owner_in(kept, request)
            run = self._chosen(owner, str(kept.get("run") or ""))[1]
            return outcome_value(run, log=(self.workshop.log_tail(owner, run.run_id) if run else "") or EMPTY_LOG)
        except MusictxError as error:
            return outcome_value(None, problem=str(error))

    def pack(self, kept: Any, request: gr.Request) -> Iterator[dict[str, Any]]:
        """The best checkpoint as a zip for the browser to save: outcome."""
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            run = None
            try:
                owner = owner_in(kept, request)
                run = self._chosen(owner, str(kept.get("run") or ""))[1]
                if run is None:
                    raise TrainingError("There is no run to download. Start one first.")
                path = Path(folder) / f"{safe_name(run.settings.name)}.zip"  # what the visitor's download is called
                yield outcome_value(run, package=self.workshop.pack(owner, run.run_id, path))
            except MusictxError as error:
                yield outcome_value(run, problem=str(error))

    def _after(self, kept: Any, request: gr.Request, act: Callable[[str, str], None]) -> tuple[Any, ...]:
        """What is on show after `act` was tried on the chosen run."""
        run_id, problem = str(kept.get("run") or ""), ""
        try:
            owner = owner_in(kept, request)
            self.workshop.policy.check(owner)
        except MusictxError as error:
            return gr.skip(), run_value((), None, str(error)), outcome_value(None), gr.Timer(active=False)
        try:
            act(owner, run_id)
        except Exception as error:
            problem = sentence_of(error, "a run did not obey")
        runs, run = self._chosen(owner, run_id)
        alive = gr.Timer(active=any(each.live for each in runs))
        self.choices.settle(request, "run", run_id, run.run_id if run else "")
        kept = self.choices.present(kept, request)
        return kept, run_value(runs, run, problem), outcome_value(run), alive

    def _chosen(self, owner: str, run_id: str) -> tuple[tuple[RunView, ...], RunView | None]:
        """All runs, and that one; else the newest live one, else the newest."""
        runs = self.workshop.runs(owner)
        live = next((each for each in runs if each.live), runs[0] if runs else None)
        return runs, next((each for each in runs if each.run_id == run_id), live)


def _whole(value: Any) -> int:
    """Steps from the browser, 0 for nonsense."""
    try:
        return min(MOST_STEPS_MORE, max(0, int(value)))
    except (TypeError, ValueError, OverflowError):
        return 0
