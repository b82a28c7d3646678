"""The pipeline from a seed to a take, built once and passed in.

    read_midi: file -> notes | encode: notes -> ids | generate: ids -> ids | decode: ids -> notes
    write_midi: notes -> file | render: notes -> samples | write_audio: samples -> file

A Studio holds what everybody shares: folders, SoundFonts, loaded networks. What belongs to one
visitor travels in `Seed`, `ComposeSettings` and `Take`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from musictx.audio.encode import write_audio
from musictx.audio.samples import SamplePacks
from musictx.audio.soundfont import SoundFont, best_soundfont, find_soundfonts
from musictx.audio.synth import render
from musictx.config import AUDIO_FORMATS, MIDI_FORMATS, SAMPLE_RATE_HZ, ComposeSettings, RenderSettings
from musictx.errors import AudioError, CheckpointError, MidiError
from musictx.files import cache_folder
from musictx.generation.continuation import Continuation, continue_notes
from musictx.generation.extend import Extended, extend
from musictx.generation.generate import Chunk, Ending
from musictx.generation.redo import USUAL_CANDIDATES, Redone, checked_range, redo
from musictx.generation.score import SeedScore, score_seed
from musictx.midi.analysis import SeedReport, describe
from musictx.midi.bounded import BoundedReader
from musictx.midi.codec import encode
from musictx.midi.files import Recording, SeedLimits, check_seed, read_midi, write_midi
from musictx.midi.join import seed_and_join
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import PassageIndex, Sharing
from musictx.midi.ranges import split_at
from musictx.model.card import CheckpointCard, list_cards
from musictx.model_cache import Elsewhere, ModelCache
from musictx.recipe import FoundRecipe, Recipe, read_recipe, recipe_of, restored_seed
from musictx.takes import BuiltInSeed, Edit, Progress, Redo, Seed, Take
from musictx.version import __version__

if TYPE_CHECKING:
    from musictx.generation.engines.base import Decoder

__all__ = [
    "BuiltInSeed",
    "ComposeSettings",
    "Elsewhere",
    "Progress",
    "Redo",
    "RenderSettings",
    "Seed",
    "Studio",
    "StudioFolders",
    "Take",
]

WARM_TOKENS = 1024  # prompt and continuation that the first click rarely exceeds


@dataclass(frozen=True)
class StudioFolders:
    """Where things lie: checkpoints, built-in seeds, SoundFonts the user put there, and a cache."""

    checkpoints: Path
    seeds: Path
    soundfonts: Path
    cache: Path

    @classmethod
    def beside(cls, project: Path) -> StudioFolders:
        """The folders of a checkout of this project, and the user's own cache."""
        assets = project / "assets"
        return cls(project / "checkpoints", assets / "seeds", assets / "soundfonts", cache_folder())


