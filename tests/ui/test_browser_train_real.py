"""The Train tab over the real workshop with the tiny model: from files to a run that plays in the Compose tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import ROOT, free_port, served
from tests.ui.test_browser import set_number
from tests.ui.test_browser_train import bring, hear, path_length, says, start, words

LONGEST_WAIT_MS = 240_000  # TensorFlow starts and compiles in the run's own process, on whatever machine this is


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page that lives through a restart of its server, and may complain of it in its console."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    one = context.new_page()
    one.set_default_timeout(LONGEST_WAIT_MS)
    yield one
    context.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_fine_tune_from_files_to_music(tmp_path: Path, page: Any) -> None:
    port = free_port()
    with served("tiny", tmp_path, port) as url:
        page.goto(url)
        page.click("[role=tab]:has-text('Train')")
        bring(page, sorted((ROOT / "assets" / "seeds").glob("*.mid"))[:6])
        assert page.locator("#dataset .piece").count() == 6
        page.click("#train-more > button")
        # The settings that fit the dataset would overwrite what is typed, and they come twice: Gradio sends the last
        # answer of an event that told of its progress once more when the event ends.
        page.wait_for_function("document.querySelector('#run-steps input')?.value > 0")
        page.wait_for_timeout(1500)
        # The widest batch: steps slow enough to be stopped between two of them.
        for name, value in {"run-steps": 30, "sample-every": 10, "lora-rank": 4, "batch": 64}.items():
            set_number(page, name, value)
        start(page, "Six seeds")
        page.wait_for_selector("#run path.held")  # what the base knows, before the first step
        page.wait_for_selector("#run path.training")
        page.click("#run .stop")
        page.wait_for_selector("#run [data-phase=stopped]")
        stopped_at = path_length(page, "training")
        hear(page, "sample")  # from before the first step, or a later one
        page.click("#run .resume")
        page.wait_for_selector("#run :is([data-phase=queued], [data-phase=running])")

    with served("tiny", tmp_path, port) as url:  # the page is started again while the run goes on
        page.goto(url)
        page.click("[role=tab]:has-text('Train')")
        page.wait_for_selector("#run [data-phase=finished]")
        assert "step 30 of 30" in words(page, "#run .status")
        assert path_length(page, "training") > stopped_at and path_length(page, "held") >= 3
        page.locator("#run .chips button").last.click()
        says(page, "#listen .stage-title", "after step 30")
        page.wait_for_function("document.querySelector('#listen .roll').player.time > 0.2")
        page.click("#outcome .use")
        page.wait_for_selector("#generate:visible")
        page.click("#more > button")
        assert page.locator("#checkpoint input").input_value() == "Six seeds · yours"
        set_number(page, "seconds", 5)
        page.click("#generate")
        page.wait_for_selector("[data-phase=done]")
        assert "s of music" in words(page, "#result .take-facts")
