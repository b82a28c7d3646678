"""Fuzzing of whatever reads a file from outside: `python -m scripts.fuzz TARGET [--runs 100000] [--minutes 10]`.

Targets: midi, zip, header, card, sf2, settings, recipe. The property: what comes back is an answer or a MusictxError,
within 2 s of processor time and 200 MB. With atheris installed (`pip install atheris`) inputs are guided by coverage;
without it they are mutations of the seeds by chance. An input that breaks the property is written to the folder
`findings` and named: put it into a test.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import logging
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

# Everything else of musictx is imported by the functions: after atheris has begun to watch what is imported.
from musictx.errors import MusictxError

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 2.0
MOST_BYTES = 200 * 2**20
LARGEST_INPUT = 1 << 16

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 3, 2**31, 2**63, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "a", "\0", "../../x", "F16", "x" * 5000, "\ud800", [], {}, [1, 2], [[[]]], {"a": {}}, ["a"] * 300),
)
JSON_TARGETS = ("header", "card", "settings", "recipe")

Target = Callable[[bytes, Path], Any]


def read_midi_bytes(content: bytes, folder: Path) -> Any:
    """A MIDI file."""
    from musictx.midi.files import read_midi

    return read_midi(content)


def read_zip(content: bytes, folder: Path) -> Any:
    """An upload for a dataset: checked, then every member read."""
    from musictx.workshop.datasets.archive import midi_files, read_all
    from musictx.workshop.policy import WorkshopLimits

    path = folder / "upload.zip"
    path.write_bytes(content)
    return list(read_all(midi_files([path], WorkshopLimits(), False)[0]))


def read_header(content: bytes, folder: Path) -> Any:
    """The weight file of a checkpoint whose card is right."""
    from musictx.config import MODEL_PRESETS
    from musictx.midi import vocabulary
    from musictx.model.card import CARD_FILE, CheckpointCard
    from musictx.model.headers import check_headers

    tiny, name = MODEL_PRESETS["tiny"], "w.safetensors"
    card = CheckpointCard("x", "Tiny", "CC0", tiny, vocabulary.fingerprint(), shards=(name,))
    (folder / CARD_FILE).write_text(card.to_json())
    (folder / name).write_bytes(content)
    return check_headers(folder)


def read_a_card(content: bytes, folder: Path) -> Any:
    """A checkpoint's card."""
    from musictx.model.card import CARD_FILE, read_card

    (folder / CARD_FILE).write_bytes(content)
    return read_card(folder)


def read_sf2(content: bytes, folder: Path) -> Any:
    """A SoundFont."""
    from musictx.audio.soundfont import find_soundfonts

    (folder / "font.sf2").write_bytes(content)
    return [(font.name, font.licence) for font in find_soundfonts([folder], folder / "cache")]


def read_run_settings(content: bytes, folder: Path) -> Any:
    """A file of settings for a run."""
    from musictx.ui.train.form_handlers import read_settings_file

    (folder / "settings.json").write_bytes(content)
    return read_settings_file(folder / "settings.json")


def read_recipe(content: bytes, folder: Path) -> Any:
    """The settings that a take's MIDI file carries, or a run's configuration."""
    from musictx.training.config import TrainingConfig
    from musictx.training.runs import RunFolder

    (folder / "run.json").write_bytes(content)
    return TrainingConfig.from_dict(RunFolder(folder).read_config())


TARGETS: dict[str, Target] = {
    "midi": read_midi_bytes,
    "zip": read_zip,
    "header": read_header,
    "card": read_a_card,
    "sf2": read_sf2,
    "settings": read_run_settings,
    "recipe": read_recipe,
}


