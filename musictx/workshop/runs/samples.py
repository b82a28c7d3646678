"""A run made audible: at each checkpoint its weights continue one and the same passage.

samples/seed.json           the passage: notes from 0 s
samples/step-000050.json    what the weights of that step made of it: join_s, tokens, notes
samples/step-000050.mid     the two together, for other programs
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from musictx.config import SAMPLING_PRESETS, ComposeSettings
from musictx.errors import TrainingError
from musictx.files import read_json, replace_file, whole_file
from musictx.generation.continuation import continue_notes
from musictx.generation.tokens import EngineTokens
from musictx.midi.codec import decode
from musictx.midi.files import write_midi
from musictx.midi.notes import NoteSequence
from musictx.takes import Take
from musictx.training.dataset import Corpus
from musictx.training.runs import RunFolder

if TYPE_CHECKING:
    from musictx.generation.engines.base import Decoder
    from musictx.model.transformer import MusicTransformer

SEED_S, SAMPLE_S = 10.0, 10.0
SAMPLING = SAMPLING_PRESETS["balanced"]


class SampleWriter:
    """Writes a sample for each call; to be given to `train` as `listen`.

    A network of its own takes the weights over, with LoRA merged, so that what is compiled for it serves the whole
    run and training is not disturbed.

    Args:
        run: whose folder gets the samples.
        corpus: a validation piece of it, or else a training piece, gives the seed; a resumed run keeps the one it has.
        random_seed: the same for every sample, so that they differ by their weights alone.
    """

    def __init__(self, run: RunFolder, corpus: Corpus, random_seed: int) -> None:
        self._folder = run.samples
        self._random_seed = random_seed
        stored = self._folder / "seed.json"
        if not stored.exists():
            pieces = corpus.split("validation") or corpus.split("train")
            passage = passage_of(decode(corpus.ids(pieces[0])), 0.0, SEED_S)
            replace_file(stored, json.dumps({"notes": _rows(passage)}).encode())
        self._seed = _notes(read_json(stored))
        self._ear: tuple[MusicTransformer, Decoder] | None = None

    def __call__(self, step: int, model: MusicTransformer) -> None:
        """Continues the seed with the weights of `model` and writes the sample of `step`."""
        asked: dict[str, Any] = {"context_seconds": SEED_S, "seconds": SAMPLE_S, "random_seed": self._random_seed}
        *_, made = continue_notes(EngineTokens(self._decoder(model)), self._seed, sampling=SAMPLING, **asked)
        new = made.notes[0]
        path = self._folder / f"step-{step:06d}.mid"
        with whole_file(path) as unfinished:
            write_midi(self._seed.followed_by(new), unfinished, name=f"step {step}")
        # Last: with it the sample is there.
        said = {"join_s": made.join_s, "tokens": made.tokens[0], "notes": _rows(new)}
        replace_file(path.with_suffix(".json"), json.dumps(said).encode())

    def _decoder(self, model: MusicTransformer) -> Decoder:
        """The engine over the ear's network, which has the weights of `model` now."""
        from musictx.generation.engines.keras import KerasDecoder
        from musictx.model.checkpoint import assign_weights, weight_arrays
        from musictx.model.lora import merged, split_adapter
        from musictx.model.transformer import MusicTransformer

        if self._ear is None:
            ear = MusicTransformer(dataclasses.replace(model.config, dropout=0.0))
            self._ear = ear, KerasDecoder(ear)
        ear, decoder = self._ear
        assign_weights(ear, merged(*split_adapter(weight_arrays(model)), "this run"), "this run")
        return decoder


def read_sample(run: RunFolder, step: int) -> Take:
    """A sample as a take; TrainingError if there is none of that step."""
    stored, seed = read_json(run.samples / f"step-{step:06d}.json"), read_json(run.samples / "seed.json")
    if not stored or not seed:
        raise TrainingError(f"This run has no sample of step {step}.")
    settings = ComposeSettings(SAMPLING, seconds=SAMPLE_S)
    return Take(1, _notes(seed), _notes(stored), stored["join_s"], stored["tokens"], settings, stopped=False)


def passage_of(notes: NoteSequence, from_s: float, seconds: float) -> NoteSequence:
    """`seconds` of `notes`, from 0 s at its first onset."""
    passage = notes.between(from_s, from_s + seconds)
    return passage.shifted(-float(passage.start_s[0])) if len(passage) else passage


def _rows(notes: NoteSequence) -> list[Any]:
    columns = (notes.pitch, notes.velocity, np.round(notes.start_s, 4), np.round(notes.end_s, 4))
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _notes(stored: dict[str, Any]) -> NoteSequence:
    return NoteSequence.from_tuples(tuple(row) for row in stored["notes"])
