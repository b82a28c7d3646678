"""Notes to more notes: encode, prompt, generate, decode, shift, in one place for whoever continues music."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from musictx.config import SamplingConfig
from musictx.generation.generate import MAX_SECONDS, Chunk, generate_from, token_request
from musictx.generation.prompt import continuation_notes, seed_prompt
from musictx.generation.tokens import TokenSource
from musictx.midi.join import seed_and_join
from musictx.midi.notes import NoteSequence


@dataclass(frozen=True, eq=False)
class Continuation:
    """What there is after one more call of the engine.

    new_notes: of each variation, from 0 s at the join. join_s: where the seed ends. tokens: of each variation.
    chunk: of the loop; its variations hold what was generated, also beyond the tokens asked for.
    """

    new_notes: tuple[NoteSequence, ...]
    join_s: float
    tokens: tuple[int, ...]
    chunk: Chunk

    @property
    def notes(self) -> tuple[NoteSequence, ...]:
        """The new notes of each variation, at the seed's times."""
        return tuple(new.shifted(self.join_s) for new in self.new_notes)


def continue_notes(
    source: TokenSource,
    seed: NoteSequence,
    *,
    sampling: SamplingConfig,
    seconds: float = MAX_SECONDS,
    end_s: float = 0.0,
    context_seconds: float = MAX_SECONDS,
    variations: int = 1,
    random_seed: int = 0,
    most_tokens: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Continuation]:
    """Continues `seed`, yielding after every call of the engine.

    Args:
        source: gives the tokens, such as `EngineTokens` over an engine.
        seed: the notes to be continued.
        sampling: how tokens are drawn.
        seconds: of new music.
        end_s: where the seed ends if a rest closes it.
        context_seconds: of the seed's end that the model sees.
        variations: made side by side.
        random_seed: the same one gives the same notes.
        most_tokens: of each variation, where the length is given so.
        stop: asked before each call of the engine; True ends with what is there.

    Raises:
        SettingsError: for values that `token_request` refuses.
    """
    ids, join_s = seed_and_join(seed, end_s)
    prompt = seed_prompt(ids, context_seconds)
    reached = 0

    def enough() -> bool:
        return stop() or (most_tokens is not None and reached >= most_tokens)

    request = token_request(prompt, sampling, seconds, variations, random_seed)
    for chunk in generate_from(source, request, enough):
        told = [variation.ids[:most_tokens] for variation in chunk.variations]
        reached = int(min(ids_T.size for ids_T in told))
        new = tuple(continuation_notes(prompt, ids_T) for ids_T in told)
        yield Continuation(new, join_s, tuple(int(np.size(ids_T)) for ids_T in told), chunk)
