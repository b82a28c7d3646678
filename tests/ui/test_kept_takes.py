"""What the browser keeps comes back as it was, and what it sends is not trusted."""

from __future__ import annotations

import base64
import json
import zlib
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from musictx.config import ComposeSettings
from musictx.errors import MusictxError, SettingsError
from musictx.studio import Studio
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.browser_state.takes import LARGEST_TEXT, keep, recall, record_seed
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.compose.restore import RestoreHandlers
from musictx.ui.player.desk import Desk
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.warm_up import WarmUp
from tests.ui.fake_studio import broken_chords
from tests.ui.pressed import on_compose

CREATIVE: dict[str, Any] = {"temperature": 1.1, "top_k": 15, "top_p": 0.95, "stay_in_key": 0.5}
VALUES = on_compose(**CREATIVE, seconds=10, context_seconds=30, variations=2, random_seed=7)
REQUEST: Any = SimpleNamespace(session_hash="me", username=None)


@pytest.fixture
def seeds(fake_studio: Any) -> SeedHandlers:
    return SeedHandlers(fake_studio)


@pytest.fixture
def desk(seeds: SeedHandlers) -> Desk:
    return Desk(seeds.first_picture())


@pytest.fixture
def record(seeds: SeedHandlers, desk: Desk, fake_studio: Any, fake_workshop: Any) -> dict[str, Any]:
    """Two finished takes of the prelude, as the browser keeps them."""
    music = ComposeHandlers(fake_studio, StopFlags(), WarmUp(fake_studio, "enhanced"), fake_workshop)
    music.begin(desk, REQUEST, *VALUES)
    *_, last = music.generate(desk, None, REQUEST)
    (kept,) = last[0]["kept"]
    assert json.loads(json.dumps(kept)) == kept
    return dict(kept)


def packed(content: Any) -> str:
    """As keeping.py writes a record."""
    return base64.b64encode(zlib.compress(json.dumps(content).encode())).decode()


def unpacked(data: str) -> Any:
    """What is in one."""
    return json.loads(zlib.decompress(base64.b64decode(data)))


def test_takes_come_back_as_they_were(record: dict[str, Any], desk: Desk, fake_studio: Any) -> None:
    found = recall(record["data"], fake_studio)
    seed, takes = found.seed, found.takes
    made = desk.picture
    assert seed.name == made.seed.name and seed.file == made.seed.file
    assert seed.recording.notes == made.seed.recording.notes
    for take, before in zip(takes, made.takes, strict=True):
        assert (take.number, take.tokens, take.stopped, take.settings, take.join_s) == (
            before.number,
            before.tokens,
            before.stopped,
            before.settings,
            before.join_s,
        )
        for name in ("pitch", "velocity", "start_s", "end_s"):
            assert np.allclose(getattr(take.continuation, name), getattr(before.continuation, name), atol=1e-9, rtol=0)
    assert (
        record["title"] == "Prelude" and record["facts"] == "2 takes · 10 s · Creative, stay in key 0.5 · random seed 7"
    )


def test_a_real_take_comes_back_as_it_was() -> None:
    studio = Studio()
    built_in = studio.built_in_seeds()[0]
    seed = studio.read_seed(built_in.path, built_in.title)
    new = broken_chords(1)
    take = studio.kept_take(seed, ComposeSettings(random_seed=3), 1, new, tokens=12, stopped=True)
    again = studio.kept_take(seed, ComposeSettings(random_seed=3), 1, new, tokens=12, stopped=True)
    assert take.continuation == again.continuation == new.shifted(take.join_s)
    assert take.join_s == pytest.approx(seed.recording.notes.duration_s, abs=0.02)


def test_the_page_that_is_opened_again_shows_what_was_there(
    record: dict[str, Any], seeds: SeedHandlers, fake_studio: Any
) -> None:
    desk = Desk(seeds.first_picture())
    state = {"own": "", "id": record["id"], "shown": record["data"], "seed": ""}
    picker, value, report, generate, _ = RestoreHandlers(seeds).restore(desk, 60, state)
    assert (value["phase"], value["title"], len(value["takes"])) == ("done", "Prelude", 2)
    assert value["piece"] == record["id"] and picker["value"] == "prelude" and "<dl>" in report
    assert value["takes"][0]["facts"].startswith("10 s of music") and value["takes"][0]["sharing"]
    assert generate["interactive"] and json.loads(json.dumps(value)) == value


