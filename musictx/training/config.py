"""Everything that decides a training run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from musictx.config import LORA_LAYERS, MODEL_PRESETS, QUERY_BLOCK, from_known_fields
from musictx.errors import SettingsError
from musictx.settings import check_range, check_whole

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
OPTIMIZERS = ("adamw", "muon")
SCHEDULES = ("cosine", "trapezoid")

MANY = 10**8  # above every count that makes sense
_WHOLE = (  # name, least, most
    ("width", 0, 2**16),
    ("blocks", 0, 1024),
    ("lora_rank", 0, 256),
    ("steps", 1, MANY),
    ("batch_tokens", 1, MANY),
    ("warmup_steps", 0, MANY),
    ("transpose_semitones", 0, 87),
    ("velocity_shift", 0, 31),
    ("query_block", 1, 10**6),
    ("seed", 0, 2**32 - 1),
    ("log_every", 1, MANY),
    ("validate_every", 1, MANY),
    ("save_every", 1, MANY),
    ("validation_windows", 1, MANY),
    ("validation_length", 0, MANY),
)
_RANGES = (
    ("minutes", 0, 10**6),
    ("learning_rate", 1e-7, 1),
    ("decay_share", 0, 1),
    ("weight_decay", 0, 1),
    ("clip_norm", 1e-6, 10**6),
    ("label_smoothing", 0, 0.5),
    ("transpose_probability", 0, 1),
    ("stretch", 0, 0.5),
    ("max_minutes", 0, 10**6),
)


def _about(default: Any, words: str) -> Any:
    """A field with its default and what it means, for `train --help`."""
    return dataclasses.field(default=default, metadata={"about": words})


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a run; stored in its folder. What each field means stands beside it.

    What one alone cannot say, whether windows fit the network and corpora can be read, is in `plan.planned`.

    Raises:
        SettingsError: for values outside their ranges, or that contradict each other.
    """

    data: tuple[str, ...] = _about((), "prepared corpora, made with: python -m musictx prepare")
    weights: tuple[float, ...] = _about((), "share of the windows from each corpus, in any scale; equal if not given")
    preset: str = _about("enhanced", f"shape of a new network: {', '.join(MODEL_PRESETS)}")
    base: str = _about("", "folder of a checkpoint to start from, instead of a new network")
    dropout: float | None = _about(None, "rate of dropout, 0 to 0.9; that of the preset or the base if not given")
    width: int = _about(0, "overrides the preset's width, the feed-forward network is four times as wide; 0 keeps it")
    blocks: int = _about(0, "overrides the preset's number of blocks; 0 keeps it")
    lora_rank: int = _about(0, "above 0: trains matrices of that rank beside the frozen base")
    lora_layers: tuple[str, ...] = _about(LORA_LAYERS, "layers of every block that get such matrices")
    steps: int = _about(20_000, "optimizer steps in all")
    minutes: float = _about(
        0.0,
        "above 0: the run is planned by time, ends after so many minutes of work (compiling included), lengths and the "
        "decay of the learning rate follow the clock, and steps is only the most",
    )
    batch_tokens: int = _about(4096, "tokens a step; windows = batch_tokens // length")
    lengths: tuple[tuple[int, float], ...] = _about(
        ((2048, 1.0),),
        "window lengths in turn, in tokens, each with the share of the run at which it ends: 512:0.6 2048",
    )
    learning_rate: float = _about(3e-4, "at its peak")
    warmup_steps: int = _about(6000, "steps in which the learning rate rises to its peak")
    schedule: str = _about("cosine", f"of the learning rate after that: {' or '.join(SCHEDULES)}")
    decay_share: float = _about(0.3, "share of the run in which trapezoid falls")
    optimizer: str = _about("adamw", f"{' or '.join(OPTIMIZERS)} (matrices by Muon, the rest by AdamW)")
    weight_decay: float = _about(1e-5, "of the optimizer")
    clip_norm: float = _about(1.0, "gradients whose norm is larger are scaled down to it")
    label_smoothing: float = _about(0.1, "of the loss, never of a reported NLL")
    transpose_semitones: int = _about(2, "windows are transposed by at most so many, as far as 88 keys allow")
    transpose_probability: float = _about(0.3, "share of the windows that are transposed")
    stretch: float = _about(0.0, "tempo factor is drawn from 1 - stretch to 1 + stretch")
    velocity_shift: int = _about(0, "windows are made louder or softer by at most so many of the 32 velocity bins")
    precision: str = _about("float32", f"Keras dtype policy, weights stay float32: {', '.join(PRECISIONS)}")
    query_block: int = _about(QUERY_BLOCK, "queries that attention handles at once; 512 suits a GPU")
    xla: bool = _about(True, "on: compile the step with XLA, which gains a factor and costs a minute at the start")
    seed: int = _about(0, "of weights, windows and dropout")
    log_every: int = _about(20, "steps between two reports")
    validate_every: int = _about(500, "steps between two validations; a base is validated before the first step too")
    save_every: int = _about(500, "steps between two saved states")
    validation_windows: int = _about(48, "at most so many, evenly spread over the first corpus's validation pieces")
    validation_length: int = _about(0, "tokens of such a window; 0: 1024, or the network's window if that is shorter")
    max_minutes: float = _about(0.0, "saves and stops then, to be resumed; 0 is no limit")

    def __post_init__(self) -> None:
        _check_choice("preset", self.preset, tuple(sorted(MODEL_PRESETS)))
        _check_choice("precision", self.precision, PRECISIONS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for name, low, high in _WHOLE:
            check_whole(name, getattr(self, name), low, high)
        for name, least, most in _RANGES:
            check_range(name, getattr(self, name), least, most)
        if self.dropout is not None:
            check_range("dropout", self.dropout, 0, 0.9)
        if self.lora_rank and (not self.base or not self.lora_layers or set(self.lora_layers) - set(LORA_LAYERS)):
            raise SettingsError(
                f"lora_rank needs a base, and lora_layers out of {LORA_LAYERS}. Received: base {self.base!r}, "
                f"lora_layers {self.lora_layers}"
            )
        for weight in self.weights:
            check_range("weights", weight, 0, MANY)
        self._check_lengths()

    def _check_lengths(self) -> None:
        for length, share in self.lengths:
            check_whole("a length", length, 1, MANY)
            check_range("the share of the run at which a length ends", share, 0, 1)
        shares = [share for _, share in self.lengths]
        if shares != sorted(set(shares)):
            raise SettingsError(f"The shares at which lengths end must rise. Received: {self.lengths}")
        if not self.lengths:
            raise SettingsError("lengths is empty. Give at least one length of a window.")
        if any(self.batch_tokens < length for length, _ in self.lengths):
            raise SettingsError(f"batch_tokens ({self.batch_tokens}) must hold a window of each of {self.lengths}")

    def share_done(self, step: int, seconds: float) -> float:
        """How much of the run lies behind it after `step` steps and `seconds` of work, 0 to 1."""
        by_time = seconds / (self.minutes * 60) if self.minutes else 0.0
        return min(max(step / self.steps, by_time), 1.0)

    def length_at(self, share: float) -> int:
        """The window length of a step before which `share` of the run is done, by the curriculum in `lengths`."""
        return next((length for length, until in self.lengths if share < until), self.lengths[-1][0])

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainingConfig:
        """From `run.json`; lists become tuples."""
        if not isinstance(values, dict):
            raise SettingsError(f"a run's settings are names with their values. Received: {values!r}")
        values = dict(values)
        try:
            for name in ("data", "weights", "lora_layers"):
                if name in values:
                    values[name] = tuple(values[name])
            if "lengths" in values:
                values["lengths"] = tuple((int(length), float(until)) for length, until in values["lengths"])
        except (TypeError, ValueError, OverflowError) as error:
            raise SettingsError(f"a run's settings hold a list that is none ({error}).") from error
        return from_known_fields(cls, values)  # type: ignore[no-any-return]


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f"{name} must be one of {choices}. Received: {value!r}")