class Studio:
    """Reads seeds, composes takes, renders and exports them.

    Args:
        folders: where checkpoints, seeds and SoundFonts lie; those of this checkout if not given.
        limits: what a seed may be at most.
        engine: what runs the network, see `generation.engines`; $MUSICTX_ENGINE or "auto" if not given.
        resolve: the folder of a checkpoint that lies elsewhere, such as a training run's; None for other names.
        read: what reads a visitor's file; a `BoundedReader` if not given.
        elsewhere: makes the tokens of takes on another device, see `ModelCache`.

    Raises:
        SettingsError: if there is no engine of that name.
    """

    def __init__(
        self,
        folders: StudioFolders | None = None,
        limits: SeedLimits | None = None,
        engine: str | None = None,
        resolve: Callable[[str], Path | None] = lambda _: None,
        read: Callable[[str | Path | bytes], Recording] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.folders = folders or StudioFolders.beside(Path(__file__).resolve().parent.parent)
        self.limits = limits or SeedLimits()
        self.read = read or BoundedReader()
        self._packs = SamplePacks(self.folders.cache / "samples")
        self._loaded = ModelCache(self.folders.checkpoints, self.folders.cache, engine, resolve, elsewhere)

    def checkpoints(self) -> tuple[CheckpointCard, ...]:
        """The cards of the checkpoints that can be used, by name."""
        return list_cards(self.folders.checkpoints)

    def soundfonts(self) -> tuple[SoundFont, ...]:
        """The pianos of this machine, best first."""
        return tuple(find_soundfonts([self.folders.soundfonts], self.folders.cache))

    def built_in_seeds(self) -> tuple[BuiltInSeed, ...]:
        """The seeds that come with the program, in the order of their list."""
        listing = self.folders.seeds / "seeds.json"
        try:
            entries = json.loads(listing.read_text(encoding="utf-8"))
            return tuple(
                BuiltInSeed(row["id"], row["title"], row["style"], row["credit"], self.folders.seeds / row["file"])
                for row in entries
            )
        except (OSError, ValueError, KeyError) as error:
            raise MidiError(
                f"The list of built-in seeds, {listing}, cannot be read ({error}). Restore assets/seeds."
            ) from error

    def read_seed(self, path: str | Path, name: str | None = None) -> Seed:
        """Reads and checks a seed file.

        Raises:
            MidiError: if it is no usable MIDI file, or longer or larger than `limits` allow.
        """
        path = Path(path)
        size, most = (path.stat().st_size if path.is_file() else 0), self.limits.file_bytes
        if size > most:
            raise MidiError(
                f"This file has {size / 2**20:.1f} MB; a seed may have {most / 2**20:.0f} MB. "
                "Export only the passage to be continued."
            )
        recording = self.read(path)
        check_seed(recording, self.limits)
        return Seed(name or path.stem, recording, path.read_bytes())

    def describe(self, seed: Seed, context_seconds: float) -> SeedReport:
        """The seed report, for a context of the last `context_seconds`."""
        return describe(seed.recording, context_seconds)

    def decoder(self, checkpoint: str) -> Decoder:
        """The engine of a checkpoint, loaded once for everybody.

        Raises:
            CheckpointError: if there is no such checkpoint, or it is damaged.
            EngineError: if the engine asked for cannot run here.
        """
        return self._loaded.decoder(checkpoint)

    def warm_up(self, checkpoint: str) -> None:
        """Loads and compiles, so that the first click does not wait for it."""
        self.decoder(checkpoint).warm_up(tokens=WARM_TOKENS)
        self._loaded.tokens(checkpoint)  # another device measures what it competes with

    def compose(
        self, seed: Seed, settings: ComposeSettings, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Progress]:
        """Continues `seed`, yielding after every call of the engine.

        Args:
            seed: from `read_seed`.
            settings: of the takes.
            stop: asked before each call; True ends the takes with what is there.

        Raises:
            CheckpointError: if the checkpoint cannot be used.
        """
        engine = self._loaded.engine(settings.checkpoint)
        for made in continue_notes(
            self._loaded.tokens(settings.checkpoint),
            seed.recording.notes,
            end_s=seed.recording.end_s,
            sampling=settings.sampling,
            seconds=settings.seconds,
            context_seconds=settings.context_seconds,
            variations=settings.variations,
            random_seed=settings.random_seed,
            stop=stop,
        ):
            takes = _takes(seed, settings, made, made.chunk.engine or engine)
            yield _progress(takes, made.chunk, settings.seconds)

    def redo(
        self,
        take: Take,
        start_s: float,
        end_s: float,
        settings: ComposeSettings,
        candidates: int = USUAL_CANDIDATES,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Redo]:
        """Writes the notes of `take` anew that begin in [start_s, end_s), yielding after every call of the engine.

        All other notes stay exactly as they are. See `generation.redo` for how the best candidate is found.

        Args:
            take: seconds count from its beginning, seed included.
            start_s: beginning of the range in seconds.
            end_s: its end; 0.5 to 30 s later.
            settings: sampling, random seed and checkpoint of the new notes; lengths and variations mean nothing here.
            candidates: 1 to 16.
            stop: asked before each call; True ends with the candidates that there are.

        Raises:
            SettingsError: for a range or a number of candidates that cannot be.
            CheckpointError: if the checkpoint cannot be used.
        """
        decoder, source = self.decoder(settings.checkpoint), self._loaded.tokens(settings.checkpoint)
        steps = redo(
            source,
            decoder,
            take.notes,
            start_s,
            end_s,
            sampling=settings.sampling,
            length_s=take.length_s,
            candidates=candidates,
            random_seed=settings.random_seed,
            stop=stop,
        )
        return (_redo_of(take, settings, step) for step in steps)

    def extend(
        self,
        take: Take,
        moment_s: float,
        seconds: float,
        settings: ComposeSettings,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Progress]:
        """Writes `take` on from `moment_s`, for `seconds`, yielding after every call of the engine.

        What begins before the moment stays to the note. A moment in the seed ends the seed there.

        Args:
            take: seconds count from its beginning, seed included.
            moment_s: from 0 to its length.
            seconds: of new music.
            settings: sampling, random seed and checkpoint of the new notes.
            stop: asked before each call; True ends with what is there.

        Raises:
            SettingsError: for a moment outside the take, or a length out of range.
            CheckpointError: if the checkpoint cannot be used.
        """
        steps = extend(
            self._loaded.tokens(settings.checkpoint),
            take.notes,
            moment_s,
            seconds,
            sampling=settings.sampling,
            length_s=take.length_s,
            random_seed=settings.random_seed,
            stop=stop,
        )
        return (_extended(take, moment_s, seconds, settings, step) for step in steps)

    def whole_take(self, seed: Seed, settings: ComposeSettings) -> Take:
        """A file as a take that is all seed, so that its ranges can be redone."""
        _, join_s = seed_and_join(seed.recording.notes, seed.recording.end_s)
        return _take(seed, settings, 1, NoteSequence.empty(), join_s, 0, stopped=True)

    def without(self, take: Take, start_s: float, end_s: float) -> Take:
        """`take` without the notes that begin in [start_s, end_s); its time stays.

        Raises:
            SettingsError: for a range that is empty or outside the take.
        """
        start_s, end_s = checked_range(start_s, end_s, take.length_s)
        return take.edited(split_at(take.notes, start_s, end_s).kept, Edit("delete", start_s, end_s))

    def kept_take(
        self, seed: Seed, settings: ComposeSettings, number: int, new: NoteSequence, *, tokens: int, stopped: bool
    ) -> Take:
        """A take made earlier, from what was kept of it; the times of `new` count from where the seed ends."""
        _, join_s = seed_and_join(seed.recording.notes, seed.recording.end_s)
        return _take(seed, settings, number, new, join_s, tokens, stopped)

    def passage_index(self, checkpoint: str) -> PassageIndex | None:
        """What is known of a checkpoint's training data, loaded once for everybody; None if nothing is.

        Raises:
            CheckpointError: if its index is damaged.
        """
        return self._loaded.passage_index(checkpoint)

    def sharing(self, take: Take) -> Sharing | None:
        """The longest passage of the continuation that is in the training data; times count from the seed's end.

        None where the checkpoint does not say what it learned from.

        Raises:
            CheckpointError: if its index is damaged.
        """
        index = self.passage_index(take.settings.checkpoint)
        return None if index is None else index.sharing(take.continuation.shifted(-take.join_s))

    def score(self, seed: Seed, checkpoint: str, focus: float = 1.0) -> SeedScore | None:
        """The NLL of `seed` under a checkpoint, by the engine that plays it; None for a seed of no tokens.

        Raises:
            CheckpointError: if the checkpoint cannot be used.
        """
        return score_seed(self.decoder(checkpoint), encode(seed.recording.notes), focus)

    def sample_pack(self, name: str | None) -> Path:
        """The samples of the SoundFont of that name for a browser to play from, see `audio.samples`; made if missing.

        Raises:
            AudioError: if there is no such font, or it cannot be played here.
        """
        return self._packs.path(self.soundfont(name))

    def render(self, notes: NoteSequence, settings: RenderSettings) -> npt.NDArray[np.float32]:
        """Samples of `notes`, float32 (frames, 2) at 44,100 Hz.

        Raises:
            AudioError: if the SoundFont is unknown or damaged, or no synthesiser can be found.
        """
        soundfont = self.soundfont(settings.soundfont)
        return render(notes, soundfont, room=settings.room, gain=settings.gain, sample_rate_hz=SAMPLE_RATE_HZ)

    def export(
        self, take: Take, folder: str | Path, settings: RenderSettings, formats: Sequence[str] = ("mid", "wav", "mp3")
    ) -> dict[str, Path]:
        """Writes `take-N.<format>` into `folder` and returns the paths by format.

        The MIDI file "mid" holds the whole seed and the continuation, "continuation" (`take-N-continuation.mid`) the
        new notes alone, both on the bar lines of the seed and with their recipe (see `musictx.recipe`) as a text event;
        audio what `take.audible` gives.

        Raises:
            AudioError: for a format that is unknown, or when rendering or writing fails.
            MidiError: if a MIDI file cannot be written.
        """
        unknown = sorted(set(formats) - {*MIDI_FORMATS, *AUDIO_FORMATS})
        if unknown:
            known = ", ".join((*MIDI_FORMATS, *AUDIO_FORMATS))
            raise AudioError(f"A take can be written as {known}. Received: {unknown[0]!r}")
        base = Path(folder) / f"take-{take.number}"
        written: dict[str, Path] = {}
        name = f"musictx take {take.number}"
        for kind, path in (
            ("mid", base.with_suffix(".mid")),
            ("continuation", base.with_name(f"{base.name}-continuation.mid")),
        ):
            if kind in formats:
                written[kind] = self._write(take, kind, path, name)
        sounds = [suffix for suffix in formats if suffix not in MIDI_FORMATS]
        samples = self.render(take.audible(), settings) if sounds else None
        for suffix in sounds:
            assert samples is not None
            written[suffix] = write_audio(samples, base.with_suffix(f".{suffix}"), SAMPLE_RATE_HZ)
        return written

    def _write(self, take: Take, kind: str, path: Path, name: str) -> Path:
        """A MIDI file of `take`, one of MIDI_FORMATS, with its recipe unless it is blind."""
        notes, bars = take.notes, take.bars_of_notes()
        if kind == "continuation":
            notes, bars = take.new_notes, take.bars_of_continuation()
        write_midi(notes, path, name=name, bars=bars)
        if take.is_blind:
            return path
        try:
            weights = self._loaded.weights(take.settings.checkpoint)
        except CheckpointError:  # an earlier take, whose checkpoint is gone
            weights = ""
        # How its times are read is seen by reading them; a take without a note is no file that can be read.
        read = read_midi(path).notes if len(notes) else notes
        recipe = recipe_of(take, read, notes=kind, version=__version__, weights=weights)
        return write_midi(notes, path, name=name, bars=bars, texts=[recipe.text()])

    def recipe(self, seed: Seed) -> FoundRecipe:
        """What a dropped file says of its making, if a take was written to it by this program."""
        return read_recipe(seed.recording.texts)

    def restored_seed(self, seed: Seed, recipe: Recipe) -> Seed:
        """The seed of the take that the file `seed` holds: the recipe's settings make the same take of it again.

        Its `file` holds the seed alone, rounded to ticks as every MIDI file.

        Raises:
            SettingsError: saying why that cannot be.
        """
        recording = restored_seed(seed.recording, recipe)
        with tempfile.TemporaryDirectory(prefix="musictx-") as folder:
            path = write_midi(recording.notes, Path(folder) / "seed.mid", bars=recording.bars)
            return Seed(seed.name, recording, path.read_bytes())

    def soundfont(self, name: str | None) -> SoundFont:
        """The SoundFont of that name, the best there is for None.

        Raises:
            AudioError: if there is none.
        """
        fonts = self.soundfonts()
        if name is None:
            return best_soundfont(fonts)
        chosen = next((font for font in fonts if font.name == name), None)
        if chosen is None:
            raise AudioError(f"No SoundFont named {name!r}. There are: {', '.join(font.name for font in fonts)}.")
        return chosen


def _takes(seed: Seed, settings: ComposeSettings, made: Continuation, engine: str) -> tuple[Take, ...]:
    """The variations as takes."""
    stopped = made.chunk.ending is Ending.STOPPED
    rows = zip(made.new_notes, made.tokens, made.chunk.variations, strict=True)
    return tuple(
        replace(_take(seed, settings, number, new, made.join_s, tokens, stopped and not variation.done), engine=engine)
        for number, (new, tokens, variation) in enumerate(rows, 1)
    )


def _redo_of(take: Take, settings: ComposeSettings, step: Redone) -> Redo:
    """What there is so far, as takes."""
    edit = Edit(
        "redo",
        step.parts.start_s,
        step.parts.end_s,
        step.of,
        0,
        settings.sampling,
        settings.random_seed,
        settings.checkpoint,
    )
    takes = tuple(
        take.edited(step.parts.joined(each.notes), replace(edit, candidate=each.number)) for each in step.candidates
    )
    ending = step.ending.value if step.ending else ""
    return Redo(takes, tuple(each.nll for each in step.candidates), step.of, ending, step.engine, step.remark)


def _extended(take: Take, moment_s: float, seconds: float, settings: ComposeSettings, step: Extended) -> Progress:
    """What there is so far, as one take."""
    chunk = step.chunk
    edit = Edit("extend", moment_s, moment_s + seconds, 0, 0, settings.sampling, settings.random_seed)
    head = replace(take, join_s=min(take.join_s, moment_s), end_s=moment_s + chunk.seconds)
    made = replace(
        head.edited(step.notes, replace(edit, checkpoint=settings.checkpoint)),
        stopped=chunk.ending is Ending.STOPPED,
        engine=chunk.engine or take.engine,
    )
    return _progress((made,), chunk, seconds)


def _progress(takes: tuple[Take, ...], chunk: Chunk, target_s: float) -> Progress:
    """The account of the loop for these takes."""
    return Progress(
        takes,
        chunk.seconds,
        target_s,
        chunk.tokens,
        chunk.tokens_per_second,
        chunk.first_note_s,
        chunk.ending.value if chunk.ending else "",
        chunk.engine,
        chunk.remark,
    )


def _take(
    seed: Seed, settings: ComposeSettings, number: int, new: NoteSequence, join_s: float, tokens: int, stopped: bool
) -> Take:
    return Take(
        number=number,
        seed=seed.recording.notes,
        continuation=new.shifted(join_s),
        join_s=join_s,
        tokens=tokens,
        settings=settings,
        stopped=stopped,
        tempo_bpm=seed.recording.tempo_bpm or 120.0,
        bars=seed.recording.bars,
        seed_end_s=seed.recording.end_s,
    )
