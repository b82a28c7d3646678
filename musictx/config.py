"""Small frozen configurations: validated when built, stored with what they made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from musictx.errors import SettingsError
from musictx.settings import NAME, WHOLE, check_range, check_settings, setting

SAMPLE_RATE_HZ = 44_100  # of all rendered sound
MIDI_FORMATS = ("mid", "continuation")  # of a take: all of it, or the new notes alone from the join on
AUDIO_FORMATS = ("wav", "flac", "mp3", "ogg")  # that it can be heard in

# The Dense layers of a block that LoRA may train beside: attention, then the feed-forward network.
LORA_LAYERS = ("query", "key", "value", "merge", "expand", "contract")

# Queries that attention handles at once. Causal attention of a block needs no keys behind its end, so blocks
# halve the work at long lengths and bound the (T, S) logits that training keeps in memory.
QUERY_BLOCK = 128

ACTIVATIONS = ("relu", "gelu")  # "gelu" is the tanh form everywhere: the exact one does not export to ONNX


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

    def sized(self, width: int = 0, blocks: int = 0) -> ModelConfig:
        """The same with another width, the feed-forward network four times as wide, and depth; 0 keeps them."""
        wide = dataclasses.replace(self, width=width, ffn_width=4 * width) if width else self
        return dataclasses.replace(wide, blocks=blocks) if blocks else wide

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
        when is drawn as the model learned it, see `generation.sampling.per_kind`. "tokens": all tokens alike, as in the
        keras-io example.
    stay_in_key: how firmly a continuation stays in the pitch classes of the seed, or of what is listened to of it:
        0 (as the model goes) to 2. The more, the fewer notes are of other classes. See
        `generation.sampling.pitch_class_bias`.

    Raises:
        SettingsError: for values outside these ranges.
    """

    temperature: float = setting(
        0.8,
        low=0,
        high=2,
        step=0.05,
        label="Temperature",
        hint="calmer … wilder",
        meaning="0 (greedy) to 2",
        glossary="0 always takes the likeliest key, 1 draws as the model learned, above that it grows wild",
        of_preset=True,
        of_side=True,
    )
    top_k: int = setting(
        10,
        WHOLE,
        low=0,
        high=391,
        shown=(0, 100),
        label="Top-k",
        hint="keys to choose from, 0 = all",
        meaning="0 keeps all",
        glossary="it draws among so many of the likeliest keys only; 0 is all of them",
        of_preset=True,
        of_side=True,
    )
    top_p: float = setting(
        0.92,
        low=0.01,
        high=1,
        shown=(0.05, 1),
        step=0.01,
        label="Top-p",
        hint="the likely … the rare",
        meaning="1 keeps all",
        glossary="it draws among the likeliest keys that together have this share of the odds",
        of_preset=True,
        of_side=True,
    )
    focus: float = setting(
        1.0,
        low=FOCUS_RANGE[0],
        high=FOCUS_RANGE[1],
        step=0.05,
        label="Focus",
        hint="attention: narrow … wide",
        meaning="scales the attention temperature, {:g} to {:g}".format(*FOCUS_RANGE),
        glossary="the width of its attention; 1 is as it was trained, and plays best",
        error_name="focus (attention temperature)",
        of_side=True,
    )
    scope: str = setting(
        "keys",
        NAME,
        choices=SCOPES,
        meaning="what these act on: keys and their velocity, or all tokens, as in the keras-io example",
    )
    stay_in_key: float = setting(
        1.0,
        low=0,
        high=2,
        step=0.1,
        label="Stay in key",
        hint="foreign notes: more … fewer",
        meaning="how firmly a take stays in the seed's pitch classes, 0 to 2: the more, the fewer notes of others",
        glossary="the more, the fewer foreign notes: those whose name, in any octave, the seed does not have",
        error_name="stay in key",
        of_side=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken, so that a random seed changes nothing."""
        return self.temperature == 0 or (self.scope == "tokens" and self.top_k == 1)


SAMPLING_PRESETS: dict[str, SamplingConfig] = {
    "precise": SamplingConfig(0.7, 5, 0.85),
    "balanced": SamplingConfig(0.8, 10, 0.92),
    "creative": SamplingConfig(1.1, 15, 0.95),
}


DEFAULT_CHECKPOINT = "enhanced"
LENGTH_RANGE_S = (5.0, 180.0)
CONTEXT_RANGE_S = (1.0, 120.0)
MOST_VARIATIONS = 4
LARGEST_SEED = 2**31 - 1
EQUAL_TAKES = (
    "All variations would be one and the same piece: at temperature 0 (or top-k 1 over all tokens) the most likely "
    "token is always taken. Ask for 1 variation, or raise the temperature."
)


@dataclass(frozen=True)
class ComposeSettings:
    """Everything that decides a take; the same settings and seed give the same take.

    seconds: length of the continuation, 5 to 180. context_seconds: of the seed's end that the
    model sees, 1 to 120. variations: 1 to 4. random_seed: 0 to 2**31 - 1. checkpoint: by name.

    Raises:
        SettingsError: for values outside these ranges, and for several variations that would all be the same.
    """

    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    seconds: float = setting(
        30.0,
        low=LENGTH_RANGE_S[0],
        high=LENGTH_RANGE_S[1],
        label="Length",
        hint="seconds of new music",
        meaning="seconds of new music, {:g} to {:g}".format(*LENGTH_RANGE_S),
        error_name="the length in seconds",
    )
    context_seconds: float = setting(
        60.0,
        low=CONTEXT_RANGE_S[0],
        high=CONTEXT_RANGE_S[1],
        shown=(5, CONTEXT_RANGE_S[1]),
        step=5,
        label="Context",
        hint="last seconds of the seed",
        meaning="how many seconds of the seed's end are listened to, {:g} to {:g}".format(*CONTEXT_RANGE_S),
        glossary="how much of the seed’s end it hears before it goes on, in seconds",
        error_name="the context in seconds",
        element="context",
    )
    variations: int = setting(
        1,
        WHOLE,
        low=1,
        high=MOST_VARIATIONS,
        label="Variations",
        hint="takes side by side",
        meaning=f"takes, 1 to {MOST_VARIATIONS}",
    )
    random_seed: int = setting(
        0,
        WHOLE,
        low=0,
        high=LARGEST_SEED,
        label="Random seed",
        meaning="drawn if not given: the same one gives the same music",
        error_name="the random seed",
    )
    checkpoint: str = setting(
        DEFAULT_CHECKPOINT,
        NAME,
        label="Checkpoint",
        meaning="a checkpoint by name",
        glossary="what a model has learned, as files: its weights",
        of_side=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.variations > 1 and self.sampling.greedy:
            raise SettingsError(EQUAL_TAKES)


@dataclass(frozen=True)
class RenderSettings:
    """How a take sounds: SoundFont by name (None: the best there is), room 0..1, gain 0..4.

    Raises:
        SettingsError: for values outside these ranges.
    """

    soundfont: str | None = None
    room: float = 0.2
    gain: float = 1.0

    def __post_init__(self) -> None:
        check_range("room", self.room, 0, 1)
        check_range("gain", self.gain, 0, 4)


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
