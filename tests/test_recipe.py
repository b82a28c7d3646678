"""The recipe in a take's MIDI file: what it says, that it makes the same take again, and that it harms nobody."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from musictx import __version__
from musictx.config import ComposeSettings, RenderSettings, SamplingConfig
from musictx.errors import SettingsError
from musictx.midi.codec import encode
from musictx.midi.files import read_midi, write_midi
from musictx.midi.notes import NoteSequence
from musictx.model.weights import weights_hash
from musictx.python_api import open_studio
from musictx.recipe import PREFIX, Recipe, read_recipe
from musictx.studio import Studio
from musictx.takes import Seed, Take
from scripts.make_seeds import SEEDS
from tests.midi.smf import off, on, smf, tempo, track
from tests.tiny import write_tiny_checkpoint

SEED_FILES = sorted(SEEDS.glob("*.mid"))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return open_studio(write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny"))[0]


def compose(studio: Studio, seed: Seed, settings: ComposeSettings) -> tuple[Take, ...]:
    *_, last = studio.compose(seed, settings)
    return last.takes


def settings(number: int = 0, **changes: Any) -> ComposeSettings:
    """Settings that differ from the defaults in everything that decides the tokens."""
    sampling = SamplingConfig(0.9 + number / 100, 20, 0.95, focus=1.1, stay_in_key=0.5 + number / 10)
    given = {"seconds": 5.0, "context_seconds": 4.0 + 3 * number, "variations": 2, "random_seed": 40 + number}
    return ComposeSettings(sampling, **{"checkpoint": "tiny", **given, **changes})


def recipe_in(studio: Studio, path: Path) -> tuple[Seed, Recipe]:
    seed = studio.read_seed(path)
    found = studio.recipe(seed)
    assert found.recipe is not None, found.reason
    return seed, found.recipe


def tokens(take: Take) -> list[int]:
    return encode(take.new_notes).tolist()


def test_it_stands_on_the_first_track_at_its_beginning(studio: Studio, tmp_path: Path) -> None:
    (take, _) = compose(studio, studio.read_seed(SEEDS / "chorale.mid"), settings())
    path = studio.export(take, tmp_path, RenderSettings(), ("mid",))["mid"]
    first = mido.MidiFile(path).tracks[0][0]
    assert (first.type, first.time) == ("text", 0) and first.text.startswith(PREFIX) and first.text.isascii()
    told = json.loads(first.text[len(PREFIX) :])
    assert told["settings"] == dataclasses.asdict(take.settings)
    assert told["weights"] == weights_hash(studio.folders.checkpoints / "tiny")
    assert (told["engine"], told["version"], told["take"]) == ("onnx", __version__, 1)
    assert told["join_s"] == take.join_s


@pytest.mark.parametrize("number", range(len(SEED_FILES)), ids=[path.stem for path in SEED_FILES])
def test_every_built_in_seed_comes_back_and_makes_the_same_takes(studio: Studio, number: int, tmp_path: Path) -> None:
    made = compose(studio, studio.read_seed(SEED_FILES[number]), settings(number))
    take = made[number % 2]
    path = studio.export(take, tmp_path, RenderSettings(), ("mid",))["mid"]
    dropped, recipe = recipe_in(studio, path)
    assert recipe.settings == take.settings and recipe.take == take.number
    seed = studio.restored_seed(dropped, recipe)
    again = compose(studio, seed, recipe.settings)
    assert [tokens(each) for each in again] == [tokens(each) for each in made]
    assert again[recipe.take - 1].join_s == take.join_s and again[0].seed.pitch.tolist() == take.seed.pitch.tolist()
    # The seed's own file can be read, too.
    assert len(read_midi(seed.file).notes) == len(take.seed)


def test_a_rest_at_the_seeds_end_comes_back(studio: Studio, tmp_path: Path) -> None:
    ends = (640, [0xFF, 0x06, 1, 65])  # a marker: the end mark lies on a beat behind the last note
    content = smf(track(tempo(0, 500_000), on(0, 60), off(200, 60), on(200, 64), off(400, 64), ends))
    (tmp_path / "rest.mid").write_bytes(content)
    seed = studio.read_seed(tmp_path / "rest.mid")
    assert seed.recording.end_s > seed.recording.notes.duration_s + 0.3
    made = compose(studio, seed, settings(1))
    dropped, recipe = recipe_in(studio, studio.export(made[1], tmp_path, RenderSettings(), ("mid",))["mid"])
    again = compose(studio, studio.restored_seed(dropped, recipe), recipe.settings)
    assert tokens(again[1]) == tokens(made[1]) and again[1].join_s == made[1].join_s


@pytest.mark.parametrize("number", range(3))
def test_times_on_no_tick_come_back_by_their_corrections(studio: Studio, number: int, tmp_path: Path) -> None:
    random = np.random.default_rng(number)
    # Half steps, where a tick more or less is another token.
    start = np.cumsum(random.integers(1, 40, 60)) / 200
    notes = NoteSequence.from_tuples(
        [(40 + place % 24, 60 + place, onset, onset + 0.105) for place, onset in enumerate((start - start[0]).tolist())]
    )
    recording = dataclasses.replace(read_midi(SEEDS / "waltz.mid"), notes=notes, end_s=notes.duration_s, bars=None)
    made = compose(studio, Seed("odd", recording), settings(number))
    dropped, recipe = recipe_in(studio, studio.export(made[0], tmp_path, RenderSettings(), ("mid",))["mid"])
    assert recipe.corrections
    again = compose(studio, studio.restored_seed(dropped, recipe), recipe.settings)
    assert [tokens(each) for each in again] == [tokens(each) for each in made]


def test_the_continuation_alone_says_so(studio: Studio, tmp_path: Path) -> None:
    (take, _) = compose(studio, studio.read_seed(SEEDS / "waltz.mid"), settings())
    path = studio.export(take, tmp_path, RenderSettings(), ("continuation",))["continuation"]
    dropped, recipe = recipe_in(studio, path)
    assert recipe.notes == "continuation" and recipe.settings == take.settings
    with pytest.raises(SettingsError, match="continuation alone"):
        studio.restored_seed(dropped, recipe)


def test_a_redone_take_carries_its_steps(studio: Studio, tmp_path: Path) -> None:
    (take, _) = compose(studio, studio.read_seed(SEEDS / "waltz.mid"), settings())
    *_, redone = studio.redo(take, take.join_s + 1, take.join_s + 2, settings(3), candidates=2)
    edited = studio.without(redone.takes[0], take.join_s + 3, take.join_s + 4)
    dropped, recipe = recipe_in(studio, studio.export(edited, tmp_path, RenderSettings(), ("mid",))["mid"])
    assert recipe.edits == edited.edits and [edit.kind for edit in recipe.edits] == ["redo", "delete"]
    again = compose(studio, studio.restored_seed(dropped, recipe), recipe.settings)
    assert tokens(again[0]) == tokens(take)
    in_seed = studio.without(take, 1.0, 2.0)
    dropped, recipe = recipe_in(studio, studio.export(in_seed, tmp_path, RenderSettings(), ("mid",))["mid"])
    with pytest.raises(SettingsError, match="redone or deleted"):
        studio.restored_seed(dropped, recipe)


def test_a_take_that_is_judged_blind_tells_nothing(studio: Studio, tmp_path: Path) -> None:
    (take, _) = compose(studio, studio.read_seed(SEEDS / "waltz.mid"), settings())
    blind = dataclasses.replace(take, is_blind=True)
    for path in studio.export(blind, tmp_path, RenderSettings(), ("mid", "continuation")).values():
        assert read_midi(path).texts == () and b"tiny" not in path.read_bytes()


def test_a_changed_file_is_told(studio: Studio, tmp_path: Path) -> None:
    (take, _) = compose(studio, studio.read_seed(SEEDS / "waltz.mid"), settings())
    path = studio.export(take, tmp_path, RenderSettings(), ("mid",))["mid"]
    read = read_midi(path)
    louder = dataclasses.replace(take, seed=read.notes.select(read.notes.start_s > 1))
    changed = studio.read_seed(write_midi(louder.seed, tmp_path / "changed.mid", texts=[*read.texts]))
    found = studio.recipe(changed)
    assert found.recipe is not None
    with pytest.raises(SettingsError, match="changed since"):
        studio.restored_seed(changed, found.recipe)


def told(**changes: Any) -> str:
    """The text of a good recipe with changes; of its settings where the name says so."""
    recipe = Recipe(settings(), "ab", "onnx", "0.1.0", 1, "mid", False, 4.0, 4.0, 3, "ff")
    values = json.loads(recipe.text()[len(PREFIX) :])
    for name, value in changes.items():
        place, _, inner = name.partition("__")
        if inner:
            values[place][inner] = value
        else:
            values[place] = value
    return PREFIX + json.dumps(values)


def test_a_good_recipe_is_read_and_a_word_of_the_container_is_escaped() -> None:
    assert read_recipe([told()]).recipe is not None
    recipe = Recipe(settings(checkpoint="MTrk"), "", "", "", 1, "mid", False, 0, 0, 0, "")
    assert "MTrk" not in recipe.text() and read_recipe([recipe.text()]).recipe == recipe


@pytest.mark.parametrize(
    "text",
    [
        PREFIX,
        PREFIX + "{",
        PREFIX + "null",
        PREFIX + "[" * 100_000,
        PREFIX + "{}",
        PREFIX + "9" * 10_000,
        told(another=1),
        told(take=True),
        told(take=5),
        told(take=1.5),
        told(notes="pdf"),
        told(stopped=1),
        told(join_s=-1),
        told(join_s=1e300),
        told(join_s="4"),
        told(seed_notes=-1),
        told(weights="x" * 1000),
        told(engine="a\nb"),
        told(corrections=[[1, 2]]),
        told(corrections=[[-1, 2, 3]]),
        told(corrections=[[0, 0, 1]] * 5000),
        told(corrections={"a": 1}),
        told(edits=[{"kind": "redo"}]),
        told(edits=[1]),
        told(settings=[]),
        told(settings__sampling=None),
        told(settings__seconds="30"),
        told(settings__checkpoint=7),
        told().replace("4.0", "NaN"),
    ],
)
def test_malformed_recipes_are_left_with_a_reason(text: str) -> None:
    found = read_recipe(["something else", text])
    assert found.recipe is None and "not used" in found.reason


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"settings__seconds": 9999}, "must lie between 5 and 180"),
        ({"settings__variations": 9}, "variations must lie between 1 and 4"),
        ({"settings__random_seed": -1}, "random seed"),
    ],
)
def test_values_out_of_range_are_refused_by_the_pages_own_checks(changes: dict[str, Any], sentence: str) -> None:
    found = read_recipe([told(**changes)])
    assert found.recipe is None and sentence in found.reason


def test_files_from_elsewhere_have_none() -> None:
    assert read_recipe(["Lyrics by nobody", ""]) == read_recipe([])
    assert read_recipe([]).recipe is None and read_recipe([]).reason == ""
