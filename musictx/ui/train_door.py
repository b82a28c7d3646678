"""When somebody comes to the Train tab: who it is, and whether it is open to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import TrainingError
from musictx.ui.train import notice_html
from musictx.ui.visit import owner_in, with_secret

if TYPE_CHECKING:
    from musictx.workshop import Workshop


class TrainDoor:
    """Opens the tab, or says why it is closed."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def enter(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """At each visit: (kept, notice, steps)."""
        kept = with_secret(kept)
        refusal = self.refusal(kept, request)
        return kept, notice_html(refusal), gr.update(visible=not refusal)

    def refusal(self, kept: Any, request: gr.Request) -> str:
        """ "" if this visitor may train, else the sentence."""
        try:
            return self.workshop.refusal(owner_in(kept, request))
        except TrainingError as error:
            return str(error)
