"""A visitor's own checkpoints in the Compose tab's picker; nobody else sees them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.ui.access.identity import owner_in

if TYPE_CHECKING:
    from musictx.workshop.workshop import TrainedCheckpoint, Workshop

RUN = "run:"


class OwnCheckpoints:
    """Puts them into the picker, and chooses one."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def offer(self, kept: Any, request: gr.Request) -> Any:
        """At each visit: the picker with the shipped and one's own."""
        own = self._own(kept, request)
        return gr.update(choices=self._choices(own)) if own else gr.skip()

    def offer_with(self, reference: Any, kept: Any, request: gr.Request) -> Any:
        """The picker as `offer` has it, with `reference` chosen; left alone if this visitor cannot use that."""
        choices = self._choices(self._own(kept, request))
        known = reference in [name for _, name in choices]
        return gr.update(choices=choices, value=reference) if known else gr.skip()

    def use(self, kept: Any, request: gr.Request) -> tuple[Any, Any]:
        """Takes the run on show to the Compose tab: (picker, tabs)."""
        return self.use_reference(f"{RUN}{kept.get('run')}", kept, request)

    def use_reference(self, reference: str, kept: Any, request: gr.Request) -> tuple[Any, Any]:
        """The same with a checkpoint by reference, which is left alone if it is not the visitor's."""
        own = self._own(kept, request)
        taken = next((each for each in own if each.reference == reference), None)
        if taken is None:
            return gr.skip(), gr.skip()
        picker = gr.update(choices=self._choices(own), value=reference, info=describe(taken))
        return picker, gr.Tabs(selected="compose")

    def titles(self, kept: Any, request: gr.Request) -> dict[str, str]:
        """What each checkpoint is called that this visitor may use."""
        return {name: title for title, name in self._choices(self._own(kept, request))}

    def _choices(self, own: Sequence[TrainedCheckpoint]) -> list[tuple[str, str]]:
        shipped = [(card.title, card.name) for card in self.workshop.studio.checkpoints()]
        return [*shipped, *((f"{each.title} · yours", each.reference) for each in own)]

    def _own(self, kept: Any, request: gr.Request) -> Sequence[TrainedCheckpoint]:
        try:
            return self.workshop.checkpoints(owner_in(kept, request))
        except MusictxError:
            return ()


def describe(checkpoint: TrainedCheckpoint) -> str:
    """The line under the picker."""
    figure = "" if checkpoint.nll is None else f" · validation NLL {checkpoint.nll:.3f}"
    return f"your own, {'LoRA' if checkpoint.method == 'lora' else 'all weights'}{figure}"
