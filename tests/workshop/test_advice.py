"""What the numbers are said to mean."""

import pytest

from musictx.workshop.datasets.advice import dataset_warnings, expectation
from musictx.workshop.runs.advice import advice, memorised, smoothed
from musictx.workshop.runs.view import Curve


def validation(*values: float, every: int = 10) -> Curve:
    return smoothed([every * n for n in range(len(values))], values)


def test_more_music_can_be_expected_to_do_more() -> None:
    sentences = [expectation(minutes) for minutes in (0.5, 10, 60, 500, 5000)]
    assert len(set(sentences)) == 5
    assert "by heart" in sentences[0] and "from scratch" in sentences[-1]


def test_a_turned_curve_suggests_to_stop() -> None:
    training = smoothed([10, 20], [3.0, 2.0])
    turned = validation(3.0, 2.8, 2.6, 2.65, 2.7)
    (sentence,) = advice(training, turned, 3.0, live=True)
    assert "lowest at step 20 (2.600), now 2.700" in sentence and "You may stop" in sentence
    assert "would not help" in advice(training, turned, 3.0, live=False)[0]


@pytest.mark.parametrize("values", [(3.0, 2.8, 2.6), (3.0, 2.8, 2.81, 2.79), (3.0, 2.6, 2.605, 2.607), (3.0,), ()])
def test_a_falling_or_trembling_curve_does_not(values: tuple[float, ...]) -> None:
    assert advice(Curve(), validation(*values), 3.0, live=True) == ()


def test_a_run_that_gained_nothing_is_told_so_at_its_end() -> None:
    flat = validation(3.0, 3.001, 2.999)
    assert advice(Curve(), flat, 3.0, live=True) == ()
    assert "no better after training" in advice(Curve(), flat, 3.0, live=False)[0]
    assert advice(Curve(), flat, None, live=False) == ()  # from scratch there is no before


def test_knowing_by_heart_is_warned_of() -> None:
    assert "by heart" in memorised(smoothed([1, 2, 3], [3.0, 1.5, 0.8]), validation(3.1, 2.6, 2.5))
    assert memorised(smoothed([1, 2, 3], [3.0, 2.5, 2.3]), validation(3.1, 2.6, 2.5)) == ""
    # Validation pieces that are harder from the start are no sign of it.
    assert memorised(smoothed([1, 2], [2.0, 1.9]), validation(3.0, 2.9)) == ""
    assert memorised(Curve(), validation(3.0)) == ""


def test_smoothing_starts_at_the_first_value_and_follows() -> None:
    constant = smoothed(range(50), [2.0] * 50)
    assert constant.smoothed == pytest.approx([2.0] * 50)
    jump = smoothed(range(100), [1.0] * 50 + [2.0] * 50)
    assert jump.raw[50] == 2.0 and 1.0 < jump.smoothed[52] < 1.6 and jump.smoothed[-1] > 1.99


def test_datasets_that_cannot_be_judged_or_trained_on_are_warned_of() -> None:
    assert any("held out" in sentence for sentence in dataset_warnings(1, 0, 9000))
    assert any("left to train on" in sentence for sentence in dataset_warnings(1, 1, 0))
    assert any("single window" in sentence for sentence in dataset_warnings(2, 1, 100))
    assert dataset_warnings(5, 1, 9000) == ()
