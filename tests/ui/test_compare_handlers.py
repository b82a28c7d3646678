"""What the Compare tab's handlers answer, without a page."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from musictx.config import MODEL_PRESETS, ComposeSettings, SamplingConfig
from musictx.errors import AudioError, CheckpointError
from musictx.takes import Progress, Seed
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compare.handlers import CompareHandlers
from musictx.ui.compare.runs import in_step
from musictx.ui.compare.tab import other_checkpoint
from musictx.ui.compare.view import Side
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.player.desk import Desk
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.pressed import on_side
from tests.ui.visitor import finished, with_dataset

A = on_side()  # Balanced
CREATIVE: dict[str, Any] = {"temperature": 1.1, "top_k": 15, "top_p": 0.95, "focus": 1.3}
B = on_side(**CREATIVE)  # with another focus
VALUES = (10, 7, True, *A, *B)
REQUEST: Any = SimpleNamespace(session_hash="me", username=None)
NOTHING = (gr.skip(), gr.skip())
TELLING = ("Random walk", "Balanced", "Creative", "tokens/s", "nats", "enhanced", " tokens", "random seed")


@pytest.fixture
def desk(fake_studio: Any) -> Desk:
    return Desk(SeedHandlers(fake_studio).first_picture())


@pytest.fixture
def comparing(fake_studio: Any, fake_workshop: Any) -> CompareHandlers:
    """A blind comparison of these shows B first."""
    music = ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)
    return CompareHandlers(music, OwnCheckpoints(fake_workshop), by_lot=lambda: True)


def compared(
    comparing: CompareHandlers, desk: Desk, blind: bool = False, values: tuple[Any, ...] = VALUES, kept: Any = None
) -> list[tuple[Any, ...]]:
    """Everything one press of Generate shows: (stage, generate, stop, random seed)."""
    begun = comparing.begin(desk, blind, kept, REQUEST, *values)
    return [(*begun[:3], None), *comparing.generate(desk, kept, REQUEST)]


def prefer(comparing: CompareHandlers, desk: Desk, votes: Any, side: Any) -> tuple[Any, ...]:
    """A press on one of the three buttons: (votes, stage)."""
    event: Any = SimpleNamespace(side=side)
    return comparing.prefer(desk, votes, event)


def test_both_grow_and_end_with_facts_and_scores(comparing: CompareHandlers, desk: Desk) -> None:
    answers = compared(comparing, desk)
    for answer in answers:
        assert json.loads(json.dumps(answer[0])) == answer[0]  # numpy numbers would reach the browser as strings
    grown = [[side["reached_s"] for side in answer[0]["sides"]] for answer in answers[:-2]]
    assert grown and all(abs(first - second) <= 0.5 for first, second in grown)
    value = answers[-1][0]
    assert (value["phase"], value["hidden"]) == ("done", False)
    assert [side["label"] for side in value["sides"]] == ["A", "B"]
    assert [side["name"] for side in value["sides"]] == [
        "Random walk · Balanced",
        "Random walk · Creative, focus 1.3",
    ]
    assert all(
        side["facts"].startswith("10 s of music") and "random seed 7" in side["facts"] for side in value["sides"]
    )
    assert [side["score"].split(",")[0] for side in value["sides"]] == [
        "NLL of the seed: 2.500 nats a token",
        "NLL of the seed: 2.800 nats a token",
    ]
    _, button, stop, random_seed = answers[-2]
    assert button["value"] == "Generate" and button["interactive"] and not stop["interactive"] and random_seed != 7


def test_without_the_same_random_seed_b_takes_the_next(comparing: CompareHandlers, desk: Desk) -> None:
    values = (10, 7, False, *A, *A)
    sides = compared(comparing, desk, values=values)[-1][0]["sides"]
    assert [side["name"] for side in sides] == ["Random walk · random seed 7", "Random walk · random seed 8"]
    assert sides[0]["score"] == sides[1]["score"] != ""
    assert sides[0]["notes"] != sides[1]["notes"]


@pytest.mark.parametrize("b_first", [True, False])
def test_blind_nothing_tells_until_the_choice(comparing: CompareHandlers, desk: Desk, b_first: bool) -> None:
    comparing.by_lot = lambda: b_first
    answers = compared(comparing, desk, blind=True)
    sounds = list(comparing.sound(desk, None, 0.2))
    for value in (*(answer[0] for answer in answers), *sounds):
        shown = json.dumps({**value, "serial": 0})
        assert [words for words in TELLING if words in shown] == []
    assert [side["label"] for side in sounds[-1]["sides"]] == ["X", "Y"]
    assert [side["files"][0]["name"] for side in sounds[-1]["sides"]] == [
        "prelude-x-seed7.mid",
        "prelude-y-seed7.mid",
    ]

    votes, answer = prefer(comparing, desk, (), 0)
    letters = ("B", "A") if b_first else ("A", "B")
    assert [side["label"] for side in answer["sides"]] == [f"X was {letters[0]}", f"Y was {letters[1]}"]
    chosen = "Random walk · Creative, focus 1.3" if b_first else "Random walk · Balanced"
    assert answer["words"] == f"You preferred X, {chosen}. {chosen} preferred 1 of 1."
    assert answer["serial"] == answers[0][0]["serial"] and "nats" in answer["sides"][0]["score"]
    assert [kept["title"] for kept in answer["kept"]] == ["Prelude"]
    assert len(votes) == 1 and prefer(comparing, desk, votes, 1) == NOTHING  # the first choice counts
    assert desk.picture.value()["sides"][0]["name"] == chosen


@pytest.mark.parametrize("blind", [True, False])
def test_the_files_of_a_blind_comparison_do_not_tell_what_made_them(
    comparing: CompareHandlers, desk: Desk, fake_studio: Any, monkeypatch: pytest.MonkeyPatch, blind: bool
) -> None:
    compared(comparing, desk, blind=blind)
    written, export = [], fake_studio.export

    def watched(take: Any, *values: Any) -> Any:
        written.append(take.is_blind)
        return export(take, *values)

    monkeypatch.setattr(fake_studio, "export", watched)
    list(comparing.sound(desk, None, 0.2))
    assert written == [blind, blind]


def test_only_a_hidden_comparison_can_be_chosen_in(comparing: CompareHandlers, desk: Desk, fake_studio: Any) -> None:
    assert prefer(comparing, desk, (), 0) == NOTHING
    compared(comparing, desk)
    assert prefer(comparing, desk, (), 0) == NOTHING
    compared(comparing, desk, blind=True)
    for side in (5, None, [1]):
        assert prefer(comparing, desk, (), side) == NOTHING
    assert "No preference. no preference 1 of 1." in prefer(comparing, desk, (), -1)[1]["words"]


def test_a_checkpoint_that_does_not_fit_is_said_on_its_side(
    comparing: CompareHandlers, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = comparing.studio.compose

    def fail_for_creative(seed: Seed, settings: ComposeSettings, stop: Callable[[], bool]) -> Iterator[Progress]:
        if settings.sampling.temperature > 1:
            raise CheckpointError("The weights of creative are damaged. Fetch them again.")
        yield from whole(seed, settings, stop)

    monkeypatch.setattr(comparing.studio, "compose", fail_for_creative)
    value = compared(comparing, desk, blind=True)[-1][0]
    assert [side["label"] for side in value["sides"]] == ["A", "B"] and not value["hidden"]
    assert value["sides"][1]["problem"].startswith("The weights of creative") and not value["sides"][1]["made"]
    assert value["sides"][0]["facts"].startswith("10 s of music") and value["phase"] == "done"
    files = list(comparing.sound(desk, None, 0.2))[-1]["sides"]
    assert files[0]["files"][0]["data"] and not files[1]["files"][0]["data"]


@pytest.mark.parametrize("error", [CheckpointError("Nothing fits."), ZeroDivisionError("!")])
@pytest.mark.parametrize("made_before", [False, True])
def test_when_neither_fits_what_was_there_stays(
    comparing: CompareHandlers, desk: Desk, error: Exception, made_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise error

    if made_before:
        compared(comparing, desk)
    before = desk.picture
    monkeypatch.setattr(comparing.studio, "compose", fail)
    value, button, *_ = compared(comparing, desk)[-1]
    said = "Nothing fits." if isinstance(error, CheckpointError) else "terminal"
    assert value["phase"] == before.phase and said in value["problem"]["text"] and button["interactive"]
    assert desk.picture.comparison is before.comparison
    assert not comparing.music.stop_flags.current("compare-me").is_set()


def test_somebody_elses_checkpoint_stays_closed(comparing: CompareHandlers, desk: Desk) -> None:
    values = (10, 7, True, *A, *on_side(checkpoint="run:theirs"))
    sides = compared(comparing, desk, values=values)[-1][0]["sides"]
    assert "somebody's own checkpoint" in sides[1]["problem"] and sides[0]["made"]


def test_ones_own_checkpoint_is_called_by_its_title(
    comparing: CompareHandlers, desk: Desk, fake_workshop: Any, tmp_path: Path
) -> None:
    kept = finished(fake_workshop, with_dataset(fake_workshop, tmp_path))
    values = (10, 7, True, *A, *on_side(checkpoint=f"run:{kept['run']}"))
    value = compared(comparing, desk, values=values, kept=kept)[-1][0]
    assert [side["name"] for side in value["sides"]] == ["Random walk", "Waltz · yours"]
    assert all(side["made"] for side in value["sides"])


def test_a_number_out_of_range_names_its_side(comparing: CompareHandlers, desk: Desk) -> None:
    answers = compared(comparing, desk, values=(10, 7, True, *A, *on_side(**{**CREATIVE, "temperature": 9.0})))
    assert answers[0][0]["problem"]["text"].startswith("B: temperature")
    assert answers[-1][1]["interactive"] and desk.picture.comparison is None


def test_stop_keeps_what_both_have(comparing: CompareHandlers, desk: Desk) -> None:
    comparing.begin(desk, False, None, REQUEST, *(180, *VALUES[1:]))
    values = []
    for answer in comparing.generate(desk, None, REQUEST):
        values.append(answer[0])
        comparing.stop(REQUEST)
    assert values[-1]["status"] == "Stopped" and values[-1]["phase"] == "done"
    assert all(side["made"] and side["facts"].startswith("stopped") and side["score"] for side in values[-1]["sides"])


def test_without_a_synthesiser_the_midi_files_are_still_there(
    comparing: CompareHandlers, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: Any) -> Any:
        raise AudioError("No SoundFont was found. Put one into assets/soundfonts.")

    monkeypatch.setattr(comparing.studio, "render", silent)
    compared(comparing, desk)
    value = list(comparing.sound(desk, None, 0.2))[-1]
    for side in value["sides"]:
        assert "SoundFont" in side["files_problem"] and [file["label"] for file in side["files"] if file["data"]] == [
            "MIDI",
            "Continuation only",
        ]


def test_whoever_is_behind_comes_next() -> None:
    def run(letter: str, *steps: float) -> Iterator[Side]:
        for seconds in steps:
            progress = Progress((), seconds, 9.0, 0, 0.0, None)
            yield Side(letter, letter, ComposeSettings(sampling=SamplingConfig()), progress=progress)

    order = [(place, side.seconds) for place, side in in_step([run("A", 1, 2, 3), run("B", 2.5, 9)])]
    assert order == [(0, 1), (1, 2.5), (0, 2), (0, 3), (1, 9)]


def test_what_a_checkpoint_is_compared_with_first() -> None:
    enhanced, original = MODEL_PRESETS["enhanced"], MODEL_PRESETS["original"]
    narrow = dataclasses.replace(enhanced, width=256, ffn_width=1024, blocks=6)
    cards = [
        SimpleNamespace(name=name, model=model)
        for name, model in (("enhanced", enhanced), ("enhanced-open", narrow), ("original", original))
    ]
    assert other_checkpoint(cards, "enhanced") == "original"  # the network least alike tells most
    assert other_checkpoint(cards[:2], "enhanced") == "enhanced-open"
    assert other_checkpoint(cards[:1], "enhanced") == "enhanced"
    assert other_checkpoint([], None) is None
