"""A range of a piece written anew: several candidates, judged by how well what follows them fits.

    before the range -> TokenSource: candidates, four a run -> cut at the range's end, fitted between the parts
    before + candidate + the first tokens after the range -> Decoder.score -> nats a token of those after it

A network that reads from left to right cannot see where a range has to lead. So it writes several ways, and then
says after which of them the kept music is least of a surprise: that one is taken. Drawing and choosing among candidates
by a likelihood is rejection sampling in its plainest form (best of n).

Shape letters: T tokens, F tokens that follow the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from musictx.config import LARGEST_SEED, SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.engines.base import Decoder
from musictx.generation.generate import MAX_SECONDS, MAX_VARIATIONS, Ending, cut_at, generate_from, token_request
from musictx.generation.prompt import continuation_notes, seed_prompt, tail
from musictx.generation.tokens import TokenSource
from musictx.midi import vocabulary as v
from musictx.midi.codec import encode, shift_steps, token_times
from musictx.midi.notes import NoteSequence
from musictx.midi.ranges import Parts, closed_at, split_at
from musictx.settings import check_whole
from musictx.types import Ids

SHORTEST_S, LONGEST_S = 0.5, 30.0  # of a range
MOST_CANDIDATES = 16
USUAL_CANDIDATES = 8
FOLLOWING_TOKENS = 192  # of the kept music after the range, some five seconds of dense piano
# Keys struck in the range may sound on behind it: for so long it is drawn on, to hear when they are let go.
RINGS_ON_S = 1.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to fill the range.

    number: in the order of drawing, from 1. notes: at absolute times, as they fit between the parts that are kept.
    nll: nats a token of what follows, given all before it; None where nothing follows.
    """

    number: int
    notes: NoteSequence
    nll: float | None


@dataclass(frozen=True, eq=False)
class Redone:
    """How far redoing has come.

    candidates: those drawn and judged so far, best first: by their NLL, and where nothing follows by their number.
    of: how many there will be. parts: what is kept.
    ending: None while more comes, then FINISHED, STOPPED or TOO_DENSE (all were cut short before the range's end).
    engine, remark: of the last draw, see `tokens.Drawn`.
    """

    candidates: tuple[Candidate, ...]
    of: int
    parts: Parts
    ending: Ending | None = None
    engine: str = ""
    remark: str = ""

    @property
    def best(self) -> NoteSequence | None:
        """The whole piece with the best candidate so far; None before there is one."""
        return self.parts.joined(self.candidates[0].notes) if self.candidates else None


def redo(
    source: TokenSource,
    decoder: Decoder,
    notes: NoteSequence,
    start_s: float,
    end_s: float,
    *,
    sampling: SamplingConfig,
    length_s: float = 0.0,
    candidates: int = USUAL_CANDIDATES,
    random_seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Redone]:
    """Writes the notes anew whose onset lies in [start_s, end_s), yielding after each call of the engine.

    All other notes stay exactly as they are. The context is everything before the range, as far as the window reaches.
    The same arguments give the same candidates. Where nothing follows the range, each candidate is a plain continuation
    and nothing can judge them: the first one drawn is the best. At temperature 0 there is but one.

    Args:
        source: gives the tokens, such as `EngineTokens` over an engine.
        decoder: judges the candidates.
        notes: of the whole piece.
        start_s: beginning of the range in seconds.
        end_s: its end.
        sampling: how tokens are drawn; its focus holds for the judgement too.
        length_s: where the piece ends, if a rest closes it.
        candidates: 1 to 16.
        random_seed: those of the runs are derived from it.
        stop: asked before each call of the engine; True ends with the candidates that there are.

    Raises:
        SettingsError: for a range that is shorter than 0.5 s, longer than 30 s or outside the piece, and for other
            values outside their bounds.
    """
    parts = split_at(notes, *checked_range(start_s, end_s, max(length_s, notes.duration_s), SHORTEST_S, LONGEST_S))
    check_whole("the number of candidates", candidates, 1, MOST_CANDIDATES)
    check_whole("the random seed", random_seed, 0, LARGEST_SEED)
    return _redo(source, decoder, parts, sampling, 1 if sampling.greedy else int(candidates), int(random_seed), stop)


def checked_range(
    start_s: float, end_s: float, length_s: float, shortest_s: float = 0.0, longest_s: float = math.inf
) -> tuple[float, float]:
    """A range of a piece of `length_s`, its end at most there.

    Raises:
        SettingsError: if it is empty, too short, too long, or lies outside the piece.
    """
    where = f"Received: {start_s!r} to {end_s!r} s of a piece of {length_s:.2f} s."
    numbers = [value for value in (start_s, end_s) if not isinstance(value, bool) and isinstance(value, int | float)]
    if len(numbers) < 2 or not all(map(math.isfinite, numbers)):
        raise SettingsError(f"A range goes from one second to another. {where} Give two numbers.")
    if start_s < 0 or end_s > length_s + 1 / v.STEPS_PER_SECOND or start_s >= length_s:
        raise SettingsError(f"The range lies outside the piece. {where} Choose one within it.")
    end_s = min(end_s, length_s)
    if end_s - start_s < max(shortest_s, 1 / v.STEPS_PER_SECOND) - 1e-9:
        raise SettingsError(
            f"The range must last {max(shortest_s, 1 / v.STEPS_PER_SECOND):g} s at least. {where} Choose a longer one."
        )
    if end_s - start_s > longest_s + 1e-9:
        raise SettingsError(f"The range may last {longest_s:g} s at most. {where} Redo it in several parts.")
    return float(start_s), float(end_s)


