"""What a person chooses of a run: fewer and plainer things than a TrainingConfig has."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from musictx.config import LORA_LAYERS, from_known_fields
from musictx.errors import SettingsError
from musictx.settings import check_range
from musictx.training.config import PRECISIONS

ARCHITECTURES = ("enhanced", "original", "custom")
METHODS = ("full", "lora")
LONGEST_NAME = 60


@dataclass(frozen=True)
class RunSettings:
    """Everything a person decides of a run; with the dataset it makes a TrainingConfig.

    name: for people, 1 to 60 characters.
    base: reference of the checkpoint to start from: a name in checkpoints/ or "run:ID"; "" trains from scratch.
    architecture, width, blocks: of a network from scratch; "custom" takes width (a multiple of 64) and blocks.
    method: "full" trains every weight, "lora" small matrices beside the chosen `lora_layers`, of rank `lora_rank`
        (needs a base).
    steps: optimizer steps in all; 0 takes them from `epochs`, passes over the training tokens.
    learning_rate: the peak. batch: windows a step. length: tokens of a window.
    transpose: semitones up or down at most; stretch: share of the tempo, 0 to 0.2.
    label_smoothing: 0 to 0.2. precision: a Keras dtype policy.
    sample_every: steps between two checkpoints, each with its validation NLL and its audible sample.
    max_minutes: the run saves and stops then; 0 is as long as the limits allow.
    seed: of weights, windows, dropout and samples.

    Raises:
        SettingsError: for values outside these ranges.
    """

    name: str = "My run"
    base: str = "enhanced"
    architecture: str = "enhanced"
    width: int = 384
    blocks: int = 8
    method: str = "lora"
    lora_rank: int = 8
    lora_layers: tuple[str, ...] = LORA_LAYERS
    steps: int = 0
    epochs: float = 10.0
    learning_rate: float = 1e-3
    batch: int = 4
    length: int = 512
    transpose: int = 3
    stretch: float = 0.05
    label_smoothing: float = 0.0
    precision: str = "float32"
    sample_every: int = 50
    max_minutes: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= LONGEST_NAME:
            raise SettingsError(f"A run's name has 1 to {LONGEST_NAME} characters. Received: {self.name!r}")
        _check_choice("architecture", self.architecture, ARCHITECTURES)
        _check_choice("method", self.method, METHODS)
        _check_choice("precision", self.precision, PRECISIONS)
        unknown = sorted(set(self.lora_layers) - set(LORA_LAYERS))
        if unknown or (self.method == "lora" and not self.lora_layers):
            raise SettingsError(f"lora_layers must be some of {LORA_LAYERS}. Received: {self.lora_layers!r}")
        if self.method == "lora" and not self.base:
            raise SettingsError(
                "LoRA trains beside the weights of a checkpoint, and none is chosen. Choose a base, or method full."
            )
        for name, low, high in _RANGES:
            check_range(name, getattr(self, name), low, high)
        if not self.base and self.architecture == "custom" and self.width % 64:
            raise SettingsError(f"width must be a multiple of 64. Received: {self.width}")
        if not self.steps and not self.epochs:
            raise SettingsError("Give steps or epochs above 0: both are 0.")

    def to_json(self) -> str:
        """As the file that can be saved, loaded and given to `python -m musictx runs start`."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunSettings:
        """From such a file; SettingsError if it is none, or holds what is unknown or out of range."""
        try:
            return cls.from_dict(json.loads(text))
        except (ValueError, TypeError, AttributeError) as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(f"This is no settings file of a run ({error}). Save one from the Train tab.") from error

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunSettings:
        """From plain values; SettingsError for what is unknown or out of range."""
        values = {**values, "lora_layers": tuple(values.get("lora_layers", LORA_LAYERS))}
        return from_known_fields(cls, values)  # type: ignore[no-any-return]


_RANGES = (
    ("width", 64, 1024),
    ("blocks", 1, 16),
    ("lora_rank", 1, 64),
    ("steps", 0, 1_000_000),
    ("epochs", 0, 1000),
    ("learning_rate", 1e-6, 1e-1),
    ("batch", 1, 64),
    ("length", 32, 2048),
    ("transpose", 0, 12),
    ("stretch", 0, 0.2),
    ("label_smoothing", 0, 0.2),
    ("sample_every", 1, 100_000),
    ("max_minutes", 0, 7 * 24 * 60),
    ("seed", 0, 2**31 - 1),
)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingsError(f"{name} must be one of {choices}. Received: {value!r}")
