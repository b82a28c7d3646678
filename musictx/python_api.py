"""One call from Python, as in the experiment that this program grew from.

The keras-io example has `generate_music(model, seed_path, length, out_dir, top_k)`; its enhanced
version added top-p and temperature. Here is that call over the studio's line.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from musictx.config import SamplingConfig
from musictx.errors import SettingsError
from musictx.generation.continuation import continue_notes
from musictx.generation.redo import USUAL_CANDIDATES, redo
from musictx.generation.tokens import EngineTokens
from musictx.midi.files import read_midi, write_midi
from musictx.model.card import CARD_FILE
from musictx.settings import check_range
from musictx.studio import Studio, StudioFolders

if TYPE_CHECKING:
    from musictx.generation.engines.base import Decoder
    from musictx.model.transformer import MusicTransformer

LONGEST_TOKENS = 100_000  # about 40 minutes of dense piano


def generate_enhanced_music(
    model: str | os.PathLike[str] | MusicTransformer,
    seed_path: str | os.PathLike[str],
    top_k: int = 10,
    top_p: float = 0.92,
    temperature: float = 0.8,
    length: int = 1024,
    out_dir: str | os.PathLike[str] | None = None,
    *,
    random_seed: int = 0,
    stay_in_key: float = 1.0,
) -> Path:
    """Continues the MIDI file `seed_path` and writes seed and continuation as one MIDI file.

    Args:
        model: a checkpoint by name ("enhanced"), the folder of one, or a loaded network. A loaded one is compiled
            anew at each call.
        seed_path: all of it is context, as far as the model's window reaches.
        top_k: keep the k most likely tokens; 0 keeps all.
        top_p: keep the smallest set of most likely tokens whose probabilities reach p; 1 keeps all.
        temperature: 0 (always the most likely token) to 2.
        length: tokens of new music, 1 to 100,000; a second of dense piano has about 40.
        out_dir: folder to write to, made if missing; a new temporary one if not given.
        random_seed: the same one gives the same music.
        stay_in_key: how firmly it stays in the pitch classes of the seed, 0 (as the model goes) to 2: the more, the
            fewer notes of other classes.

    Returns:
        The path of the new file, `out_dir/<name of the seed>.mid`.

    Raises:
        MidiError: if the seed cannot be used. CheckpointError: if the model cannot.
        SettingsError: if a value is out of its range, or `out_dir` would overwrite the seed.
    """
    sampling = SamplingConfig(temperature, top_k, top_p, stay_in_key=stay_in_key)
    check_range("length", length, 1, LONGEST_TOKENS)
    target = _target(seed_path, out_dir)
    recording = read_midi(Path(seed_path))
    *_, made = continue_notes(
        EngineTokens(_decoder_of(model)),
        recording.notes,
        end_s=recording.end_s,
        sampling=sampling,
        random_seed=random_seed,
        most_tokens=length,
    )
    notes = recording.notes.followed_by(made.notes[0])
    tempo_bpm = recording.tempo_bpm or 120.0
    bars = recording.bars and recording.bars.and_tempo(made.join_s, tempo_bpm)
    return write_midi(notes, target, name="musictx", tempo_bpm=tempo_bpm, bars=bars)


def redo_range(
    model: str | os.PathLike[str] | MusicTransformer,
    midi_path: str | os.PathLike[str],
    start_s: float,
    end_s: float,
    top_k: int = 10,
    top_p: float = 0.92,
    temperature: float = 0.8,
    candidates: int = USUAL_CANDIDATES,
    out_dir: str | os.PathLike[str] | None = None,
    *,
    random_seed: int = 0,
    stay_in_key: float = 1.0,
) -> Path:
    """Writes the notes of the MIDI file `midi_path` anew that begin in a range; all others stay.

    Args:
        model: as in `generate_enhanced_music`.
        midi_path: all before the range is context, as far as the model's window reaches.
        start_s: beginning of the range, in seconds from the first note.
        end_s: its end, 0.5 to 30 s later.
        top_k, top_p, temperature, random_seed, stay_in_key: as in `generate_enhanced_music`.
        candidates: 1 to 16; the one is taken after which the rest fits best.
        out_dir: as in `generate_enhanced_music`.

    Returns:
        The path of the new file, `out_dir/<name of the file>.mid`.

    Raises:
        MidiError: if the file cannot be used. CheckpointError: if the model cannot.
        SettingsError: if a value is out of its range, or `out_dir` would overwrite the file.
    """
    sampling = SamplingConfig(temperature, top_k, top_p, stay_in_key=stay_in_key)
    target = _target(midi_path, out_dir)
    recording = read_midi(Path(midi_path))
    decoder = _decoder_of(model)
    *_, last = redo(
        EngineTokens(decoder),
        decoder,
        recording.notes,
        start_s,
        end_s,
        sampling=sampling,
        length_s=recording.length_s,
        candidates=candidates,
        random_seed=random_seed,
    )
    if last.best is None:
        raise SettingsError(
            "No candidate reached the end of the range: the model struck keys without letting time pass. "
            "Lower the temperature, or take another random seed."
        )
    tempo_bpm = recording.tempo_bpm or 120.0
    return write_midi(last.best, target, name="musictx", tempo_bpm=tempo_bpm, bars=recording.bars)


def _target(midi_path: str | os.PathLike[str], out_dir: str | os.PathLike[str] | None) -> Path:
    """Where the new file goes; SettingsError if that is the old one."""
    folder = Path(out_dir) if out_dir is not None else Path(tempfile.mkdtemp(prefix="musictx-"))
    target = folder / f"{Path(midi_path).name.split('.')[0]}.mid"
    if target.resolve() == Path(midi_path).resolve():
        raise SettingsError(f"out_dir is the seed's own folder: {target} would be overwritten. Give another one.")
    return target


def open_studio(checkpoint: str | os.PathLike[str], engine: str | None = None) -> tuple[Studio, str]:
    """A studio that knows `checkpoint`, a name in checkpoints/ or any checkpoint's folder; and its name there."""
    studio = Studio(engine=engine)
    folder = Path(checkpoint)
    if not (folder / CARD_FILE).is_file():
        return studio, str(checkpoint)
    folder = folder.resolve()
    folders: StudioFolders = dataclasses.replace(studio.folders, checkpoints=folder.parent)
    return Studio(folders, engine=engine), folder.name


def _decoder_of(model: str | os.PathLike[str] | MusicTransformer) -> Decoder:
    if isinstance(model, str | os.PathLike):
        studio, name = open_studio(model)
        return studio.decoder(name)
    from musictx.generation.engines.keras import KerasDecoder  # who has a network has waited for Keras already

    return KerasDecoder(model)
