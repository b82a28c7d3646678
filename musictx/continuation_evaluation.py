"""Continuations of real openings beside what the pianist played: how a checkpoint's music differs from people's.

    pieces -> openings -> a continuation of each -> measures of both -> a summary with its uncertainty

The loss of a model says how well it predicts; this says how its takes come out, settings included. See `midi.measures`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from musictx.config import SamplingConfig
from musictx.errors import MidiError
from musictx.generation.continuation import continue_notes
from musictx.generation.engines.base import Decoder
from musictx.generation.tokens import EngineTokens
from musictx.midi.analysis import estimate_key
from musictx.midi.codec import decode
from musictx.midi.measures import (
    Measures,
    density_distance,
    foreign_share,
    measure,
    pitch_class_distance,
    self_similarity,
)
from musictx.midi.notes import NoteSequence
from musictx.settings import check_range
from musictx.types import Ids

OPENING_S = 10.0
CONTINUATION_S = 30.0

# What counts as a fault. Each is rare in what people play: the rate among the real continuations stands beside it.
LONGEST_STOP_S = 2.0
DENSER_THAN_SEED, DENSE = 2.0, 15.0  # times the seed's densest 5 s, and onsets a second
REPEATED_SHARE, FEW_PITCHES = 1 / 3, 4
FAR_FROM_SEED = 0.5  # of the pitch classes' sounding time
LONG_NOTE_S = 8.0
FAULTS = ("dead stop", "runaway density", "stuck", "drifted", "ringing")


@dataclass(frozen=True, eq=False)
class Opening:
    """The beginning of a piece, and how it really went on.

    seed: times from 0 to `seed_s`. real: times from 0, the end of the seed; None for a piece that is all seed.
    """

    seed: NoteSequence
    seed_s: float
    real: NoteSequence | None


@dataclass(frozen=True)
class ContinuationMeasures:
    """One continuation, generated or real, measured against its seed.

    pitch_class_distance, density_distance: to the real continuation, None without one, or for the real one itself.
    seed_distance: of the pitch classes, to the seed. foreign: share of the notes whose class the seed does not have.
    key_kept: the estimated key is that of the seed.
    similarity: of seed and continuation together, beyond 20 s. faults: those of FAULTS that it has.
    """

    measures: Measures
    pitch_class_distance: float | None
    density_distance: float | None
    seed_distance: float
    foreign: float
    key_kept: bool
    similarity: float | None
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """The continuations of all openings under one setting, in the order of the openings.

    generated, real: the latter only of openings that have one. notes: of the generated ones, times from the seed's end.
    tokens_per_second: of the engine's work.
    """

    generated: tuple[ContinuationMeasures, ...]
    real: tuple[ContinuationMeasures, ...]
    notes: tuple[NoteSequence, ...]
    tokens_per_second: float

    def summary(self) -> dict[str, Any]:
        """Plain values for JSON: of each measure the mean and half its 95 % interval, and the rate of each fault."""
        return {
            "continuations": len(self.generated),
            "tokens_per_second": round(self.tokens_per_second, 1),
            "generated": _means(self.generated),
            "real": _means(self.real),
        }


def openings(
    pieces: Sequence[Ids], count: int, seed_s: float = OPENING_S, real_s: float = CONTINUATION_S
) -> tuple[Opening, ...]:
    """Openings of at most `count` pieces, evenly spread over `pieces`.

    Args:
        pieces: token ids of whole pieces. One shorter than `seed_s + real_s` is all seed, and has no real continuation.

    Raises:
        SettingsError: if `count` is below 1. MidiError: if no piece holds notes.
    """
    check_range("openings", count, 1, 10_000)
    usable = [notes for notes in map(decode, pieces) if len(notes.between(0, seed_s))]
    if not usable:
        raise MidiError(f"None of the {len(pieces)} pieces begins with notes. Give pieces of piano music.")
    chosen = np.unique(np.linspace(0, len(usable) - 1, min(count, len(usable))).astype(int))
    return tuple(_opening(usable[number], seed_s, real_s) for number in chosen)


def _opening(notes: NoteSequence, seed_s: float, real_s: float) -> Opening:
    if notes.duration_s < seed_s + real_s:
        return Opening(notes, notes.duration_s, None)
    return Opening(notes.between(0, seed_s), seed_s, notes.between(seed_s, seed_s + real_s).shifted(-seed_s))


def evaluate_continuations(
    decoder: Decoder,
    seeds: Sequence[Opening],
    sampling: SamplingConfig,
    seconds: float = CONTINUATION_S,
    random_seed: int = 0,
    report: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Continues every opening once and measures what comes out.

    Args:
        decoder: the engine of a checkpoint.
        seconds: of each continuation, and of the real ones that it is measured against.
        random_seed: the same one gives the same continuations.
        report: called with (openings done, openings in all).
    """
    notes, speeds = [], []
    for number, opening in enumerate(seeds):
        asked: dict[str, Any] = {"context_seconds": opening.seed_s, "seconds": seconds, "random_seed": random_seed}
        *_, made = continue_notes(EngineTokens(decoder), opening.seed, sampling=sampling, **asked)
        notes.append(made.new_notes[0])
        speeds.append(made.chunk.tokens_per_second)
        if report:
            report(number + 1, len(seeds))
    played = [None if opening.real is None else opening.real.between(0, seconds) for opening in seeds]
    generated = tuple(measure_continuation(*row[:2], seconds, row[2]) for row in zip(seeds, notes, played, strict=True))
    real = tuple(
        measure_continuation(opening, real, seconds)
        for opening, real in zip(seeds, played, strict=True)
        if real is not None
    )
    return Comparison(generated, real, tuple(notes), float(np.median(speeds)))


