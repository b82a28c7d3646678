"""Numbers that do not fit, typed into the page in a real browser: a sentence at the field, and nothing begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.steps import open_more

OpenPage = Callable[..., Any]


def said(page: Any, name: str) -> str:
    """The sentence at a field, as assistive technology finds it; "" if the field is in order."""
    field = page.locator(f"#{name} input[type=number]")
    if field.get_attribute("aria-invalid") is None:
        return ""
    line = page.locator(f"[id='{field.get_attribute('aria-describedby')}']")
    assert line.get_attribute("role") == "alert" and line.is_visible()
    return str(line.inner_text())


def press(page: Any, name: str, value: str, button: str = "#generate") -> None:
    """Types a value and presses the button with the field still open."""
    page.locator(f"#{name} input[type=number]").fill(value)
    page.click(button)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("random-seed", "-5", "Random seed must be a whole number between 0 and 2,147,483,647. Received: -5"),
        ("random-seed", "", "Random seed must be a whole number between 0 and 2,147,483,647. The field is empty."),
        ("random-seed", "2.5", "Received: 2.5"),
        ("random-seed", "99999999999", "Received: 99999999999"),
        ("random-seed", "1e300", "Received: 1e300"),
        ("variations", "2.5", "Variations must be a whole number between 1 and 4. Received: 2.5"),
        ("variations", "9", "Variations must be a whole number between 1 and 4. Received: 9"),
        ("variations", "", "Variations must be a whole number between 1 and 4. The field is empty."),
        ("temperature", "7", "Temperature must be a number between 0 and 2. Received: 7"),
        ("top-k", "1.5", "Top-k must be a whole number between 0 and 100. Received: 1.5"),
        ("seconds", "-3", "Length must be a number between 5 and 180. Received: -3"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(
    fake_url: str, open_page: OpenPage, name: str, value: str, words: str
) -> None:
    page = open_page(fake_url)
    open_more(page, name=name)
    press(page, name, value)
    page.wait_for_selector(f"#{name} .field-problem")
    assert words in said(page, name) and "visitors" not in page.locator("#compose").inner_text()
    assert page.locator(".stage").get_attribute("data-phase") == "seed"
    assert page.locator(".field-problem").count() == 1
    fitting = {"seconds": "5", "random-seed": "7"}.get(name, "1")
    press(page, name, fitting)
    page.wait_for_selector("[data-phase=done], [data-phase=working]")
    assert said(page, name) == "" and page.locator(".field-problem").count() == 0


def test_a_field_out_of_sight_is_brought_into_sight(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    open_more(page)
    page.locator("#random-seed input").fill("-5")
    page.click("#more > button")  # closed over it
    page.wait_for_selector("#random-seed input", state="hidden")
    page.click("#generate")
    page.wait_for_selector("#random-seed .field-problem:visible")
    page.wait_for_function("document.activeElement === document.querySelector('#random-seed input')")
    inside = page.evaluate(
        """() => document.querySelector('#random-seed .field-problem').getBoundingClientRect().bottom
          <= document.querySelector('#generate').getBoundingClientRect().top"""
    )
    assert inside


def test_four_equal_takes_are_not_made(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    open_more(page)
    page.locator("#temperature input[type=number]").fill("0")
    press(page, "variations", "4")
    page.wait_for_selector("#variations .field-problem")
    assert "one and the same piece" in said(page, "variations")
    page.click("#preset label:has-text('Creative')")  # another temperature is an answer to it
    page.wait_for_selector("#variations .field-problem", state="detached")
    page.click("#generate")
    page.wait_for_selector("[data-phase=done]")
    assert page.locator(".take-tabs button").count() == 4


def test_a_new_number_answers_the_sentence(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    open_more(page)
    press(page, "random-seed", "-5")
    page.wait_for_selector("#random-seed .field-problem")
    page.click("#dice")
    page.wait_for_selector("#random-seed .field-problem", state="detached")


def test_compare_says_it_at_its_own_fields(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.click("[role=tab]:has-text('Compare')")
    open_more(page, "#b-more", "b-top-k")
    press(page, "compare-random-seed", "-5", "#compare-generate")
    page.wait_for_selector("#compare-random-seed .field-problem")
    assert "Received: -5" in said(page, "compare-random-seed")
    page.locator("#compare-random-seed input").fill("5")
    press(page, "b-top-k", "2.5", "#compare-generate")
    page.wait_for_selector("#b-top-k .field-problem")
    assert said(page, "compare-random-seed") == ""
    assert page.locator("#compare-stage [data-phase=working]").count() == 0


def test_train_says_it_at_its_fields(fake_url: str, open_page: OpenPage) -> None:
    page = open_page(fake_url)
    page.click("[role=tab]:has-text('Train')")
    page.wait_for_selector("#train-more:visible")
    open_more(page, "#train-more", "run-seed")
    page.locator("#run-seed input").fill("-1")
    page.locator("#learning-rate input").fill("")
    page.click("#save-settings")
    page.wait_for_selector("#run-seed .field-problem")
    assert "Random seed must be a whole number of 0 or more" in said(page, "run-seed")
    assert "Learning rate must be a number" in said(page, "learning-rate")
