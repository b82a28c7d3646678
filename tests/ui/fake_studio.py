"""A studio without a model: same methods, music by a small seeded walk, a sine for a piano."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from musictx.audio.samples import SamplePacks
from musictx.config import MODEL_PRESETS, ComposeSettings, RenderSettings
from musictx.generation.redo import checked_range
from musictx.generation.score import SeedScore
from musictx.midi.analysis import SeedReport, describe
from musictx.midi.files import SeedLimits, read_midi, write_midi
from musictx.midi.notes import NoteSequence
from musictx.midi.passage_index import Sharing
from musictx.midi.passages import SharedPassage
from musictx.midi.ranges import split_at
from musictx.recipe import FoundRecipe, Recipe, read_recipe
from musictx.studio import Studio
from musictx.takes import BuiltInSeed, Edit, Progress, Redo, Seed, Take
from tests.audio.fonts import write_tones

SAMPLE_RATE_HZ = 44_100


def broken_chords(bars: int = 4) -> NoteSequence:
    """A prelude-like figure, two seconds a bar: what the fake's built-in seeds hold."""
    chords = ((48, 64, 67, 72), (50, 62, 69, 74), (43, 62, 65, 71), (48, 64, 67, 72))
    rows = []
    for bar in range(bars):
        for step in range(16):
            pitch = chords[bar % 4][(0, 1, 2, 3, 2, 1, 2, 3)[step % 8]]
            onset_s = bar * 2.0 + step * 0.125
            rows.append((pitch, 52 + 5 * (step % 5), onset_s, onset_s + 0.12))
    return NoteSequence.from_tuples(rows)


