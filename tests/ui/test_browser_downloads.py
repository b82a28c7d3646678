"""What the served page's own links hand over, fetched by their addresses and saved by a browser."""

from __future__ import annotations

import io
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musictx.midi.files import write_midi
from tests.ui.fake_studio import broken_chords
from tests.ui.steps import open_more
from tests.ui.taken import assert_same_sound, notes_of, samples_of

LINKS = """(box) => [...document.querySelector(box).querySelectorAll('a')].map(
  (link) => [link.textContent, link.href, link.download])"""
COMPOSE, SIDE_A, SIDE_B = ".stage .files", "#compare-stage .side .files", "#compare-stage .side:last-of-type .files"


def fetch(address: str) -> tuple[bytes, str]:
    """What a link's address answers, and the name that its header gives."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        header = Message()
        header["Content-Disposition"] = answer.headers["Content-Disposition"]
        return answer.read(), header.get_filename("")


def handed_over(page: Any, box: str) -> dict[str, tuple[str, bytes]]:
    """Label -> (name, content) of every link in `box`; header and `download` attribute agree on the name."""
    found = {}
    for label, address, name in page.evaluate(LINKS, box):
        content, from_header = fetch(address)
        assert urllib.parse.unquote(from_header) == name
        found[label] = name, content
    return found


def assert_is_one_take(files: dict[str, tuple[str, bytes]], stem: str, seed_notes: int) -> None:
    """The files of one take hold the same music."""
    assert {label: name for label, (name, _) in files.items()} == {
        "MIDI": f"{stem}.mid",
        "Continuation only": f"{stem}-continuation.mid",
        "WAV": f"{stem}.wav",
        "MP3": f"{stem}.mp3",
        "FLAC": f"{stem}.flac",
    }
    content = {label: each for label, (_, each) in files.items()}
    flac = samples_of(content["FLAC"])
    assert np.abs(flac).max() > 0.1
    for label in ("WAV", "MP3"):
        assert_same_sound(content[label], flac)
    whole, alone = notes_of(content["MIDI"]), notes_of(content["Continuation only"])
    assert len(whole) == seed_notes + len(alone) and len(alone) > 10
    moved_s = whole.start_s[seed_notes] - alone.start_s[0]  # both on the bar lines of the seed
    assert whole.start_s[0] <= moved_s
    new = whole.select(np.arange(len(whole)) >= seed_notes).shifted(-moved_s)
    assert sorted(zip(new.pitch.tolist(), new.velocity.tolist(), strict=True)) == sorted(
        zip(alone.pitch.tolist(), alone.velocity.tolist(), strict=True)
    )
    assert np.abs(np.sort(new.start_s) - np.sort(alone.start_s)).max() < 0.003
    assert abs(len(flac) / 44_100 - whole.duration_s) < 10


def press_and_wait(page: Any, prefix: str, box: str, links: int) -> str:
    """Generates six seconds and waits for the last download; the random seed of it."""
    field = page.locator(f"#{prefix}seconds input[type=number]")
    field.fill("6")
    field.press("Tab")
    page.click(f"#{prefix}generate")
    page.wait_for_function(
        "([box, links]) => document.querySelector(box).querySelectorAll('a[href]').length === links", arg=[box, links]
    )
    facts = page.locator("#compare-stage .side-facts" if prefix else ".take-facts").first
    return str(facts.inner_text().split("random seed ")[1])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Für „Elise“ d'été.mid", "für-„elise“-d'été"),
        ('6" nails & "café" 100% #1.mid', "6”-nails-“café”-100-1"),
        ("夜想曲 🎹.mid", "夜想曲-🎹"),
        ("..no path.v2.mid", "no-path-v2"),
        (f"{'ö' * 80}.mid", "ö" * 60),
    ],
)
def test_a_name_survives_the_way_to_the_visitors_disk(
    fake_url: str, open_page: Callable[..., Any], tmp_path: Path, name: str, kept: str
) -> None:
    page = open_page(fake_url)
    content = write_midi(broken_chords(2), tmp_path / "seed.mid").read_bytes()
    upload = {"name": name, "mimeType": "audio/midi", "buffer": content}
    page.set_input_files("#seed-panel input[type=file]", upload)
    page.wait_for_function("document.querySelector('.stage-title').innerText !== 'Prelude'")
    assert page.locator(".stage-title").inner_text() == name.removesuffix(".mid")
    page.wait_for_selector(".play:not([disabled])")
    open_more(page)
    number = press_and_wait(page, "", COMPOSE, 5)
    assert_is_one_take(handed_over(page, COMPOSE), f"{kept}-take-1-seed{number}", 32)
    for label, ending in (("MIDI", ".mid"), ("Continuation only", "-continuation.mid")):
        with page.expect_download() as waiting:
            page.click(f".files a:text-is('{label}')")
        assert waiting.value.suggested_filename == f"{kept}-take-1-seed{number}{ending}"


def test_takes_and_their_archive_are_the_same_files(fake_url: str, open_page: Callable[..., Any]) -> None:
    page = open_page(fake_url)
    open_more(page)
    field = page.locator("#variations input[type=number]")
    field.fill("3")
    field.press("Tab")
    number = press_and_wait(page, "", COMPOSE, 6)
    singles: dict[str, bytes] = {}
    for take in (1, 2, 3):
        page.click(f".take-tabs button:nth-child({take})")
        files = handed_over(page, COMPOSE)
        archive = files.pop("All takes")
        assert_is_one_take(files, f"prelude-take-{take}-seed{number}", len(broken_chords()))
        singles |= dict(files.values())
    assert archive[0] == f"prelude-takes-seed{number}.zip"
    members = zipfile.ZipFile(io.BytesIO(archive[1]))
    assert {name: members.read(name) for name in members.namelist()} == singles and len(singles) == 15


def test_both_sides_of_compare_are_handed_over(tiny_url: str, open_page: Callable[..., Any]) -> None:
    page = open_page(tiny_url)
    page.click("[role=tab]:has-text('Compare')")
    page.wait_for_selector("#compare-stage .play:not([disabled])")
    number = press_and_wait(page, "compare-", SIDE_B, 5)
    page.wait_for_selector(f"{SIDE_A} a:nth-child(5)[href]")
    sides = {letter: handed_over(page, box) for letter, box in (("a", SIDE_A), ("b", SIDE_B))}
    for letter, files in sides.items():
        stem = f"nocturne-in-d-flat-major-{letter}-tiny-seed{number}"
        seed_notes = len(notes_of(files["MIDI"][1])) - len(notes_of(files["Continuation only"][1]))
        assert_is_one_take(files, stem, seed_notes)
    assert sides["a"]["MIDI"][1] != sides["b"]["MIDI"][1]
