"""Checkpoints that a visitor brings along: taken in, listed, deleted."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import CheckpointError, MusictxError
from musictx.ui.access.identity import owner_in
from musictx.ui.access.own_checkpoints import RUN

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop


ASK = "(chosen, kept) => [window.confirm('Delete this uploaded checkpoint for good?') ? chosen : '', kept]"


def problem_html(sentence: str) -> str:
    """What went wrong, for the line under the uploads."""
    return f'<p class="brought-problem" role="alert">{escape(sentence)}</p>'


class UploadHandlers:
    """Handlers of the uploaded checkpoints; their line is on show only where there are some."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def take(self, path: str, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """A zip joins the visitor's checkpoints: (problem, its reference or "", picker, row)."""
        try:
            made = self.workshop.unpack(owner_in(kept, request), Path(path))
        except MusictxError as error:
            return problem_html(str(error)), "", *self.show(kept, request)
        return "", made.reference, *self.show(kept, request)

    def show(self, kept: Any, request: gr.Request) -> tuple[Any, Any]:
        """What the visitor has brought: (picker, row)."""
        try:
            owner = owner_in(kept, request)
            self.workshop.policy.check(owner)
            mine = self.workshop.uploaded(owner)
        except MusictxError:
            mine = ()
        choices = [(each.title, each.reference) for each in mine]
        chosen = choices[-1][1] if choices else None
        return gr.update(choices=choices, value=chosen), gr.update(visible=bool(choices))

    def remove(self, reference: str, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """One is deleted, after the browser had asked back ("" if not): (problem, picker, row)."""
        problem = ""
        try:
            owner = owner_in(kept, request)
            if reference and reference not in [each.reference for each in self.workshop.uploaded(owner)]:
                raise CheckpointError("This uploaded checkpoint is gone already. Load the page again.")
            if reference:
                self.workshop.delete(owner, reference.removeprefix(RUN))
        except MusictxError as error:
            problem = problem_html(str(error))
        return problem, *self.show(kept, request)