class FakeStudio:
    """Answers like `musictx.studio.Studio`; `pace` is its speed in seconds of music a second.

    The temperature is its density: 15 notes a second at 1.
    """

    def __init__(self, folder: Path, *, pace: float = 25.0) -> None:
        self.pace, self.limits = pace, SeedLimits()
        self._tones, self._packs = write_tones(folder / "tones.sf2"), SamplePacks(folder / "samples")
        self._seeds = []
        for name, bars in (("prelude", 4), ("waltz", 6)):
            path = folder / f"{name}.mid"
            write_midi(broken_chords(bars), path)
            self._seeds.append(BuiltInSeed(name, name.title(), "broken chords", "own phrase", path))

    def checkpoints(self) -> tuple[Any, ...]:
        """One card."""
        return (
            SimpleNamespace(
                name="enhanced",
                title="Random walk",
                description="A random walk that stands in for the model while the page is tested.",
                licence="MIT",
                style="test",
                model=MODEL_PRESETS["tiny"],
                limits="It knows nothing of music.",
                data=({"name": "nothing", "licence": "none"},),
                figures={"validation NLL per token": 1.93},
            ),
        )

    def soundfonts(self) -> tuple[Any, ...]:
        """One SoundFont."""
        return (SimpleNamespace(name="Sine", path=Path("sine.sf2"), licence="MIT", credit="nobody", stereo=True),)

    def sample_pack(self, name: str | None) -> Path:
        """Of a font of tones."""
        return self._packs.path(self._tones)

    def built_in_seeds(self) -> tuple[BuiltInSeed, ...]:
        """Two seeds."""
        return tuple(self._seeds)

    def read_seed(self, path: str | Path, name: str | None = None) -> Seed:
        """As the real studio reads."""
        return Seed(name or Path(path).stem, read_midi(path), Path(path).read_bytes())

    def describe(self, seed: Seed, context_seconds: float) -> SeedReport:
        """As the real studio describes."""
        return describe(seed.recording, context_seconds)

    def compose(
        self, seed: Seed, settings: ComposeSettings, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Progress]:
        """Walks by small steps from the seed's last pitch, `pace` seconds of music a second."""
        notes = seed.recording.notes
        begun, join_s = time.monotonic(), notes.duration_s
        walks = [_walk(settings, voice, join_s) for voice in range(settings.variations)]
        reached_s, step_s = 0.0, 0.5
        done = False
        while not done:
            reached_s = min(reached_s + step_s, settings.seconds)
            time.sleep(step_s / self.pace)
            stopped = stop()
            done = stopped or reached_s >= settings.seconds
            takes = []
            for number, walk in enumerate(walks, start=1):
                sounding = walk.between(0, join_s + reached_s)
                takes.append(
                    Take(
                        number,
                        notes,
                        sounding,
                        join_s,
                        4 * len(sounding),
                        settings,
                        stopped and reached_s < settings.seconds,
                    )
                )
            tokens = sum(take.tokens for take in takes)
            elapsed_s = time.monotonic() - begun
            ending = "" if not done else "stopped" if stopped else "finished"
            yield Progress(tuple(takes), reached_s, settings.seconds, tokens, tokens / elapsed_s, 0.05, ending)

    def whole_take(self, seed: Seed, settings: ComposeSettings) -> Take:
        """As the real studio makes a take of a file."""
        notes = seed.recording.notes
        return Take(1, notes, NoteSequence.empty(), notes.duration_s, 0, settings, True)

    def redo(
        self,
        take: Take,
        start_s: float,
        end_s: float,
        settings: ComposeSettings,
        candidates: int = 8,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Redo]:
        """A walk for each candidate; the last one drawn is the best."""
        parts = split_at(take.notes, *checked_range(start_s, end_s, take.length_s, 0.5, 30.0))
        takes: tuple[Take, ...] = ()
        for number in range(1, int(candidates) + 1):
            time.sleep((end_s - start_s) / self.pace)
            if stop():
                yield Redo(takes, _rising(takes), int(candidates), "stopped")
                return
            edit = Edit("redo", start_s, end_s, int(candidates), number, settings.sampling, settings.random_seed)
            takes = (take.edited(parts.joined(parts.fitted(_walk(settings, number, start_s))), edit), *takes)
            yield Redo(takes, _rising(takes), int(candidates))
        yield Redo(takes, _rising(takes), int(candidates), "finished")

    def extend(
        self,
        take: Take,
        moment_s: float,
        seconds: float,
        settings: ComposeSettings,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Progress]:
        """A walk from the moment on."""
        head, walk = split_at(take.notes, moment_s, np.inf).before, _walk(settings, 3, moment_s)
        edit, reached_s = Edit("extend", moment_s, moment_s + seconds, 0, 0, settings.sampling), 0.0
        base = dataclasses.replace(take, join_s=min(take.join_s, moment_s))
        while True:
            reached_s = min(reached_s + 0.5, seconds)
            time.sleep(0.5 / self.pace)
            stopped = stop()
            ending = "stopped" if stopped else "finished" if reached_s >= seconds else ""
            notes = head.followed_by(walk.between(0, moment_s + reached_s))
            made = dataclasses.replace(base.edited(notes, edit), end_s=moment_s + reached_s, stopped=stopped)
            yield Progress((made,), reached_s, seconds, 9, 99.0, 0.05, ending)
            if ending:
                return

    def without(self, take: Take, start_s: float, end_s: float) -> Take:
        """As the real studio empties a range."""
        start_s, end_s = checked_range(start_s, end_s, take.length_s)
        return take.edited(split_at(take.notes, start_s, end_s).kept, Edit("delete", start_s, end_s))

    def recipe(self, seed: Seed) -> FoundRecipe:
        """As the real studio finds one."""
        return read_recipe(seed.recording.texts)

    def restored_seed(self, seed: Seed, recipe: Recipe) -> Seed:
        """As the real studio takes the seed out of a file."""
        return Studio.restored_seed(self, seed, recipe)  # type: ignore[arg-type]

    def kept_take(
        self, seed: Seed, settings: ComposeSettings, number: int, new: NoteSequence, *, tokens: int, stopped: bool
    ) -> Take:
        """As the real studio puts a take together again."""
        join_s = seed.recording.notes.duration_s
        return Take(number, seed.recording.notes, new.shifted(join_s), join_s, tokens, settings, stopped)

    def render(self, notes: NoteSequence, settings: RenderSettings) -> npt.NDArray[np.float32]:
        """Decaying sines, shape (samples, 2)."""
        samples = np.zeros(int((notes.duration_s + 1) * SAMPLE_RATE_HZ), np.float32)
        for pitch, velocity, start_s, end_s in zip(
            notes.pitch.tolist(), notes.velocity.tolist(), notes.start_s.tolist(), notes.end_s.tolist(), strict=True
        ):
            time_s = np.arange(int(min(end_s - start_s, 0.1) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
            first = int(start_s * SAMPLE_RATE_HZ)
            tone = np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time_s) * np.exp(-3 * time_s)
            samples[first : first + time_s.size] += tone.astype(np.float32) * velocity / 127 * 0.2
        return np.stack([samples, samples], axis=1)

    def export(
        self,
        take: Take,
        folder: str | Path,
        settings: RenderSettings,
        formats: tuple[str, ...] = ("mid", "wav", "mp3"),
    ) -> dict[str, Path]:
        """Writes the asked formats as take-N.*, one file each."""
        notes, written = take.audible(), {}
        samples = self.render(notes, settings) if set(formats) - {"mid", "continuation"} else None
        for suffix in formats:
            path = Path(folder) / f"take-{take.number}.{suffix}"
            if suffix == "mid":
                write_midi(take.notes, path)
            elif suffix == "continuation":
                path = write_midi(take.new_notes, path.with_name(f"take-{take.number}-continuation.mid"))
            else:
                soundfile.write(path, samples, SAMPLE_RATE_HZ)
            written[suffix] = path
        return written

    def sharing(self, take: Take) -> Sharing:
        """Nine notes in a row, four seconds into every take."""
        return Sharing(SharedPassage(9, 4.0, 6.5), 11, 24)

    def score(self, seed: Seed, checkpoint: str, focus: float = 1.0) -> SeedScore:
        """By the focus alone."""
        tokens = 4 * len(seed.recording.notes)
        return SeedScore(1.5 + focus, 4 * (1.5 + focus), 32 * (1.5 + focus), tokens, tokens)

    def warm_up(self, checkpoint: str) -> None:
        """Takes a moment, as compiling does."""
        time.sleep(0.2)


def _rising(takes: tuple[Take, ...]) -> tuple[float, ...]:
    return tuple(1.5 + place / 10 for place in range(len(takes)))


def _walk(settings: ComposeSettings, voice: int, join_s: float) -> NoteSequence:
    """A random walk in C major from `join_s` on, as long as asked."""
    random = np.random.default_rng([settings.random_seed, voice])
    notes_per_s = 15 * settings.sampling.temperature
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    degree, rows = 35, []
    for index in range(int(settings.seconds * notes_per_s)):
        degree = int(np.clip(degree + random.integers(-2, 3), 21, 49))
        pitch = 12 * (degree // 7) + int(scale[degree % 7])
        onset_s = join_s + index / notes_per_s
        length_s = float(random.choice([0.5, 1.0, 2.0])) / notes_per_s
        rows.append((pitch, int(random.integers(30, 110)), onset_s, onset_s + length_s))
    return NoteSequence.from_tuples(rows)
