"""A piece written on from one of its moments: what begins before it stays to the note, what comes after is new.

notes before the moment -> prompt that ends there, its keys still held -> TokenSource -> new notes from there on
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.generate import Chunk, generate_from, token_request
from musictx.generation.prompt import continuation_notes
from musictx.generation.redo import prompt_before
from musictx.generation.tokens import TokenSource
from musictx.midi.notes import NoteSequence
from musictx.midi.ranges import Parts, split_at


@dataclass(frozen=True, eq=False)
class Extended:
    """How far it has come: the notes of the whole piece, at its times, and the loop's account of the new ones."""

    notes: NoteSequence
    chunk: Chunk


def extend(
    source: TokenSource,
    notes: NoteSequence,
    moment_s: float,
    seconds: float,
    *,
    sampling: SamplingConfig,
    length_s: float = 0.0,
    random_seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Extended]:
    """Writes on from `moment_s` for `seconds`, yielding after each call of the engine.

    Args:
        source: gives the tokens, such as `EngineTokens` over an engine.
        notes: of the whole piece.
        moment_s: what begins there or later is left out.
        seconds: of new music.
        sampling: how tokens are drawn.
        length_s: where the piece ends, if a rest closes it.
        random_seed: the same one gives the same notes.
        stop: asked before each call of the engine; True ends with what is there.

    Raises:
        SettingsError: if the moment lies outside the piece, and for what `token_request` refuses.
    """
    length_s = max(length_s, notes.duration_s)
    if not (math.isfinite(moment_s) and 0 <= moment_s <= length_s + 1e-6):
        raise SettingsError(
            f"The moment lies outside the piece. Received: {moment_s!r} s of a piece of {length_s:.2f} s. "
            "Choose one within it."
        )
    before = split_at(notes, moment_s, math.inf).before
    parts = Parts(before, NoteSequence.empty(), NoteSequence.empty(), moment_s, moment_s + seconds)
    prompt_P = prompt_before(parts)
    request = token_request(prompt_P, sampling, seconds, 1, random_seed)
    return (
        Extended(
            parts.joined(parts.fitted(continuation_notes(prompt_P, chunk.variations[0].ids).shifted(moment_s))), chunk
        )
        for chunk in generate_from(source, request, stop)
    )
