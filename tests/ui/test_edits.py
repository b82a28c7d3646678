"""Work on a take: each edit makes another one, and leaves the others as they are."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.browser_state.takes import MOST_TAKES, recall
from musictx.ui.compose.edits import NO_TAKE, NOTHING_AFTER, EditHandlers
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.player.desk import Desk
from musictx.ui.player.picture import Picture
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.pressed import on_compose

VALUES = on_compose(seconds=10, variations=2, random_seed=7)
REQUEST: Any = SimpleNamespace(session_hash="me", username=None)


@pytest.fixture
def music(fake_studio: Any, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)


@pytest.fixture
def desk(music: ComposeHandlers, fake_studio: Any) -> Desk:
    """Two finished takes."""
    made = Desk(SeedHandlers(fake_studio).first_picture())
    music.begin(made, REQUEST, *VALUES)
    list(music.generate(made, None, REQUEST))
    return made


def pressed(music: ComposeHandlers, desk: Desk, kind: str, **more: Any) -> list[dict[str, Any]]:
    """Everything that one press of an edit shows; `more` of the event."""
    edits = EditHandlers(music)
    event = SimpleNamespace(kind=kind, **{"take": 0, "from_s": 10.0, "to_s": 12.0, **more})
    begun = edits.begin(desk, REQUEST, event, *VALUES)  # type: ignore[arg-type]
    answers = [begun, *edits.generate(desk, None, REQUEST)]
    return [answer[0] for answer in answers if isinstance(answer[0], dict) and "takes" in answer[0]]


def rows(notes: NoteSequence) -> set[tuple[int, int, float, float]]:
    return set(zip(*(part.tolist() for part in (notes.pitch, notes.velocity, notes.start_s, notes.end_s)), strict=True))


def outside(take: Take, from_s: float, to_s: float) -> set[tuple[int, int, float, float]]:
    return {row for row in rows(take.notes) if not from_s <= row[2] < to_s}


def test_a_redone_range_leaves_the_rest_to_the_note(music: ComposeHandlers, desk: Desk) -> None:
    first = desk.picture.takes[0]
    values = pressed(music, desk, "redo")
    picture = desk.picture
    assert [take.label for take in picture.takes] == ["1", "2", "1b"] and picture.takes[0] is first
    assert outside(first, 10, 12) == outside(picture.takes[2], 10, 12)
    assert rows(first.notes) != rows(picture.takes[2].notes)
    assert (values[-1]["chosen"], values[-1]["parents"], values[-1]["phase"]) == (2, [-1, -1, 0], "done")
    assert values[-1]["heard_from_s"] == 8.5 and "a part redone" in values[-1]["takes"][2]["facts"]
    # While it works the take of before stays on show, whole.
    working = [value for value in values if value["phase"] == "working"]
    assert working and all((value["known_s"], value["chosen"]) == (None, 0) for value in working)
    for value in values:
        assert json.loads(json.dumps(value)) == value


def test_an_emptied_range_is_there_at_once(music: ComposeHandlers, desk: Desk) -> None:
    first = desk.picture.takes[1]
    (value,) = pressed(music, desk, "delete", take=1)
    made = desk.picture.takes[2]
    assert (value["phase"], made.label, value["parents"]) == ("done", "2b", [-1, -1, 1])
    assert rows(made.notes) == outside(first, 10, 12) < rows(first.notes)


def test_a_take_goes_on_from_a_moment_and_grows_on_show(music: ComposeHandlers, desk: Desk) -> None:
    first = desk.picture.takes[0]
    values = pressed(music, desk, "go on", from_s=11.0, to_s=18.0)
    made = desk.picture.takes[2]
    assert outside(made, 11, 99) == outside(first, 11, 99) and made.length_s == pytest.approx(21)
    known = [value["known_s"] for value in values if value["phase"] == "working" and len(value["takes"]) == 3]
    assert known == sorted(known) and known[0] > 11 and known[-1] < 21.01
    assert all(value["heard_from_s"] == 11 for value in values if len(value["takes"]) == 3)


def test_again_ends_where_it_ended_and_longer_goes_beyond(music: ComposeHandlers, desk: Desk) -> None:
    ended = desk.picture.takes[0].length_s
    pressed(music, desk, "again", from_s=11.0)
    assert desk.picture.takes[2].length_s == pytest.approx(ended)
    pressed(music, desk, "longer", take=2)
    longer, before = desk.picture.takes[3], desk.picture.takes[2]
    assert longer.length_s == pytest.approx(ended + 15) and rows(before.notes) <= rows(longer.notes)
    assert (longer.label, desk.picture.all_parents) == ("1c", (-1, -1, 0, 2))


def test_an_edit_in_the_seed_shows_the_seed_that_the_take_has(music: ComposeHandlers, desk: Desk) -> None:
    value = pressed(music, desk, "delete", from_s=1.0, to_s=3.0)[-1]
    assert "seed" not in value["takes"][0] and value["takes"][2]["seed"] != value["seed"]
    value = pressed(music, desk, "go on", from_s=4.0, to_s=9.0)[-1]
    assert value["takes"][3]["join_s"] == 4.0 and desk.picture.takes[3].seed.start_s.max() < 4


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({"kind": "redo", "take": 9}, NO_TAKE),
        ({"kind": "sing"}, NO_TAKE),
        ({"kind": "redo", "take": "0"}, NO_TAKE),
        ({"kind": "redo", "from_s": "ten"}, "Received: 'ten'"),
        ({"kind": "redo", "from_s": None}, "Received: None"),
        ({"kind": "redo", "to_s": 10.1}, "must last 0.5 s at least"),
        ({"kind": "again", "from_s": 999.0}, NOTHING_AFTER),
        ({"kind": "delete", "from_s": 12.0, "to_s": 12.0}, "Choose a longer one"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    music: ComposeHandlers, desk: Desk, event: dict[str, Any], sentence: str
) -> None:
    before = desk.picture.takes
    value = pressed(music, desk, **event)[-1]
    assert sentence in value["problem"]["text"] and desk.picture.takes == before and value["phase"] == "done"


def test_a_stopped_redo_takes_the_best_so_far_or_leaves_all_as_it_was(music: ComposeHandlers, desk: Desk) -> None:
    edits, event = EditHandlers(music), SimpleNamespace(kind="redo", take=0, from_s=10.0, to_s=12.0)
    edits.begin(desk, REQUEST, event, *VALUES)  # type: ignore[arg-type]
    run = edits.generate(desk, None, REQUEST)
    for answer in run:
        if "3 of 8" in str(answer[1]):
            music.stop(REQUEST)
    assert len(desk.picture.takes) == 3
    edits.begin(desk, REQUEST, event, *VALUES)  # type: ignore[arg-type]
    music.stop(REQUEST)
    last = list(edits.generate(desk, None, REQUEST))[-1][0]
    assert last["problem"] and len(desk.picture.takes) == 3 and desk.picture.phase == "done"


def test_what_was_made_comes_back_from_the_browser(music: ComposeHandlers, desk: Desk, fake_studio: Any) -> None:
    pressed(music, desk, "redo")
    value = pressed(music, desk, "go on", take=2, from_s=11.0)[-1]
    (kept,) = value["kept"]
    found = recall(kept["data"], fake_studio)
    assert found.parents == (-1, -1, 0, 2)
    for take, before in zip(found.takes, desk.picture.takes, strict=True):
        assert (take.label, take.edits, take.join_s) == (before.label, before.edits, before.join_s)
        assert np.allclose(take.continuation.start_s, before.continuation.start_s, atol=1e-9)
        assert take.length_s == pytest.approx(before.length_s)


def test_there_is_an_end_to_it(music: ComposeHandlers, desk: Desk) -> None:
    takes = desk.picture.takes * (MOST_TAKES // 2)
    desk.change(desk.picture.serial, lambda picture: Picture.but(picture, takes=takes))
    assert f"{MOST_TAKES} takes" in pressed(music, desk, "delete")[-1]["problem"]["text"]


def test_names_and_favourites_are_the_visitors_and_come_back(
    music: ComposeHandlers, desk: Desk, fake_studio: Any
) -> None:
    edits = EditHandlers(music)
    named: Any = SimpleNamespace(take=1, name="  The good one ")
    assert edits.name(desk, named)["takes"][1]["label"] == "The good one"
    marked: Any = SimpleNamespace(take=1, is_favourite=True)
    value = edits.favourite(desk, marked)
    assert [take["favourite"] for take in value["takes"]] == [False, True] and value["chosen"] == 1
    found = recall(value["kept"][0]["data"], fake_studio).takes
    assert [(take.name, take.is_favourite) for take in found] == [("", False), ("The good one", True)]
    pressed(music, desk, "redo", take=1)  # what is made of it has a name of its own
    assert (desk.picture.takes[2].name, desk.picture.takes[2].is_favourite) == ("", False)
    for event in (SimpleNamespace(take=7, name="x"), SimpleNamespace(take=0, name=None), SimpleNamespace(name="a\x00")):
        assert "takes" not in edits.name(desk, event)  # type: ignore[arg-type]


def test_a_take_without_its_seed(music: ComposeHandlers, desk: Desk, fake_studio: Any) -> None:
    first = desk.picture.takes[0]
    value = pressed(music, desk, "without seed")[-1]
    made = desk.picture.takes[2]
    assert not len(made.seed) and made.continuation.pitch.tolist() == first.continuation.pitch.tolist()
    assert made.continuation.start_s.min() == pytest.approx(first.continuation.start_s.min() - first.join_s, abs=1e-6)
    assert made.length_s == pytest.approx(first.length_s - first.join_s) and value["takes"][2]["seedless"]
    assert value["takes"][2]["join_s"] == 0
    again = recall(value["kept"][0]["data"], fake_studio).takes[2]
    assert (len(again.seed), again.length_s) == (0, pytest.approx(made.length_s))


def test_a_single_note_is_moved_or_taken_away(music: ComposeHandlers, desk: Desk) -> None:
    first = desk.picture.takes[0]
    pitch, velocity, start_s, end_s = max(rows(first.notes), key=lambda row: row[2])
    told = {"pitch": pitch, "from_s": round(start_s, 3), "to_s": round(end_s, 3)}
    pressed(music, desk, "note", **told, to=[pitch + 12, start_s + 5])
    (gone,), (new,) = (
        rows(first.notes) - rows(desk.picture.takes[2].notes),
        rows(desk.picture.takes[2].notes) - rows(first.notes),
    )
    assert gone == (pitch, velocity, start_s, end_s) and new[:2] == (pitch + 12, velocity)
    assert new[2:] == pytest.approx((start_s + 5, end_s + 5))
    value = pressed(music, desk, "note", **told, to=None)[-1]
    assert rows(first.notes) - rows(desk.picture.takes[3].notes) == {gone} and value["chosen"] == 3
    assert "a note changed" in value["takes"][3]["facts"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"pitch": 1}, "no such note"),
        ({"pitch": None}, "no such note"),
        ({"from_s": 0.9}, "no such note"),
        ({"to": [60]}, "Received: [60]"),
        ({"to": [600, 1.0]}, "Received: [600, 1.0]"),
        ({"to": [60, "later"]}, "Received: 'later'"),
    ],
)
def test_a_note_that_cannot_be_moved_is_said(
    music: ComposeHandlers, desk: Desk, changes: dict[str, Any], sentence: str
) -> None:
    pitch, _, start_s, end_s = min(rows(desk.picture.takes[0].notes), key=lambda row: row[2])
    told = {"pitch": pitch, "from_s": start_s, "to_s": end_s, "to": [60, 1.0], **changes}
    value = pressed(music, desk, "note", **told)[-1]
    assert sentence in value["problem"]["text"] and len(desk.picture.takes) == 2


def test_a_note_is_not_moved_onto_its_own_key(music: ComposeHandlers, desk: Desk) -> None:
    one, other = sorted(rows(desk.picture.takes[0].notes), key=lambda row: row[2])[:2]
    told = {"pitch": one[0], "from_s": one[2], "to_s": one[3], "to": [other[0], other[2]]}
    assert "sounds there already" in pressed(music, desk, "note", **told)[-1]["problem"]["text"]
