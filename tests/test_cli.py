"""The command line, run in this process; only what must be light is run in its own."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musictx.cli import COMMANDS, build_parser, main
from musictx.cli.command import Bar
from musictx.generation.engines.base import Decoder
from musictx.midi.files import read_midi, write_midi
from musictx.model_cache import ModelCache
from musictx.training.config import TrainingConfig
from musictx.training.runs import RunFolder
from scripts.make_seeds import SEEDS
from tests.tiny import write_tiny_checkpoint

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def _one_engine() -> Iterator[None]:
    """Each command has a studio of its own; here they share the compiled engine, to save compiling."""
    load, engines = ModelCache._load, dict[Path, Decoder]()

    def shared(loaded: ModelCache, name: str) -> Decoder:
        folder = loaded._checkpoints / name
        return engines.get(folder) or engines.setdefault(folder, load(loaded, name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModelCache, "_load", shared)
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    """Runs a command that must succeed; its JSON if it printed one, else its text."""
    assert main([str(word) for word in words]) == 0
    printed = capsys.readouterr().out
    return json.loads(printed) if "--json" in words else printed


def generate_words(tiny: Path, out: Path) -> tuple[str | Path, ...]:
    return ("generate", SEEDS / "chorale.mid", "--out", out, "--checkpoint", tiny, "--seconds", "5", "--formats", "mid")


@pytest.mark.parametrize("words", [["--help"], ["generate", "--help"], ["render", "--help"]])
def test_help_needs_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom musictx.cli import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'keras', 'tensorflow', 'gradio', 'pretty_midi', 'numpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "usage: musictx" in answer.stdout


def test_generate_writes_takes_and_figures(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    words = (*generate_words(tiny, tmp_path), "wav", "--variations", "2", "--seed", "7", "--json")
    made = run(capsys, *words)
    assert {path.name for path in tmp_path.iterdir()} == {"take-1.mid", "take-1.wav", "take-2.mid", "take-2.wav"}
    assert made["random_seed"] == 7
    assert made["seconds"] == pytest.approx(5, abs=0.01)
    assert made["tokens"] == sum(take["tokens"] for take in made["takes"]) > 20
    assert made["tokens_per_second"] > 0
    assert made["first_note_s"] > 0
    seed = read_midi(SEEDS / "chorale.mid").notes
    for take in made["takes"]:
        notes = read_midi(take["files"]["mid"]).notes
        assert len(notes) > len(seed)
        assert notes.duration_s == pytest.approx(seed.duration_s + take["seconds"], abs=0.05)


def test_one_random_seed_gives_one_piece(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    pieces = []
    for folder, number in (("a", 5), ("b", 5), ("c", 6)):
        run(capsys, *generate_words(tiny, tmp_path / folder), "--seed", str(number))
        pieces.append(read_midi(tmp_path / folder / "take-1.mid").notes)
    assert pieces[0] == pieces[1]
    assert pieces[0] != pieces[2]


def test_a_drawn_random_seed_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    printed = run(capsys, *generate_words(tiny, tmp_path / "a"))
    number = printed.strip().rsplit(" ", 1)[1]
    assert run(capsys, *generate_words(tiny, tmp_path / "b"), "--seed", number)
    assert read_midi(tmp_path / "a" / "take-1.mid").notes == read_midi(tmp_path / "b" / "take-1.mid").notes


def test_a_built_in_seed_goes_by_its_id(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path) -> None:
    words = list(generate_words(tiny, tmp_path))
    words[1] = "chorale"
    made = run(capsys, *words, "--json")
    assert Path(made["takes"][0]["files"]["mid"]).is_file()


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["generate", "no-such.mid", "--out", "out"], "no-such.mid"),
        (["generate", "chorale", "--out", "out", "--checkpoint", "no-such"], "No checkpoint named 'no-such'"),
        (["generate", "chorale", "--out", "out", "--temperature", "9"], "temperature must lie between 0 and 2"),
        (["render", str(SEEDS / "chorale.mid"), "--out", "song.txt"], ".wav"),
        (["render", str(SEEDS / "README.md"), "--out", "song.wav"], "README.md"),
        (["prepare", "no-such-folder", "--out", "out"], "neither a folder nor a zip"),
        (["train", "run"], "--data"),
        (["train", "no-such-run", "--resume"], "no training run"),
        (["train", "run", "--data", "no-corpus"], "no-corpus is no prepared corpus"),
        (["train", "run", "--data", "no-corpus", "--preset", "tiny"], "windows of 2048 tokens"),
        (["train", "run", "--data", "x", "--preset", "tiny", "--lengths", "64:nan"], "share of the run"),
        (["train", "run", "--data", "x", "--lengths", "0"], "a length must lie between 1"),
        (["train", "run", "--data", "x", "--lengths", "64", "128"], "must rise"),
        (["train", "run", "--data", "x", "--learning-rate", "nan"], "learning_rate"),
        (["train", "run", "--data", "x", "--weights", "inf"], "weights"),
        (["train", "run", "--data", "x", "--seed", "-1"], "seed"),
        (["train", "run", "--data", "x", "--log-every", "0"], "log_every"),
        (["train", "run", "--data", "x", "--schedule", "steep"], "schedule"),
        (["train", "run", "--data", "x", "--base", "no-base"], "No checkpoint at no-base"),
        (["generate", "chorale", "--out", "out", "--seed", "-5"], "random seed must lie between 0 and 2,147,483,647"),
        (["generate", "chorale", "--out", "out", "--variations", "0"], "variations must lie between 1 and 4"),
        (["generate", "chorale", "--out", "out", "--variations", "4", "--temperature", "0"], "Ask for 1 variation"),
        (["generate", "chorale", "--out", "out", "--seconds", "nan"], "length in seconds"),
        (["generate", "chorale", "--out", "out", "--room", "inf"], "room"),
        (["generate", "chorale", "--out", "out", "--soundfont", "no-such"], "No SoundFont named 'no-such'"),
        (["generate", "chorale", "--out", str(ROOT / "README.md")], "README.md is no folder"),
        (["render", str(SEEDS / "chorale.mid"), "--out", "song.wav", "--gain", "nan"], "gain"),
        (["evaluate", str(SEEDS), "--every", "0"], "--every"),
        (["evaluate", str(SEEDS), "--window", "4096"], "--window must lie between 1 and 2,048"),
        (["evaluate", str(SEEDS), "--checkpoint", "no-such"], "no-such"),
        (["evaluate", str(SEEDS), "--music", "--seconds", "0"], "--seconds"),
        (["prepare", str(SEEDS), "--out", "out", "--workers", "0"], "workers"),
        (["runs", "start", str(SEEDS), "--settings", "no-such.json"], "no-such.json cannot be read"),
        (["runs", "start", str(SEEDS), "--name", "n" * 61], "1 to 60 characters"),
        (["runs", "resume", "no-such", "--more-steps", "-1"], "more steps"),
    ],
)
def test_what_a_user_can_correct_is_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
    remedy: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line.startswith("musictx: ") and remedy in line
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["generate", "chorale", "--out", "out", "--variations", "2.5"], "--variations: give a whole number"),
        (["generate", "chorale", "--out", "out", "--seed", ""], "--seed: give a whole number, not ''"),
        (["generate", "chorale", "--out", "out", "--temperature", "warm"], "--temperature: give a number"),
        (["generate", "chorale", "--out", "out", "--formats", "aac"], "continuation"),
        (["train", "run", "--lengths", "long"], "512:0.6"),
        (["train", "run", "--xla", "maybe"], "on or off"),
        (["train", "run", "--steps", "1e3"], "--steps: give a whole number"),
        (["no-such"], "generate"),
        ([], "COMMAND"),
    ],
)
def test_what_cannot_be_read_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], remedy: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("musictx") and remedy in line and "--help" in line


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Those of all commands and of what stands below them, and the page's."""
    waiting = [build_parser(name) for name in COMMANDS]
    while waiting:
        parser = waiting.pop()
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()


