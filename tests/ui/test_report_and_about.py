"""The seed report and the About tab as HTML."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from musictx.ui.about import about_html
from musictx.ui.seed_report import report_html
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
