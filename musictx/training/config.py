"""Everything that decides a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musictx.config import LORA_LAYERS, MODEL_PRESETS, QUERY_BLOCK, check_range, from_known_fields
from musictx.errors import SettingsError

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
OPTIMIZERS = ("adamw", "muon")
SCHEDULES = ("cosine", "trapezoid")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides a run; stored in its folder.

    data: prepared corpora. weights: share of windows from each (equal if empty).
    preset: of the model; base: a checkpoint folder to start from instead. dropout: overrides the preset's.
    width, blocks: override the preset's (0 keeps them); the feed-forward network is four times as wide then.
    lora_rank: above 0 trains matrices of that rank beside the frozen base, in lora_layers of every block.
    steps: optimizer steps in all. minutes: above 0, the run is planned by time: it ends after so many minutes of
    work, compiling included, and what follows its course (lengths, the decay of the learning rate) follows the
    clock; `steps` is then only the most.
    batch_tokens: tokens a step; windows = batch_tokens // length.
    lengths: window lengths in turn, each with the share of the run at which it ends.
    learning_rate, warmup_steps, schedule, decay_share: see WarmupSchedule.
    optimizer: "adamw" (the recipe) or "muon" (matrices by Muon, the rest by AdamW).
    weight_decay, clip_norm: of the optimizer; label_smoothing: of the loss, never of a reported NLL.
    transpose_semitones, transpose_probability, stretch, velocity_shift: see Augmentation.
    precision: Keras dtype policy; weights stay float32. query_block: queries that attention handles at once; a
    GPU wants more than a CPU's cache holds, 512, and compiles sooner. xla: compile the step with XLA (tensorflow and
    jax; torch runs eagerly); it gains a factor, and costs a minute at the start. seed: of weights, windows and dropout.
    log_every, validate_every, save_every: in steps. validation_windows: at most so many, evenly
    spread over the held-out pieces of the first corpus, of `validation_length` tokens.
    Before the first step of a fine-tune the base is validated too.
    max_minutes: saves and stops then, to be resumed; 0 is no limit.
    """

    data: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    preset: str = "enhanced"
    base: str = ""
    dropout: float | None = None
    width: int = 0
    blocks: int = 0
    lora_rank: int = 0
    lora_layers: tuple[str, ...] = LORA_LAYERS
    steps: int = 20_000
    minutes: float = 0.0
    batch_tokens: int = 4096
    lengths: tuple[tuple[int, float], ...] = ((2048, 1.0),)
    learning_rate: float = 3e-4
    warmup_steps: int = 6000
    schedule: str = "cosine"
    decay_share: float = 0.3
    optimizer: str = "adamw"
    weight_decay: float = 1e-5
    clip_norm: float = 1.0
    label_smoothing: float = 0.1
    transpose_semitones: int = 2
    transpose_probability: float = 0.3
    stretch: float = 0.0
    velocity_shift: int = 0
    precision: str = "float32"
    query_block: int = QUERY_BLOCK
    xla: bool = True
    seed: int = 0
    log_every: int = 20
    validate_every: int = 500
    save_every: int = 500
    validation_windows: int = 48
    validation_length: int = 1024
    max_minutes: float = 0.0

    def __post_init__(self) -> None:
        if self.preset not in MODEL_PRESETS:
            raise SettingsError(f"preset must be one of {sorted(MODEL_PRESETS)}. Received: {self.preset!r}")
        if self.precision not in PRECISIONS:
            raise SettingsError(f"precision must be one of {PRECISIONS}. Received: {self.precision!r}")
        if self.optimizer not in OPTIMIZERS:
            raise SettingsError(f"optimizer must be one of {OPTIMIZERS}. Received: {self.optimizer!r}")
        if self.lora_rank and (not self.base or not self.lora_layers or set(self.lora_layers) - set(LORA_LAYERS)):
            raise SettingsError(
                f"lora_rank needs a base, and lora_layers out of {LORA_LAYERS}. Received: base {self.base!r}, "
                f"lora_layers {self.lora_layers}"
            )
        check_range("lora_rank", self.lora_rank, 0, 256)
        check_range("label_smoothing", self.label_smoothing, 0, 0.5)
        check_range("learning_rate", self.learning_rate, 1e-7, 1)
        check_range("stretch", self.stretch, 0, 0.5)
        check_range("transpose_semitones", self.transpose_semitones, 0, 87)
        check_range("velocity_shift", self.velocity_shift, 0, 31)
        check_range("steps", self.steps, 1, 10**8)
        check_range("minutes", self.minutes, 0, 10**6)
        check_range("query_block", self.query_block, 1, 10**6)
        if not self.lengths or any(self.batch_tokens < length for length, _ in self.lengths):
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
        values = dict(values)
        for name in ("data", "weights", "lora_layers"):
            if name in values:
                values[name] = tuple(values[name])
        values["lengths"] = tuple((int(length), float(until)) for length, until in values["lengths"])
        return from_known_fields(cls, values)  # type: ignore[no-any-return]