def test_every_option_says_what_it_is_and_what_holds_without_it() -> None:
    options = 0
    for parser in parsers():
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction | argparse._HelpAction | argparse._VersionAction):
                continue
            options += 1
            shown = parser._get_formatter()._expand_help(action)
            where = f"{parser.prog} {action.option_strings or action.dest}: {shown!r}"
            assert len(shown.split("(default:")[0].split()) >= 2, where
            for unreadable in ("default: None", "default: ()", "default: []", "default: ''", "SUPPRESS", "((", "['"):
                assert unreadable not in shown, where
            default = action.default
            if default not in (None, argparse.SUPPRESS, False, "", (), []) and action.option_strings:
                assert "default:" in shown, where
        parser.format_help()
    assert options > 80


def test_help_says_every_training_setting_and_its_default() -> None:
    said = " ".join(build_parser("train")._subparsers._group_actions[0].choices["train"].format_help().split())  # type: ignore[union-attr, index]
    for field in dataclasses.fields(TrainingConfig):
        assert f"--{field.name.replace('_', '-')} " in said and " ".join(field.metadata["about"].split()) in said
    for words in ("(default: 2048)", "(default: on)", "(default: 0.0003)", "(default: query key value"):
        assert words in said


def test_render_makes_sound(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import soundfile

    run(capsys, "render", SEEDS / "gymnopedie.mid", "--out", tmp_path / "song.flac")
    samples, rate_hz = soundfile.read(tmp_path / "song.flac")
    assert rate_hz == 44_100
    assert len(samples) / rate_hz >= read_midi(SEEDS / "gymnopedie.mid").notes.duration_s
    assert 0.5 < abs(samples).max() <= 1


def test_checkpoints_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    cards = run(capsys, "checkpoints", "--json")
    assert [card["name"] for card in cards] == [
        path.parent.name for path in sorted(ROOT.glob("checkpoints/*/config.json"))
    ]


def test_figures_are_listed_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "checkpoints")
    card = json.loads((ROOT / "checkpoints/enhanced/config.json").read_text(encoding="utf-8"))
    assert f"maestro-validation: {card['figures']['maestro-validation']['per_token']:.4g} nats a token, " in said
    assert "{" not in said


