"""A blind test: two continuations of one validation passage, by the base and by the run, and which is which.

The answers lie in the run's folder (duels.json) until a guess is made, so that no page knows them before.
"""

from __future__ import annotations

import dataclasses
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from musictx.config import ComposeSettings
from musictx.errors import SettingsError, TrainingError
from musictx.files import read_json, replace_file
from musictx.midi.codec import decode
from musictx.midi.files import Recording
from musictx.studio import Studio
from musictx.takes import Seed, Take
from musictx.training.dataset import Corpus
from musictx.workshop.runs.samples import SAMPLING, passage_of

PASSAGE_S = 15.0
SIDES = ("a", "b")


@dataclass(frozen=True, eq=False)
class BlindTest:
    """Two continuations of one validation passage: by the base and by the run, in random order.

    a, b: their takes, alike in everything but the weights. The answer stays in the run's folder until `reveal`.
    """

    test_id: str
    a: Take
    b: Take


@dataclass(frozen=True)
class BlindTestResult:
    """mine: "a" or "b", which the run made; right: the guess was; won of played: all guesses on this run."""

    mine: str
    right: bool
    won: int
    played: int


def hold_blind_test(
    studio: Studio,
    folder: Path,
    corpus: Corpus,
    base: str,
    mine: str,
    seconds: float,
    report: Callable[[float], None],
    stop: Callable[[], bool],
) -> BlindTest:
    """Composes both sides.

    Args:
        studio: that knows both checkpoints.
        folder: of the run.
        corpus: of the run; a validation piece of it gives the passage.
        base, mine: the checkpoints' names.
        seconds: of each continuation.
        report: called with the share that is done, 0 to 1.
        stop: asked on the way.

    Raises:
        TrainingError: if nothing is held out, or `stop` said so.
    """
    test_id = secrets.token_hex(8)
    chance = random.Random(test_id)
    seed = _passage(corpus, chance)
    settings = ComposeSettings(SAMPLING, seconds=seconds, random_seed=chance.randrange(2**31 - 1))
    takes = {}
    for number, checkpoint in enumerate((base, mine)):
        for progress in studio.compose(seed, dataclasses.replace(settings, checkpoint=checkpoint), stop):
            if stop():
                raise TrainingError("The blind test was stopped before both sides were played.")
            report((number + min(progress.seconds / seconds, 1.0)) / 2)
        # Whoever looks at a take must not read in it who made it.
        takes[checkpoint] = dataclasses.replace(progress.takes[0], settings=settings)
    side = chance.choice(SIDES)
    blind_tests = read_json(folder / "duels.json")
    replace_file(folder / "duels.json", json.dumps({**blind_tests, test_id: {"mine": side, "guess": ""}}).encode())
    first, second = (takes[mine], takes[base]) if side == "a" else (takes[base], takes[mine])
    return BlindTest(test_id, first, dataclasses.replace(second, number=2))


def reveal_blind_test(folder: Path, test_id: str, guess: str) -> BlindTestResult:
    """Which side the run was; the first guess counts.

    Raises:
        TrainingError: for an unknown blind test. SettingsError: for a guess that is neither side.
    """
    if guess not in SIDES:
        raise SettingsError(f"A guess is one of {SIDES}. Received: {guess!r}")
    blind_tests = read_json(folder / "duels.json")
    if test_id not in blind_tests:
        raise TrainingError("This blind test is not known any more. Ask for a new one.")
    if not blind_tests[test_id]["guess"]:
        blind_tests[test_id]["guess"] = guess
        replace_file(folder / "duels.json", json.dumps(blind_tests).encode())
    played = [blind_test for blind_test in blind_tests.values() if blind_test["guess"]]
    won = sum(blind_test["guess"] == blind_test["mine"] for blind_test in played)
    asked = blind_tests[test_id]
    return BlindTestResult(asked["mine"], asked["guess"] == asked["mine"], won, len(played))


def _passage(corpus: Corpus, chance: random.Random) -> Seed:
    """Some seconds from anywhere in a validation piece."""
    pieces = corpus.split("validation")
    if not pieces:
        raise TrainingError(
            "Nothing was held out of this run, so there is no passage that it has not been trained on. Train again "
            "with a piece held out."
        )
    piece = chance.choice(pieces)
    notes = decode(corpus.ids(piece))
    starts = notes.start_s[notes.start_s <= max(notes.duration_s - PASSAGE_S, 0.0)]
    passage = passage_of(notes, float(chance.choice(list(starts))), PASSAGE_S)
    return Seed("validation", Recording(passage, (), None, 0, ()))
