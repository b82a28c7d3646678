"""What the browser kept comes back: an earlier take when it is asked for, the last state when the page is opened."""

from __future__ import annotations

import contextlib
from typing import Any

import gradio as gr

from musictx.errors import MusictxError
from musictx.takes import file_digest
from musictx.ui import text
from musictx.ui.browser_state.takes import Recalled, recall
from musictx.ui.forms import COMPOSE, names, write_settings
from musictx.ui.player.desk import Desk
from musictx.ui.player.picture import TAKE_SOUND, Problem, grow
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.sharing import sharing_words

SAME_PIECE = "Seed and settings are back: Generate makes the same piece, as it was made by {}."
SETTINGS_ONLY = "Its settings are back."
NO_CHECKPOINT = "Settings are back, but there is no checkpoint named {} here: the piece will be another one."
NOT_RECALLED = "This take could not be brought back"


class RestoreHandlers:
    """Handlers over those of the seed panel; answers as theirs: (picker, stage, report, generate, stop)."""

    def __init__(self, seeds: SeedHandlers) -> None:
        self.seeds = seeds
        self.studio = seeds.studio

    def recall(self, desk: Desk, context_seconds: float, event: gr.EventData) -> tuple[Any, ...]:
        """An entry of the list of earlier takes was chosen."""
        try:
            found = recall(getattr(event, "data", None), self.studio)
        except MusictxError as error:
            problem = Problem(NOT_RECALLED, str(error))
            told = desk.change(desk.picture.serial, lambda picture: picture.but(problem=problem))
            return (gr.skip(), gr.skip() if told is None else told.value(), *(gr.skip() for _ in range(3)))
        return self._show(desk, found, context_seconds, str(getattr(event, "id", ""))[:40])

    def restore(self, desk: Desk, context_seconds: float, state: Any) -> tuple[Any, ...]:
        """The page was opened again: the visitor's own file, and what was on show; nothing if they have begun anew.

        `state` is what `Keep.lastState` of keep.js found, None if the browser keeps nothing.
        """
        state = state if isinstance(state, dict) else {}
        own, shown = self._read(state.get("own")), self._read(state.get("shown"))
        if not desk.is_untouched:
            return tuple(gr.skip() for _ in range(5))
        answer: tuple[Any, ...] = tuple(gr.skip() for _ in range(5))
        if own is not None:
            answer = self.seeds.show(desk, own.seed, context_seconds)
        if shown is not None and shown.takes:
            return self._show(desk, shown, context_seconds, str(state.get("id") or "")[:40])
        digest = str(state.get("seed") or "")
        for each in self.studio.built_in_seeds():
            if digest != desk.picture.seed.digest and digest == file_digest(each.path.read_bytes()):
                seed = self.studio.read_seed(each.path, each.title)
                return self.seeds.show(desk, seed, context_seconds)
        return answer

    def restore_recipe(self, desk: Desk) -> tuple[Any, ...]:
        """The file on show says what made it: its seed, and a value for each setting of `forms.COMPOSE`."""
        seed = desk.picture.seed
        recipe = self.studio.recipe(seed).recipe
        nothing = tuple(gr.skip() for _ in COMPOSE)
        if recipe is None:
            return (*(gr.skip() for _ in range(5)), *nothing)
        try:
            restored = self.studio.restored_seed(seed, recipe)
            sentence = SAME_PIECE.format(recipe.engine or "an engine")
        except MusictxError as error:
            restored, sentence = seed, f"{error} {SETTINGS_ONLY}"
        known = {card.name for card in self.studio.checkpoints()}
        written = write_settings(recipe.settings)
        if recipe.settings.checkpoint not in known:
            written["checkpoint"] = gr.skip()
            sentence = NO_CHECKPOINT.format(recipe.settings.checkpoint)
        shown = self.seeds.show(desk, restored, recipe.settings.context_seconds, note=sentence)
        return (*shown, *(written[name] for name in names(COMPOSE)))

    def _read(self, data: Any) -> Recalled | None:
        """A record, if there is one and it can be read: at the page's opening nobody has asked for it by name."""
        if not data:
            return None
        with contextlib.suppress(MusictxError):
            return recall(data, self.studio)
        return None

    def _show(self, desk: Desk, found: Recalled, context_seconds: float, piece: str) -> tuple[Any, ...]:
        """Finished takes on show again, as they were when they were made."""
        takes = found.takes
        known = {card.name for card in self.studio.checkpoints()}  # another person's is not asked after
        sharings = tuple(
            sharing_words(self.studio, take) if take.settings.checkpoint in known else "" for take in takes
        )
        return self.seeds.show(
            desk,
            found.seed,
            context_seconds,
            phase="done",
            parents=found.parents,
            chosen=len(takes) - 1 if found.parents else 0,
            piece=piece,
            takes=takes,
            streams=grow((), takes, finished=True),
            sharings=sharings,
            sounding=TAKE_SOUND,
            status=f"Earlier: {text.count(len(takes), 'take')}",
        )
