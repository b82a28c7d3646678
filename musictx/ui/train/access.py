"""When somebody comes to the Train tab: who it is, and whether it is open to them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.ui.access.identity import owner_in, with_secret
from musictx.ui.train.tab import notice_html

if TYPE_CHECKING:
    from musictx.workshop.workshop import Workshop

UNAVAILABLE = (
    "Datasets and runs cannot be read just now; nothing of them is lost. The terminal of this server shows why. "
    "Reload the page once that is mended."
)


class TrainAccess:
    """Opens the tab, or says why it is closed."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def enter(self, kept: Any, request: gr.Request) -> tuple[Any, ...]:
        """At each visit: (kept, notice, steps)."""
        kept = with_secret(kept)
        refusal = self.refusal(kept, request)
        return kept, notice_html(refusal), gr.update(visible=not refusal)

    def refusal(self, kept: Any, request: gr.Request) -> str:
        """ "" if this visitor may train and the workshop answers, else the sentence."""
        try:
            owner = owner_in(kept, request)
            refusal = self.workshop.refusal(owner)
            if not refusal:
                self.workshop.runs(owner)
            return refusal
        except MusictxError as error:
            return str(error)
        except Exception:
            logging.getLogger(__name__).exception("the workshop does not answer")
            return UNAVAILABLE