def seeds(name: str, folder: Path) -> list[bytes]:
    """Whole inputs to begin with."""
    music = [path.read_bytes() for path in sorted((ROOT / "assets/seeds").glob("*.mid"))[:6]]
    if name == "midi":
        return music
    if name == "zip":
        with zipfile.ZipFile(folder / "seed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for number, content in enumerate(music[:3]):
                archive.writestr(f"{number}.mid", content[:400])
        return [(folder / "seed.zip").read_bytes()]
    if name == "header":
        from musictx.config import MODEL_PRESETS
        from musictx.model.shapes import weight_shapes

        place, rows = 0, {}
        for weight, shape in weight_shapes(MODEL_PRESETS["tiny"]).items():
            size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
            rows[weight] = {"dtype": "F16", "shape": list(shape), "data_offsets": [place, place + size]}
            place += size
        words = json.dumps(rows).encode()
        return [len(words).to_bytes(8, "little") + words]
    if name == "card":
        return [path.read_bytes() for path in sorted((ROOT / "checkpoints").glob("*/config.json"))]
    if name == "sf2":
        return [b"RIFF" + (64).to_bytes(4, "little") + b"sfbkLIST" + (52).to_bytes(4, "little") + b"INFO" + bytes(48)]
    if name == "settings":
        from musictx.workshop.runs.settings import RunSettings

        return [RunSettings(name="a").to_json().encode()]
    from dataclasses import asdict

    from musictx.training.config import TrainingConfig

    return [json.dumps(asdict(TrainingConfig())).encode()]


class Property:
    """Runs one input and says what is wrong: an error that is none of ours, too slow, too much memory."""

    def __init__(self, target: Target, folder: Path, findings: Path) -> None:
        self.target, self.folder, self.findings = target, folder, findings
        self.runs, self.found = 0, list[str]()
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss

    def __call__(self, content: bytes) -> str:
        """ "" if it holds, else the finding."""
        self.runs += 1
        # Processor time: another program that keeps the machine busy is no finding.
        began, said = time.process_time(), ""
        try:
            self.target(content, self.folder)
        except MusictxError:
            pass
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        seconds = time.process_time() - began
        if not said and seconds > LONGEST_S:
            said = f"took {seconds:.1f} s"
        if not said and self.runs % 64 == 0 and self._process.memory_info().rss - self._before > MOST_BYTES:
            said = f"the process grew by {(self._process.memory_info().rss - self._before) / 2**20:.0f} MB"
            self._before = self._process.memory_info().rss
        if said:
            self._keep(content, said)
        return said

    def _keep(self, content: bytes, said: str) -> None:
        kind = said.split(":")[0]
        if kind not in {each.split(":")[0] for each in self.found} or len(self.found) < 20:
            self.findings.mkdir(parents=True, exist_ok=True)
            path = self.findings / f"{len(self.found):03}.bin"
            path.write_bytes(content)
            print(f"{path}: {said[:200]}", flush=True)
        self.found.append(said)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A few changes at random places: bytes, blocks, lengths."""
    made = bytearray(content or b"\0")
    for _ in range(chance.choice((1, 1, 2, 4, 8, 32))):
        place, kind = chance.randrange(len(made)), chance.randrange(6)
        if kind == 0:
            made[place] = chance.randrange(256)
        elif kind == 1:
            made[place] ^= 1 << chance.randrange(8)
        elif kind == 2:
            made[place : place + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0"))
        elif kind == 3:
            del made[place : place + chance.randrange(1, 64)]
        elif kind == 4:
            made[place:place] = made[place : place + chance.randrange(1, 64)]
        else:
            made[place:place] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8)))
        made = made or bytearray(b"\0")
    return bytes(made[:LARGEST_INPUT])


def mutated_json(content: bytes, chance: random.Random) -> bytes:
    """JSON with one value of another kind, or one entry less, anywhere in it; behind 8 bytes of length if it has them.

    Bytes changed by chance hardly ever stay JSON: what reads the values would see none.
    """
    head = 8 if content[8:9] == b"{" else 0
    try:
        whole = json.loads(content[head:])
    except ValueError:
        return mutated(content, chance)
    place: Any = whole
    while isinstance(place, dict | list) and place:
        key = chance.choice([*place] if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], dict | list) or not place[key] or chance.random() < 0.2:
            if chance.random() < 0.1:
                del place[key]
            else:
                place[key] = chance.choice(ODD_VALUES)
            break
        place = place[key]
    words = json.dumps(whole).encode()
    return (len(words).to_bytes(8, "little") if head else b"") + words


def by_chance(holds: Property, given: Sequence[bytes], runs: int, until: float) -> None:
    """Mutations of the seeds, without coverage."""
    chance = random.Random(1)
    while holds.runs < runs and time.monotonic() < until:
        holds(mutated(chance.choice(given), chance))


def by_coverage(
    holds: Property, given: Sequence[bytes], folder: Path, runs: int, seconds: float, is_json: bool
) -> None:
    """atheris; it ends the process, so what was found is printed before."""
    import atheris

    def mutate(content: bytes, longest: int, number: int) -> bytes:
        """Of JSON every second time a value, else what libFuzzer does."""
        chance = random.Random(number)
        changed = mutated_json(content, chance) if chance.random() < 0.5 else atheris.Mutate(content, len(content))
        return changed[:longest]

    more = {"custom_mutator": mutate} if is_json else {}

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(given):
        (corpus / str(number)).write_bytes(content)
    words = [sys.argv[0], str(corpus), f"-runs={runs}", f"-max_total_time={seconds:.0f}", f"-max_len={LARGEST_INPUT}"]
    atheris.Setup([*words, "-rss_limit_mb=0", "-timeout=60", "-print_final_stats=1"], holds, **more)
    atheris.Fuzz()


@contextlib.contextmanager
def _instrumented(guided: bool) -> Iterator[None]:
    """While it lasts, what is imported of musictx tells atheris which branches it takes."""
    if not guided:
        yield
        return
    import atheris

    with atheris.instrument_imports(include=["musictx"]):
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if the property held for every input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most")
    parser.add_argument("--findings", type=Path, default=Path("findings"), help="folder for inputs that break it")
    parser.add_argument("--by-chance", action="store_true", help="without coverage, even where atheris is there")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="musictx-fuzz-") as name:
        folder = Path(name) / "work"
        folder.mkdir()
        logging.disable(logging.CRITICAL)  # what is refused is no news here
        guided = importlib.util.find_spec("atheris") is not None and not options.by_chance
        with _instrumented(guided), contextlib.suppress(MusictxError):
            given = seeds(options.target, Path(name))
            TARGETS[options.target](given[0], folder)  # what is loaded once is neither slow nor large
        holds = Property(TARGETS[options.target], folder, options.findings / options.target)
        began = time.monotonic()
        try:
            if guided:
                by_coverage(
                    holds, given, Path(name), options.runs, 60 * options.minutes, options.target in JSON_TARGETS
                )
            else:
                by_chance(holds, given, options.runs, began + 60 * options.minutes)
        finally:
            seconds = time.monotonic() - began
            how = "guided by coverage" if guided else "by chance"
            print(f"{options.target}: {holds.runs:,} inputs in {seconds:.0f} s {how}, {len(holds.found)} findings")
    return bool(holds.found)


if __name__ == "__main__":
    sys.exit(main())