def measure_continuation(
    opening: Opening, notes: NoteSequence, seconds: float, real: NoteSequence | None = None
) -> ContinuationMeasures:
    """Measures one continuation of `opening`, times from 0 to `seconds`, and its distance to the `real` one."""
    measures, seed = measure(notes, seconds), measure(opening.seed, opening.seed_s)
    seed_distance = pitch_class_distance(opening.seed, notes)
    whole = opening.seed.followed_by(notes.shifted(opening.seed_s))
    return ContinuationMeasures(
        measures=measures,
        pitch_class_distance=None if real is None else pitch_class_distance(real, notes),
        density_distance=None if real is None else density_distance(measure(real, seconds), measures),
        seed_distance=seed_distance,
        foreign=foreign_share(notes, opening.seed),
        key_kept=estimate_key(opening.seed).name == estimate_key(notes).name,
        similarity=self_similarity(whole, opening.seed_s + seconds),
        faults=tuple(_faults(measures, seed, seed_distance)),
    )


def _faults(measures: Measures, seed: Measures, seed_distance: float) -> Iterator[str]:
    stop, density, stuck, drifted, ringing = FAULTS
    if measures.longest_gap_s > LONGEST_STOP_S:
        yield stop
    if measures.densest > max(DENSER_THAN_SEED * seed.densest, DENSE):
        yield density
    if measures.repetition > REPEATED_SHARE or measures.last_pitches <= FEW_PITCHES:
        yield stuck
    if seed_distance > FAR_FROM_SEED:
        yield drifted
    if measures.longest_note_s > LONG_NOTE_S:
        yield ringing


def figures(measured: ContinuationMeasures) -> dict[str, float | None]:
    """Everything that was measured of one continuation, by name; `key_kept` as 0 or 1."""
    others = ("pitch_class_distance", "density_distance", "seed_distance", "foreign", "key_kept", "similarity")
    return {**dataclasses.asdict(measured.measures), **{name: getattr(measured, name) for name in others}}


def mean_and_half(values: Iterable[float | None]) -> tuple[float, float] | None:
    """The mean and half the width of its 95 % interval (normal approximation), without what is None; None of nothing.

    The half is NaN for a single value.
    """
    known = np.array([value for value in values if value is not None], np.float64)
    if not known.size:
        return None
    half = 1.96 * known.std(ddof=1) / math.sqrt(known.size) if known.size > 1 else math.nan
    return float(known.mean()), float(half)


def _means(measured: Sequence[ContinuationMeasures]) -> dict[str, Any]:
    """Mean and half the width of its 95 % interval for each figure; the share of continuations with each fault."""
    if not measured:
        return {}
    rows = [figures(one) for one in measured]
    means = {name: mean_and_half(row[name] for row in rows) for name in rows[0]}
    rates = {fault: round(float(np.mean([fault in one.faults for one in measured])), 4) for fault in FAULTS}
    return {name: [round(value, 4) for value in found] for name, found in means.items() if found} | {"faults": rates}
