"""Every file that the page's handlers hand over, decoded and compared with the take, over the real studio."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musictx.config import RenderSettings
from musictx.errors import AudioError
from musictx.midi.files import read_midi, write_midi
from musictx.midi.notes import NoteSequence
from musictx.studio import Studio, StudioFolders
from musictx.takes import Take
from musictx.ui.access.own_checkpoints import OwnCheckpoints
from musictx.ui.access.stop_flags import StopFlags
from musictx.ui.compare.handlers import CompareHandlers
from musictx.ui.compare.view import comparison_of
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.player.desk import Desk
from musictx.ui.seed.handlers import SeedHandlers
from musictx.ui.train.listen_handlers import ListenHandlers
from musictx.ui.warm_up import WarmUp
from tests.tiny import write_tiny_checkpoint
from tests.ui.fake_studio import broken_chords
from tests.ui.fake_training import make_take
from tests.ui.pressed import on_compose, on_side
from tests.ui.taken import assert_same_notes, assert_same_sound
from tests.ui.visitor import REQUEST, event, finished, with_dataset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """The real one, with random weights."""
    folder = tmp_path_factory.mktemp("studio") / "checkpoints"
    write_tiny_checkpoint(folder / "tiny")
    return Studio(dataclasses.replace(StudioFolders.beside(ROOT), checkpoints=folder))


@pytest.fixture
def music(studio: Studio, fake_workshop: Any) -> ComposeHandlers:
    return ComposeHandlers(studio, StopFlags(), WarmUp(studio, "tiny"), fake_workshop)


def last_files(values: Iterator[Any]) -> dict[str, bytes]:
    """What can be taken away of the last value, by name: the files go when the handler ends."""
    files: dict[str, bytes] = {}
    for value in values:
        files = {entry["name"]: Path(entry["data"]["path"]).read_bytes() for entry in _entries(value) if entry["data"]}
    return files


def _entries(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (*value.get("takes", ()), *value.get("sides", ()), *value.get("pieces", ())):
        yield from part["files"]
    if "zip" in value:
        yield value["zip"]


def composed(music: ComposeHandlers, variations: int, random_seed: int, upload: Path | None = None) -> Desk:
    """A visitor who has pressed Generate for five seconds, after the first seed or an upload."""
    seeds = SeedHandlers(music.studio)
    desk = Desk(seeds.first_picture())
    if upload:
        seeds.take_upload(str(upload), desk, 60)
    music.begin(
        desk, REQUEST, *on_compose(seconds=5, variations=variations, random_seed=random_seed, checkpoint="tiny")
    )
    assert list(music.generate(desk, None, REQUEST)) and desk.picture.phase == "done"
    return desk


def assert_is_take(files: dict[str, bytes], stem: str, take: Take, studio: Studio) -> None:
    """All files of a take hold it; those that are no sound of a long seed hold all of it."""
    assert_same_notes(files[f"{stem}.mid"], take.notes.shifted(take.bars_of_notes().first_s))
    assert_same_notes(files[f"{stem}-continuation.mid"], take.new_notes.shifted(take.bars_of_continuation().first_s))
    expected = studio.render(take.audible(), RenderSettings())
    for suffix in ("flac", "wav", "mp3"):
        assert_same_sound(files[f"{stem}.{suffix}"], expected)


def test_compose_hands_over_what_was_composed(studio: Studio, music: ComposeHandlers, tmp_path: Path) -> None:
    path = write_midi(broken_chords(2), tmp_path / "Für %22Elise%22 (l'idée).mid", tempo_bpm=93)
    desk = composed(music, 2, 48213, path)
    done = desk.picture
    files = last_files(music.sound(desk, None, 0.2))
    stems = [f"für-“elise”-l'idée-take-{number}-seed48213" for number in (1, 2)]
    for stem, take in zip(stems, done.takes, strict=True):
        assert_is_take(files, stem, take, studio)
    archive = zipfile.ZipFile(io.BytesIO(files.pop("für-“elise”-l'idée-takes-seed48213.zip")))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == files and len(files) == 10


@pytest.mark.parametrize("blind", [False, True])
def test_compare_hands_over_what_was_composed(studio: Studio, music: ComposeHandlers, blind: bool) -> None:
    comparing = CompareHandlers(music, OwnCheckpoints(music.workshop), by_lot=lambda: True)
    desk = Desk(SeedHandlers(studio).first_picture())
    both = (*on_side(checkpoint="tiny"), *on_side(checkpoint="tiny", temperature=1.2))
    comparing.begin(desk, blind, None, REQUEST, 5, 11, False, *both)
    assert list(comparing.generate(desk, None, REQUEST))
    done = comparison_of(desk.picture)
    assert done is not None
    files = last_files(comparing.sound(desk, None, 0.2))
    assert len(files) == 10
    title = next(iter(files)).rsplit("-x" if blind else "-a-tiny", 1)[0]
    # A blind comparison's files tell neither checkpoint nor random seed, as A has the one on show and B the next.
    stems = [f"{title}-x", f"{title}-y"] if blind else [f"{title}-a-tiny-seed11", f"{title}-b-tiny-seed12"]
    for stem, side in zip(stems, done.sides, strict=True):
        assert side.take is not None
        assert_is_take(files, stem, side.take, studio)


def test_a_long_seed_is_whole_in_the_midi_and_heard_from_its_last_minute(
    studio: Studio, music: ComposeHandlers, tmp_path: Path
) -> None:
    path = write_midi(broken_chords(40), tmp_path / "long.mid")
    desk = composed(music, 1, 3, path)
    files = last_files(music.sound(desk, None, 0.2))
    (take,) = desk.picture.takes
    assert take.audible_from_s > 15
    assert_is_take(files, "long-take-1-seed3", take, studio)


def test_the_train_tab_hands_over_what_it_plays(fake_workshop: Any, tmp_path: Path) -> None:
    kept = finished(fake_workshop, with_dataset(fake_workshop, tmp_path))
    handlers = ListenHandlers(fake_workshop, StopFlags())
    samples = last_files(handlers.sample(kept, REQUEST, event(step=20)))
    others = last_files(handlers.sample(kept, REQUEST, event(step=40)))
    rows = last_files(handlers.row(kept, REQUEST, event(file="piece 6.mid")))
    blind_tests = last_files(handlers.blind_test(kept, REQUEST))
    assert not set(samples) & set(others) and len(samples) == len(rows) == 2 and len(blind_tests) == 4
    expected = {"piece-6": read_midi(tmp_path / "piece 6.mid").notes}
    for stem, take in (("waltz-after-step-20", make_take(1, 20)), ("waltz-after-step-40", make_take(1, 40))):
        expected[stem] = take.notes
    for letter, take in (("a", make_take(1, 20)), ("b", make_take(2, 60))):
        expected[next(name for name in blind_tests if name.endswith(f"-{letter}.mid")).removesuffix(".mid")] = (
            take.notes
        )
    files = samples | others | rows | blind_tests
    assert sorted(files) == sorted(f"{stem}.{suffix}" for stem in expected for suffix in ("mid", "flac"))
    for stem, notes in expected.items():
        assert_same_notes(files[f"{stem}.mid"], notes)
        assert_same_sound(files[f"{stem}.flac"], fake_workshop.studio.render(notes, RenderSettings()))


def test_a_silent_machine_hands_over_the_midi(
    studio: Studio, music: ComposeHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = composed(music, 1, 3)

    def silent(*_: Any) -> Any:
        raise AudioError("No SoundFont was found.")

    monkeypatch.setattr(studio, "render", silent)
    (take,) = desk.picture.takes
    files = last_files(music.sound(desk, None, 0.2))
    (whole, alone) = sorted(files, key=len)
    assert_same_notes(files[whole], take.notes.shifted(take.bars_of_notes().first_s))
    assert_same_notes(files[alone], take.new_notes.shifted(take.bars_of_continuation().first_s))


def test_a_take_of_no_new_notes_is_written_all_the_same(studio: Studio, tmp_path: Path) -> None:
    seed = broken_chords(1)
    settings = dataclasses.replace(_settings(), seconds=5)
    take = Take(1, seed, NoteSequence.empty(), seed.duration_s, 0, settings, stopped=True)
    paths = studio.export(take, tmp_path, RenderSettings(), ("mid", "continuation", "ogg"))
    assert_same_notes(paths["mid"].read_bytes(), seed)
    assert len(paths["continuation"].read_bytes()) > 0
    assert_same_sound(paths["ogg"].read_bytes(), studio.render(seed, RenderSettings()))


def _settings() -> Any:
    from musictx.config import ComposeSettings

    return ComposeSettings(checkpoint="tiny")
