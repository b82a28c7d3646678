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


def test_compose_tells_how_far_it_is(client: Any, seed: Any) -> None:
    job = client.submit(seed_file=seed, seconds=60, audio_format="wav", api_name="/compose")
    job.result()
    *partial, last = [info for _, _, info in job.outputs()]
    assert partial and all(not info["done"] and info["seconds"] < 60 for info in partial) and last["done"]
    assert [info["seconds"] for info in partial] == sorted(info["seconds"] for info in partial)
    assert tuple(job.outputs()[0][:2]) == (None, None)


def test_redo_keeps_what_lies_outside(client: Any, seed: Any) -> None:
    files, info = client.predict(file=seed, start=2.0, end=4.0, candidates=3, api_name="/redo")
    assert len(files) == len(info["candidates"]) == info["of"] == 3 and info["done"]
    nll = [each["nll"] for each in info["candidates"]]
    assert nll == sorted(nll) and info["candidates"][0]["number"] == 3
    before = broken_chords()
    outside = int(((before.start_s < 2) | (before.start_s >= 4)).sum())
    for path in files:
        onsets = read_midi(Path(path)).notes.start_s
        assert ((onsets < 1.999) | (onsets >= 3.999)).sum() == outside


def test_report_sound_and_score(client: Any, seed: Any) -> None:
    report = client.predict(file=seed, context_seconds=3, api_name="/seed_report")
    assert report["notes"] == 64 and report["key"]["name"] == "G major" and report["context_s"] < 4
    path = client.predict(file=seed, audio_format="wav", api_name="/render")
    samples, rate = soundfile.read(path)
    assert len(samples) / rate == pytest.approx(9, abs=1) and Path(path).suffix == ".wav"
    score = client.predict(file=seed, focus=1.1, api_name="/score")
    assert score["per_token"] == pytest.approx(2.6) and score["tokens"] == 256


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("/redo", {"start": 2, "end": 2.2}, "0.5 s"),
        ("/redo", {"start": 2, "end": 200}, "outside"),
        ("/redo", {"start": None, "end": 3}, "two numbers"),
        ("/redo", {"start": 1, "end": 3, "preset": "custom", "temperature": 9}, "temperature"),
        ("/seed_report", {"context_seconds": 1000}, "context_seconds must lie between"),
        ("/render", {"soundfont": "Organ"}, "No SoundFont named"),
        ("/render", {"room": 7}, "room must lie between"),
        ("/score", {"focus": 5}, "focus"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(
    client: Any, seed: Any, name: str, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(gradio_client.exceptions.AppError, match=sentence):
        client.predict(file=seed, **given, api_name=name)


@pytest.mark.parametrize("name", ["/redo", "/seed_report", "/render", "/score"])
def test_a_missing_file_is_named(client: Any, name: str) -> None:
    given = {"start": 1, "end": 3} if name == "/redo" else {}
    with pytest.raises(gradio_client.exceptions.AppError, match="file is missing"):
        client.predict(file=None, **given, api_name=name)


def test_these_endpoints_alone_are_public_and_documented(client: Any) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(endpoints) == ["/compose", "/redo", "/seed_report", "/render", "/score"]
    for endpoint in endpoints.values():
        assert all(parameter["label"] for parameter in endpoint["parameters"]) and endpoint["description"]
    names = [parameter["parameter_name"] for parameter in endpoints["/compose"]["parameters"]]
    assert names[:4] == ["seed_file", "preset", "temperature", "top_k"]
    assert all(parameter["label"] for parameter in endpoints["/compose"]["parameters"])
    required = [p["parameter_name"] for p in endpoints["/compose"]["parameters"] if not p["parameter_has_default"]]
    assert required == ["seed_file"]


def test_the_real_studio_behind_every_endpoint(tiny_url: str, tmp_path: Path, seed: Any) -> None:
    tiny = gradio_client.Client(tiny_url, verbose=False, download_files=str(tmp_path), analytics_enabled=False)
    try:
        midi, _, _ = tiny.predict(seed_file=seed, seconds=5, audio_format="wav", api_name="/compose")
        whole = gradio_client.handle_file(midi[0])
        files, facts = tiny.predict(file=whole, start=9, end=11, candidates=3, random_seed=4, api_name="/redo")
        again, _ = tiny.predict(file=whole, start=9, end=11, candidates=3, random_seed=4, api_name="/redo")
        score = tiny.predict(file=whole, api_name="/score")
        report = tiny.predict(file=gradio_client.handle_file(files[0]), api_name="/seed_report")
    finally:
        tiny.close()
    nll = [each["nll"] for each in facts["candidates"]]
    assert len(nll) == 3 and nll == sorted(nll) and facts["checkpoint"] == "tiny" and facts["random_seed"] == 4
    assert [read_midi(Path(path)).notes for path in files] == [read_midi(Path(path)).notes for path in again]
    before = read_midi(Path(midi[0])).notes.start_s
    kept = int(((before < 8.9995) | (before >= 10.9995)).sum())
    for path in files:
        onsets = read_midi(Path(path)).notes.start_s
        assert abs(int(((onsets < 8.9995) | (onsets >= 10.9995)).sum()) - kept) <= 1  # one on the very edge
    assert score["checkpoint"] == "tiny" and score["per_token"] > 1 and report["notes"] > 64
