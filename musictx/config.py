"""Small frozen configurations: validated when built, stored with what they made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from musictx.errors import SettingsError

SAMPLE_RATE_HZ = 44_100  # of all rendered sound
MIDI_FORMATS = ("mid", "continuation")  # of a take: all of it, or the new notes alone from the join on
AUDIO_FORMATS = ("wav", "flac", "mp3", "ogg")  # that it can be heard in

# The Dense layers of a block that LoRA may train beside: attention, then the feed-forward network.
LORA_LAYERS = ("query", "key", "value", "merge", "expand", "contract")

# Queries that attention handles at once. Causal attention of a block needs no keys behind its end, so blocks
# halve the work at long lengths and bound the (T, S) logits that training keeps in memory.
QUERY_BLOCK = 128

ACTIVATIONS = ("relu", "gelu")  # "gelu" is the tanh form everywhere: the exact one does not export to ONNX


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raises SettingsError unless low <= value <= high (NaN never is)."""
    if not low <= value <= high:
        raise SettingsError(f"{name} must lie between {_figure(low)} and {_figure(high)}. Received: {value!r}")


def check_whole(name: str, value: float, low: int, high: int) -> None:
    """Raises SettingsError unless `value` is a whole number with low <= value <= high."""
    check_range(name, value, low, high)
    if value != int(value):
        raise SettingsError(f"{name} must be a whole number. Received: {value!r}")


def _figure(value: float) -> str:
    """A bound as people write it: 2,147,483,647 and 0.25."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


@dataclass(frozen=True)
class ModelConfig:
    """Shape of one Music Transformer; `MODEL_PRESETS` names the ones we ship.

    width: size D of embeddings and residual stream; heads = width // head_size.
    blocks: number of transformer blocks.
    ffn_width: hidden size of the feed-forward network.
    window: the longest sequence of positions, rows of the relative embedding E.
    pre_norm: LayerNorm before each sub-layer (and once at the end) instead of after it.
    attention_temperature: divides the attention logits beside sqrt(head_size); above 1
        looks at more, below 1 at less of the past.
    dropout: rate after each sub-layer while training.
    """

    width: int = 384
    blocks: int = 8
    ffn_width: int = 1536
    head_size: int = 64
    window: int = 2048
    vocabulary_size: int = 391
    activation: str = "gelu"
    pre_norm: bool = True
    attention_temperature: float = 0.8
    dropout: float = 0.25

    def __post_init__(self) -> None:
        for name in ("width", "blocks", "ffn_width", "head_size", "window", "vocabulary_size"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise SettingsError(f"{name} must be a whole number above 0. Received: {value!r}")
        if self.width % self.head_size or self.width % 2:
            raise SettingsError(
                f"width must be even and a multiple of head_size. Received: {self.width} and {self.head_size}"
            )
        if self.activation not in ACTIVATIONS:
            raise SettingsError(f"activation must be one of {ACTIVATIONS}. Received: {self.activation!r}")
        check_range("attention_temperature", self.attention_temperature, 0.1, 10)
        check_range("dropout", self.dropout, 0, 0.9)

    @property
    def heads(self) -> int:
        """Number H of attention heads."""
        return self.width // self.head_size

    @property
    def parameters(self) -> int:
        """Number of weights."""
        width, ffn = self.width, self.ffn_width
        block = 4 * (width * width + width) + 2 * width * ffn + ffn + width + 4 * width + self.window * self.head_size
        norm = 2 * width if self.pre_norm else 0
        return self.blocks * block + 2 * self.vocabulary_size * width + self.vocabulary_size + norm

    def to_dict(self) -> dict[str, Any]:
        """As plain values for `config.json`."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """From `config.json`; raises SettingsError for unknown or unfit entries."""
        return from_known_fields(cls, values)


MODEL_PRESETS: dict[str, ModelConfig] = {
    # The keras-io example's configuration. Its FFN takes the value after residual and
    # norm here (the example fed it the value before both); the parameter count stays 2,967,687.
    "original": ModelConfig(
        width=256, blocks=6, ffn_width=128, activation="relu", pre_norm=False, attention_temperature=1.0, dropout=0.2
    ),
    "enhanced": ModelConfig(),
    # Small enough to build and run in any test.
    "tiny": ModelConfig(width=32, blocks=2, ffn_width=64, head_size=16, window=128, dropout=0.1),
}


SCOPES = ("keys", "tokens")
# Of the attention temperature as trained. Beyond, takes flood or blur: docs/experiments.md, "The ends of the sliders".
FOCUS_RANGE = (0.7, 1.4)


@dataclass(frozen=True)
class SamplingConfig:
    """How the next token is drawn from the model's logits.

    temperature: 0 (greedy: always the most likely token) to 2.
    top_k: keep the k most likely tokens; 0 keeps all.
    top_p: keep the smallest set of most likely tokens whose probabilities reach p; 1 keeps all.
    focus: scales every block's attention temperature at generation time, within FOCUS_RANGE; 1 as trained.
    scope: what the first three act on. "keys": note-ons, note-offs and velocities; what comes next and
        when is drawn as the model learned it, see `generation.steering`. "tokens": all tokens alike, as in the
        keras-io example.
    stay_in_key: how firmly a continuation stays in the pitch classes of the seed, or of what is listened to of it:
        0 (as the model goes) to 2. The more, the fewer notes are of other classes. See `generation.home`.
    """

    temperature: float = 0.8
    top_k: int = 10
    top_p: float = 0.92
    focus: float = 1.0
    scope: str = "keys"
    stay_in_key: float = 1.0

    def __post_init__(self) -> None:
        check_range("temperature", self.temperature, 0, 2)
        check_whole("top_k", self.top_k, 0, 391)
        check_range("top_p", self.top_p, 0.01, 1)
        check_range("focus (attention temperature)", self.focus, *FOCUS_RANGE)
        check_range("stay in key", self.stay_in_key, 0, 2)
        if self.scope not in SCOPES:
            raise SettingsError(f"scope must be one of {SCOPES}. Received: {self.scope!r}")

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken, so that a random seed changes nothing."""
        return self.temperature == 0 or (self.scope == "tokens" and self.top_k == 1)


SAMPLING_PRESETS: dict[str, SamplingConfig] = {
    "precise": SamplingConfig(0.7, 5, 0.85),
    "balanced": SamplingConfig(0.8, 10, 0.92),
    "creative": SamplingConfig(1.1, 15, 0.95),
}


def from_known_fields(cls: type[Any], values: dict[str, Any]) -> Any:
    """Builds the dataclass `cls` from `values`; SettingsError names what does not belong."""
    known = {field.name for field in dataclasses.fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingsError(f"unknown {cls.__name__} entries {unknown}; known are {sorted(known)}")
    try:
        return cls(**values)
    except TypeError as error:
        raise SettingsError(f"{cls.__name__} cannot be built from {values!r}: {error}") from error
