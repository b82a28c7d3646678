"""generate_enhanced_music, as the experiment's document calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import musictx
from musictx.errors import CheckpointError, MidiError, SettingsError
from musictx.midi.codec import encode
from musictx.midi.files import read_midi
from scripts.make_seeds import SEEDS
from tests.tiny import write_tiny_checkpoint

SEED = SEEDS / "chorale.mid"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


def test_as_documented(tiny: Path, tmp_path: Path) -> None:
    path = musictx.generate_enhanced_music(
        str(tiny), str(SEED), top_k=15, top_p=0.95, temperature=1.1, length=200, out_dir=str(tmp_path / "out")
    )
    assert path == tmp_path / "out" / "chorale.mid"
    seed, whole = read_midi(SEED).notes, read_midi(path).notes
    assert len(whole) > len(seed)
    # 200 tokens follow; those after the last time shift have not sounded, and held keys are let go at the end.
    new_tokens = encode(whole).size - encode(seed).size
    assert 100 < new_tokens <= 200 + 128

    from musictx.midi.vocabulary import fingerprint
    from musictx.model.checkpoint import load_checkpoint

    model, _ = load_checkpoint(tiny, fingerprint())
    settings: dict[str, Any] = {"top_k": 15, "top_p": 0.95, "temperature": 1.1, "length": 200}
    again = musictx.generate_enhanced_music(model, SEED, **settings)
    assert again.parent != path.parent and again.name == "chorale.mid"
    assert read_midi(again).notes == whole
    wandering = musictx.generate_enhanced_music(model, SEED, **settings, stay_in_key=0)
    assert read_midi(wandering).notes != whole


def test_refusals(tiny: Path, tmp_path: Path) -> None:
    own = tmp_path / "song.mid"
    own.write_bytes(SEED.read_bytes())
    with pytest.raises(SettingsError, match="would be overwritten"):
        musictx.generate_enhanced_music(tiny, own, out_dir=tmp_path)
    assert own.read_bytes() == SEED.read_bytes()
    with pytest.raises(SettingsError, match="length"):
        musictx.generate_enhanced_music(tiny, SEED, length=0, out_dir=tmp_path)
    with pytest.raises(MidiError, match=r"README\.md"):
        musictx.generate_enhanced_music(tiny, SEEDS / "README.md", out_dir=tmp_path)
    with pytest.raises(CheckpointError, match="no-such"):
        musictx.generate_enhanced_music("no-such", SEED, out_dir=tmp_path)


def test_the_package_says_what_it_has_not() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = musictx.no_such_name
