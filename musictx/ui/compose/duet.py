"""The model's part of a duet: it answers what was played with a phrase that begins at a given moment.

Nothing of it is kept here: the browser sends the whole conversation with each question.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import gradio as gr

from musictx.config import ComposeSettings
from musictx.errors import SettingsError
from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.ui.access.stop_flags import part_of
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.forms import COMPOSE, named, read_settings
from musictx.ui.player.packing import pack
from musictx.ui.problems import sentence_of

MOST_NOTES, LONGEST_S, LONGEST_ANSWER_S = 5000, 900.0, 30.0
NO_DUET = f"A duet has up to {MOST_NOTES} notes in {LONGEST_S / 60:.0f} minutes. Use it as the seed, and begin another."


class DuetHandlers:
    """Handlers over those of the Compose tab; a value of theirs has the phase "duet", which the stage hands on."""

    def __init__(self, music: ComposeHandlers) -> None:
        self.music = music

    def answer(self, kept: Any, request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[dict[str, Any]]:
        """The answer as it grows: {phase, id, notes, known_s (None once it is whole), problem}.

        `event` has id, rows [pitch, velocity, start_s, end_s] of all that was played, moment_s and seconds.
        """
        session, number = part_of(str(request.session_hash), "duet"), getattr(event, "id", 0)
        blank = {"phase": "duet", "id": number if isinstance(number, int) else 0, "problem": ""}
        flag = self.music.stop_flags.begin(session)
        self.music.stop_flags.go_on(session, flag)
        try:
            settings = read_settings(named(COMPOSE, values))
            self.music.permit(settings.checkpoint, kept, request)
            take, moment_s, seconds = question(event, settings)
            for step in self.music.studio.extend(take, moment_s, seconds, settings, flag.is_set):
                if flag.is_set():
                    return
                known_s = None if step.done else moment_s + step.seconds
                yield {**blank, "notes": pack(step.takes[0].continuation), "known_s": known_s}
        except Exception as error:
            yield {**blank, "notes": "", "known_s": None, "problem": sentence_of(error, "the answer failed")}
        finally:
            self.music.stop_flags.end(session, flag)

    def hush(self, request: gr.Request) -> None:
        """The player goes on: no answer is wanted now."""
        self.music.stop_flags.stop(part_of(str(request.session_hash), "duet"))


def question(event: gr.EventData, settings: ComposeSettings) -> tuple[Take, float, float]:
    """What was played as a take that is all seed, the moment at which the answer begins, and its length in seconds.

    Raises:
        SettingsError: if the browser sent something else, or too much.
    """
    rows = getattr(event, "rows", None)
    try:
        table = [(int(p), int(v), _second(start), _second(end)) for p, v, start, end in rows]  # type: ignore[union-attr]
        moment_s, seconds = _second(getattr(event, "moment_s", None)), _second(getattr(event, "seconds", None))
    except (TypeError, ValueError) as error:
        raise SettingsError(f"A question is a list of notes with their times. Received: {str(rows)[:80]!r}") from error
    wrong = any(not (0 <= p <= 127 and 1 <= v <= 127 and 0 <= start < end) for p, v, start, end in table)
    if wrong or len(table) > MOST_NOTES or moment_s > LONGEST_S or not 0.5 <= seconds <= LONGEST_ANSWER_S:
        raise SettingsError(NO_DUET)
    notes = NoteSequence.from_tuples([row for row in sorted(table, key=lambda row: row[2]) if row[2] < moment_s])
    return Take(1, notes, NoteSequence.empty(), moment_s, 0, settings, True, end_s=moment_s), moment_s, seconds


def _second(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"no second: {value!r}")
    return float(value)