def test_the_file_that_was_brought_comes_back(seeds: SeedHandlers, desk: Desk, fake_studio: Any) -> None:
    own = fake_studio.read_seed(fake_studio.built_in_seeds()[1].path, "My idea")
    own = type(own)(own.name, own.recording, own.file + b"")  # the bytes of a built-in seed would be known as that
    state = {"own": record_seed(own)["data"], "id": "", "shown": "", "seed": own.digest}
    picker, value, *_ = RestoreHandlers(seeds).restore(desk, 60, state)
    assert value["title"] == "My idea" and desk.picture.phase == "seed" and picker["value"] == "waltz"


def test_a_built_in_seed_comes_back(seeds: SeedHandlers, desk: Desk, fake_studio: Any) -> None:
    waltz = fake_studio.built_in_seeds()[1]
    state = {"own": "", "id": "", "shown": "", "seed": fake_studio.read_seed(waltz.path).digest}
    picker, value, *_ = RestoreHandlers(seeds).restore(desk, 60, state)
    assert value["title"] == "Waltz" and picker["value"] == "waltz"


def test_a_visitor_who_has_begun_anew_is_not_overtaken(record: dict[str, Any], seeds: SeedHandlers) -> None:
    desk = Desk(seeds.first_picture())
    seeds.choose("waltz", desk, 60)
    state = {"own": "", "id": record["id"], "shown": record["data"], "seed": ""}
    assert RestoreHandlers(seeds).restore(desk, 60, state) == tuple(gr.skip() for _ in range(5))
    assert desk.picture.seed.name == "Waltz"


@pytest.mark.parametrize("state", [None, [], "x", {}, {"own": 3, "shown": {"a": 1}, "id": None, "seed": []}])
def test_a_first_visit_shows_the_first_seed(seeds: SeedHandlers, desk: Desk, state: Any) -> None:
    before = desk.picture
    assert RestoreHandlers(seeds).restore(desk, 60, state) == tuple(gr.skip() for _ in range(5))
    assert desk.picture is before


def test_an_earlier_take_is_chosen_again(record: dict[str, Any], seeds: SeedHandlers) -> None:
    desk = Desk(seeds.first_picture())
    event: Any = SimpleNamespace(id=record["id"], data=record["data"])
    value = RestoreHandlers(seeds).recall(desk, 60, event)[1]
    assert value["phase"] == "done" and value["status"] == "Earlier: 2 takes" and value["kept"] == []
    event.data = "rubbish"
    value = RestoreHandlers(seeds).recall(desk, 60, event)[1]
    assert value["phase"] == "done" and "cannot be read" in value["problem"]["text"]  # what was there stays


def spoiled(content: Any, **changes: Any) -> Any:
    """A record with something else in its first take."""
    content["takes"][0].update(changes)
    return content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: {**content, "format": 99},
        lambda content: {**content, "takes": content["takes"] * 13},
        lambda content: {**content, "takes": {"0": 1}},
        lambda content: {**content, "seed": {"name": "x", "file": "!!!"}},
        lambda content: {**content, "seed": {"name": "x", "file": base64.b64encode(b"no MIDI file").decode()}},
        lambda content: spoiled(content, notes="AAAA"),
        lambda content: spoiled(content, notes=base64.b64encode(b"\xff" * 18).decode()),
        lambda content: spoiled(content, number=10**30),
        lambda content: spoiled(content, tokens="many"),
        lambda content: spoiled(content, settings={"sampling": {"temperature": 99}}),
        lambda content: spoiled(content, settings={"sampling": {"temperature": "hot"}}),
        lambda content: spoiled(content, settings={"sampling": {}, "checkpoint": ["../../etc"]}),
        lambda content: spoiled(content, settings={"sampling": {}, "unknown": 1}),
        lambda content: [content],
        lambda content: "text",
    ],
)
def test_what_a_browser_sends_is_checked(record: dict[str, Any], fake_studio: Any, spoil: Any) -> None:
    with pytest.raises(MusictxError):
        recall(packed(spoil(unpacked(record["data"]))), fake_studio)


@pytest.mark.parametrize("data", [None, 5, "", "x", "é", "AAAA", "A" * 7 * 2**20, [1]])
def test_what_is_no_record_is_said(fake_studio: Any, data: Any) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        recall(data, fake_studio)


def test_a_record_that_unpacks_without_end_is_refused(fake_studio: Any) -> None:
    bomb = base64.b64encode(zlib.compress(b" " * (LARGEST_TEXT + 10))).decode()
    with pytest.raises(SettingsError, match="cannot be read"):
        recall(bomb, fake_studio)


def test_nothing_is_kept_of_a_seed_that_waits(desk: Desk) -> None:
    assert keep(desk.picture, None) == []
