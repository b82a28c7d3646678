"""The seed report and the About tab as HTML."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from musictx.config import MODEL_PRESETS
from musictx.model.card import CheckpointCard
from musictx.ui.about.tab import about_html
from musictx.ui.seed.report import report_html
from tests.ui.fake_studio import FakeStudio


def test_report_sets_warnings_apart_and_escapes(fake_studio: FakeStudio) -> None:
    seed = fake_studio.read_seed(fake_studio.built_in_seeds()[0].path)
    report = dataclasses.replace(
        fake_studio.describe(seed, 4), dropped=("Drums <b>were</b> left out.",), warnings=("only 3 notes",)
    )
    html = report_html(report)
    assert "Drums &lt;b&gt;were&lt;/b&gt; left out." in html
    assert 'class="warning"' in html and "only 3 notes" in html
    assert "<dt>Context</dt><dd>last 4 s</dd>" in html
    assert "<dt>Notes</dt><dd>64</dd>" in html


def test_about_shows_card_licences_and_keys(fake_studio: Any) -> None:
    html = about_html(fake_studio)
    for words in (
        "Random walk",
        "Licence of the weights: MIT",
        "1.93",
        "Sine: MIT",
        "Ctrl + Enter",
        "/compose",
        "own phrase",
    ):
        assert words in html


def test_about_without_anything_installed(fake_studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_studio, "checkpoints", lambda: ())
    monkeypatch.setattr(fake_studio, "soundfonts", lambda: ())
    html = about_html(fake_studio)
    assert "No checkpoint was found." in html and "No SoundFont was found." in html


def card_of(name: str, per_token: float) -> Any:
    """As `scripts.ship_checkpoint` writes it."""
    figures = {"checkpoint": name, "per_token": per_token, "per_note": 9.4894, "per_second": 79.52, "window": 2048}
    recipe = {"tokens": 7_782_400}
    return CheckpointCard(
        name, name.title(), "CC0", MODEL_PRESETS[name], "", recipe=recipe, figures={"maestro-validation": figures}
    )


def test_about_says_what_was_measured_on_each_split(fake_studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_studio, "checkpoints", lambda: (card_of("enhanced", 2.3488),))
    html = about_html(fake_studio)
    assert "<td>2.349 nats a token</td><td>9.489 a note</td><td>79.52 a second</td>" in html
    assert "to-compare" not in html  # nothing to compare with


def test_about_sets_the_original_beside_the_enhanced_model(fake_studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = (card_of("enhanced", 2.3488), card_of("original", 2.6))
    monkeypatch.setattr(fake_studio, "checkpoints", lambda: cards)
    html = about_html(fake_studio)
    assert "<th scope='col'>Original</th><th scope='col'>Enhanced</th>" in html
    assert "<th scope='row'>blocks of width</th><td>6 of 256</td><td>8 of 384</td>" in html
    assert "<td>2,967,687</td>" in html
    assert "<th scope='row'>tokens of training</th><td>7,782,400</td><td>7,782,400</td>" in html
    assert "<th scope='row'>NLL, maestro-validation</th><td>2.600</td><td>2.349</td>" in html
    assert 'lang="ca"' in html and "to-compare" in html


def test_checkpoints_straight_from_a_run_are_set_side_by_side_too(
    fake_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = [
        CheckpointCard(name, name, "CC0", MODEL_PRESETS[name], "", figures={"validation_nll_per_token": 2.5})
        for name in ("original", "enhanced")
    ]
    monkeypatch.setattr(fake_studio, "checkpoints", lambda: tuple(cards))
    assert "<td>2,967,687</td>" in about_html(fake_studio)