def _redo(
    source: TokenSource,
    decoder: Decoder,
    parts: Parts,
    sampling: SamplingConfig,
    candidates: int,
    random_seed: int,
    stop: Callable[[], bool],
) -> Iterator[Redone]:
    """See `redo`."""
    prompt_P, judge = prompt_before(parts), FollowingNll(decoder, parts, sampling.focus)
    length_s = parts.end_s - parts.start_s
    drawn_s = length_s + (RINGS_ON_S if len(parts.after) else 0.0)
    state = Redone((), candidates, parts)
    for run, first in enumerate(range(0, candidates, MAX_VARIATIONS)):
        many = min(MAX_VARIATIONS, candidates - first)
        request = token_request(prompt_P, sampling, drawn_s, many, run_seed(random_seed, run))
        for chunk in generate_from(source, request, stop):
            state = replace(state, engine=chunk.engine, remark=chunk.remark)
            if chunk.ending is None:
                yield state
        if chunk.ending is Ending.STOPPED:
            yield replace(state, ending=Ending.STOPPED)
            return
        for number, variation in enumerate(chunk.variations, first + 1):
            if not variation.done:  # cut short for its density: it does not reach the end of the range
                continue
            if state.candidates and stop():
                yield replace(state, ending=Ending.STOPPED)
                return
            new = continuation_notes(prompt_P, variation.ids)
            new = new.shifted(parts.start_s)
            new = new.select(new.start_s < parts.end_s)
            fitting = parts.fitted(new if len(parts.after) else closed_at(new, parts.end_s))
            state = replace(state, candidates=_ranked(state, Candidate(number, fitting, judge(fitting))))
            yield state
    yield replace(state, ending=Ending.FINISHED if state.candidates else Ending.TOO_DENSE)


def _ranked(state: Redone, another: Candidate) -> tuple[Candidate, ...]:
    """The candidates with one more, best first; of equals the one drawn first."""
    return tuple(sorted((*state.candidates, another), key=lambda each: (each.nll or 0.0, each.number)))


def run_seed(random_seed: int, run: int) -> int:
    """The random seed of a run: another for each, and the same for the same two numbers."""
    return int(np.random.default_rng([random_seed, run]).integers(LARGEST_SEED))


def prompt_before(parts: Parts) -> Ids:
    """All before a range as a prompt that ends at its beginning, where the keys that ring on are still held."""
    ids_T = encode(parts.before, parts.start_s)
    kept_T, _ = cut_at(ids_T, 0, round(parts.start_s * v.STEPS_PER_SECOND))
    return seed_prompt(kept_T, MAX_SECONDS * MAX_VARIATIONS)


class FollowingNll:
    """The NLL of what follows a range, in nats a token, for one filling after another.

    Args:
        decoder: the engine that is asked; its window bounds how much before the range it hears.
        parts: what is kept around the range.
        focus: as in `SamplingConfig`.
    """

    def __init__(self, decoder: Decoder, parts: Parts, focus: float = 1.0) -> None:
        self._decoder, self._parts, self._focus = decoder, parts, focus
        own_T = encode(parts.after)
        times_T = token_times(own_T)
        lead = int(np.argmax(shift_steps(own_T) == 0)) if own_T.size else 0  # the shifts to its first onset
        limit = lead + min(FOLLOWING_TOKENS, decoder.window // 2)
        self._until_s = math.inf
        if own_T.size > limit:
            # Up to a moment, and of that none, so that the same events are judged after every filling; of one that
            # begins with a chord of hundreds of tokens the whole chord.
            later = times_T[times_T > times_T[lead]]
            self._until_s = max(float(times_T[limit]), float(later[0]))
        self._tokens = int((times_T[lead:] < self._until_s).sum())

    def __call__(self, filling: NoteSequence) -> float | None:
        """The nats of the following events after `filling` (from `Parts.fitted`), divided by their tokens.

        What rings over the range's end is ended there for this, so that releases of a filling's own notes do not
        count as events that follow. None where nothing follows.
        """
        if not self._tokens:
            return None
        earlier = closed_at(self._parts.before.followed_by(filling), self._parts.end_s)
        ids_T = encode(earlier.followed_by(self._parts.after))
        ids_T = ids_T[: int((token_times(ids_T) < self._until_s).sum())]
        following = ids_T.size - encode(earlier).size
        ids_T = np.append(np.int32(v.START), ids_T).astype(np.int32)
        heard_T = tail(ids_T, min(ids_T.size, self._decoder.window + 1))
        nats_T = self._decoder.score(heard_T, self._focus)
        return float(nats_T[-following:].sum(dtype=np.float64)) / self._tokens
