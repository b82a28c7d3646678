"""The endpoint /compose from another program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import soundfile

from musictx.config import SAMPLING_PRESETS
from musictx.midi.files import read_midi, write_midi
from tests.ui.fake_studio import broken_chords

gradio_client = pytest.importorskip("gradio_client")


@pytest.fixture(scope="module")
def client(fake_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A program that knows nothing but the address."""
    folder = tmp_path_factory.mktemp("downloads")
    opened = gradio_client.Client(fake_url, verbose=False, download_files=str(folder), analytics_enabled=False)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A seed file on the program's side."""
    return gradio_client.handle_file(str(write_midi(broken_chords(), tmp_path_factory.mktemp("seed") / "seed.mid")))


def test_seed_alone_is_enough(client: Any, seed: Any) -> None:
    midi, audio, info = client.predict(seed_file=seed, seconds=8, api_name="/compose")
    assert len(midi) == len(audio) == len(info["takes"]) == 1
    assert read_midi(Path(midi[0])).notes.duration_s == pytest.approx(16, abs=0.5)
    assert Path(audio[0]).suffix == ".mp3"
    samples, rate = soundfile.read(audio[0])
    assert len(samples) / rate == pytest.approx(17, abs=1)
    assert info["settings"]["sampling"] == asdict(SAMPLING_PRESETS["balanced"])
    assert info["takes"][0]["seconds"] == pytest.approx(8, abs=0.3)


def test_random_seed_and_variations(client: Any, seed: Any) -> None:
    settings = {"seconds": 5, "variations": 2, "preset": "custom", "temperature": 0.5, "audio_format": "wav"}
    first = client.predict(seed_file=seed, **settings, api_name="/compose")
    number = first[2]["takes"][0]["random_seed"]
    again = client.predict(seed_file=seed, **settings, random_seed=number, api_name="/compose")
    assert len(again[0]) == 2
    for before, after in zip(first[0], again[0], strict=True):
        assert read_midi(Path(before)).notes == read_midi(Path(after)).notes


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"seconds": 3600}, "must lie between 5 and 180"), ({"preset": "custom", "temperature": -1}, "temperature")],
)
def test_bad_settings_are_answered_with_a_sentence(client: Any, seed: Any, settings: Any, sentence: str) -> None:
    with pytest.raises(gradio_client.exceptions.AppError, match=sentence):
        client.predict(seed_file=seed, **settings, api_name="/compose")


def test_a_bad_file_is_answered_with_a_sentence(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "holiday.mid"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(gradio_client.exceptions.AppError, match="PNG"):
        client.predict(seed_file=gradio_client.handle_file(str(path)), api_name="/compose")
    with pytest.raises(gradio_client.exceptions.AppError, match="seed_file is missing"):
        client.predict(seed_file=None, api_name="/compose")


def test_only_compose_is_public_and_documented(client: Any) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(endpoints) == ["/compose"]
    names = [parameter["parameter_name"] for parameter in endpoints["/compose"]["parameters"]]
    assert names[:4] == ["seed_file", "preset", "temperature", "top_k"]
    assert all(parameter["label"] for parameter in endpoints["/compose"]["parameters"])
    required = [p["parameter_name"] for p in endpoints["/compose"]["parameters"] if not p["parameter_has_default"]]
    assert required == ["seed_file"]