def test_every_training_setting_has_a_flag() -> None:
    words = ["train", "run"]
    for field in dataclasses.fields(TrainingConfig):
        words += [f"--{field.name.replace('_', '-')}", "512:0.5" if field.name == "lengths" else "1"]
    options = vars(build_parser("train").parse_args(words))
    assert options["lengths"] == [(512, 0.5)]
    assert options["dropout"] == 1.0 and isinstance(options["dropout"], float)
    assert {field.name for field in dataclasses.fields(TrainingConfig)} <= set(options)


def test_prepare_train_evaluate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = tmp_path / "music"
    for seed in sorted(SEEDS.glob("*.mid")):
        write_midi(read_midi(seed).notes, source / seed.name)
    (source / "metadata.csv").write_text(
        "file,split\n"
        + "".join(
            f"{path.name},{'validation' if number < 2 else 'train'}\n"
            for number, path in enumerate(sorted(source.glob("*.mid")))
        )
    )
    assert "12 pieces" in run(capsys, "prepare", source, "--out", tmp_path / "corpus")
    learn = ("train", tmp_path / "run", "--preset", "tiny", "--lengths", "64", "--batch-tokens", "128", "--steps", "2")
    run(capsys, *learn, "--data", tmp_path / "corpus")
    assert RunFolder(tmp_path / "run").read_config()["validation_length"] == 128  # the network's window
    words = ("evaluate", tmp_path / "corpus", "--checkpoint", tmp_path / "run" / "last", "--window", "64", "--json")
    figures = run(capsys, *words)
    assert figures["pieces"] == 2
    assert figures["per_token"] == pytest.approx(math.log(391), abs=0.7)  # after two steps it knows nothing yet
    assert figures["per_note"] * figures["notes"] == pytest.approx(figures["per_token"] * figures["tokens"])
    kept = tmp_path / "kept.jsonl"
    assert run(capsys, *words, "--kept", kept) == pytest.approx(figures)
    lines = kept.read_text().splitlines()
    kept.write_text(lines[0] + "\n" + lines[1][:20])  # killed while it wrote the second piece
    assert run(capsys, *words, "--kept", kept) == pytest.approx(figures)
    assert [line for line in kept.read_text().splitlines() if line in lines] == lines  # measured anew, kept again


def test_what_nobody_watches_says_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([0.0, 10.0, 70.0, 70.0, 80.0])
    monkeypatch.setattr("musictx.cli.command.time.monotonic", lambda: next(seconds))
    with Bar("evaluating", "token") as bar:
        for done in (1, 2, 3):
            bar(done, 4)
    assert capsys.readouterr().err == "evaluating: 50%\n"


def test_evaluate_music_measures_presets_beside_what_was_played(
    capsys: pytest.CaptureFixture[str], tiny: Path, tmp_path: Path
) -> None:
    words = (
        "evaluate",
        SEEDS,
        "--checkpoint",
        tiny,
        "--music",
        "--openings",
        "2",
        "--seconds",
        "5",
        "--presets",
        "precise",
    )
    figures = run(capsys, *words, "--out", tmp_path, "--json")["presets"]["precise"]
    assert figures["continuations"] == 2
    assert figures["generated"]["density"][0] > 0
    for number in (1, 2):
        assert read_midi(tmp_path / "precise" / f"opening-0{number}.mid").notes.duration_s > 10
    table = run(capsys, *words)
    assert "precise" in table and "real" in table and "dead stop" in table


def test_resuming_keeps_what_the_run_was_started_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began = TrainingConfig(data=("corpus",), preset="tiny", lengths=((64, 0.5), (128, 1.0)), steps=10)
    RunFolder(tmp_path).write_config(dataclasses.asdict(began))
    asked: list[tuple[TrainingConfig, bool]] = []

    def train(config: TrainingConfig, folder: Path, resume: bool, *_: object) -> RunFolder:
        asked.append((config, resume))
        return RunFolder(folder)

    monkeypatch.setattr("musictx.training.train.train", train)
    assert main(["train", str(tmp_path), "--resume", "--steps", "20"]) == 0
    assert asked == [(dataclasses.replace(began, steps=20), True)]


def test_every_command_is_described() -> None:
    listing = build_parser("").format_help()
    for name, command in COMMANDS.items():
        assert name in listing and command.summary in " ".join(listing.split())
