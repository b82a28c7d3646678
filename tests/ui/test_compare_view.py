"""The words of a comparison."""

from __future__ import annotations

import pytest

from musictx.config import SAMPLING_PRESETS, ComposeSettings, SamplingConfig
from musictx.generation.score import SeedScore
from musictx.ui.compare.view import score_sentence, side_names
from musictx.ui.forms import sampling_words

BALANCED, CREATIVE = (ComposeSettings(SAMPLING_PRESETS[name]) for name in ("balanced", "creative"))


@pytest.mark.parametrize(
    ("sampling", "words"),
    [
        (SAMPLING_PRESETS["precise"], "Precise"),
        (SamplingConfig(0.8, 10, 0.92, 0.7), "Balanced, focus 0.7"),
        (SamplingConfig(0.8, 10, 0.92, stay_in_key=0), "Balanced, stay in key 0"),
        (SamplingConfig(1.25, 0, 1.0), "temperature 1.25, top-k 0, top-p 1"),
    ],
)
def test_settings_are_said_by_name_where_they_have_one(sampling: SamplingConfig, words: str) -> None:
    assert sampling_words(sampling) == words


def test_names_hold_what_tells_the_two_apart() -> None:
    assert side_names((BALANCED, BALANCED), ("Enhanced", "Original")) == ("Enhanced", "Original")
    assert side_names((BALANCED, CREATIVE), ("Enhanced", "Enhanced")) == ("Enhanced · Balanced", "Enhanced · Creative")


def test_a_score_says_how_much_was_read() -> None:
    score = SeedScore(1.9, 5.25, 44.04, 2048, 5310)
    said = "NLL of the seed: 1.900 nats a token, 5.25 a note, 44.0 a second · the first 2,048 of 5,310 tokens"
    assert score_sentence(score) == said
    assert score_sentence(SeedScore(1.9, 5.25, 44.04, 380, 380)).endswith(" · 380 tokens")
