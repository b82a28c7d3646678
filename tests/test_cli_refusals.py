"""Whatever a user can get wrong on a command line ends with one sentence, before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from musictx.cli import main
from tests.midi.smf import off, on, smf, track

LINES = [
    ("generate {seed} --out {file}", "is no folder"),
    ("generate {seed} --out {file}/inside", "is no folder"),
    ("generate {seed} --out {out} --soundfont nobody", "No SoundFont named"),
    ("generate {seed} --out {out} --room 2", "room must lie between"),
    ("generate {folder} --out {out}", "could not be opened"),
    ("render {seed} --out {folder}/a.txt", "must end in"),
    ("render {seed} --out {file}/a.wav", "is no folder"),
    ("render {folder} --out {out}.wav", "could not be opened"),
    ("render {seed} --out {out}.wav --gain nan", "gain must lie between"),
    ("prepare {folder} --out {file}", "is no folder"),
    ("prepare {folder} --out {out}", "No .mid or .midi files"),
    ("prepare {seed} --out {out}", "neither a folder nor a zip"),
    ("prepare {music} --out {out} --workers 0", "workers must lie between"),
    ("train {file} --data {folder}", "is no folder"),
    ("train --run {folder}", "is no run"),
    ("train --run {file} --measure", "is no run"),
    ("runs start {seed} --settings {folder}", "cannot be read"),
    ("evaluate {seed} --kept {folder}", "is a folder"),
    ("evaluate {seed} --music --out {file}", "is no folder"),
    ("evaluate {seed} --window 0", "window must lie between"),
    ("evaluate {seed} --batch 0", "batch must lie between"),
    ("evaluate {seed} --music --openings 0", "openings must lie between"),
    ("evaluate {seed} --music --seed -1", "seed must lie between"),
    ("shared {seed} --checkpoint nobody", "No checkpoint named 'nobody'"),
    ("shared {seed} --checkpoint {folder}", "No checkpoint named"),
]


@pytest.mark.parametrize(("line", "sentence"), LINES, ids=[line for line, _ in LINES])
def test_one_sentence_and_no_trace(
    line: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, music, file, seed = tmp_path / "folder", tmp_path / "music", tmp_path / "file", tmp_path / "seed.mid"
    folder.mkdir()
    music.mkdir()
    file.write_text("in the way")
    for path in (seed, music / "a.mid"):
        path.write_bytes(smf(track(*[event for key in range(60, 72) for event in (on(0, key), off(240, key))])))
    places = {"folder": folder, "music": music, "file": file, "seed": seed, "out": tmp_path / "out"}
    assert main([word.format(**places) for word in line.split()]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and sentence in said[0]
    assert file.read_text() == "in the way"


def test_what_the_system_refuses_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "tokens.part")

    from musictx.cli import COMMANDS
    from musictx.cli.command import Command

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(COMMANDS, "checkpoints", Command("fill the disk", lambda _: None, full))
        assert main(["checkpoints"]) == 2
    assert capsys.readouterr().err == "musictx: tokens.part: No space left on device\n"


def test_notes_that_nobody_can_hear_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soft = tmp_path / "soft.mid"
    soft.write_bytes(smf(track(on(0, 60, 1), off(480, 60), on(0, 64, 1), off(480, 64))))
    code = main(["render", str(soft), "--out", str(tmp_path / "a.wav"), "--room", "0"])
    import soundfile

    assert code == 2 or abs(soundfile.read(tmp_path / "a.wav")[0]).max() > 0.1
    assert code == 0 or "can be heard" in capsys.readouterr().err
