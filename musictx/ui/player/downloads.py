"""A take as files to play and to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from musictx.audio.encode import convert_audio
from musictx.config import MIDI_FORMATS, RenderSettings
from musictx.errors import MusictxError
from musictx.takes import Take
from musictx.ui.player.files import TakeFiles, safe_name

if TYPE_CHECKING:
    from musictx.studio import Studio

FIRST_SOUND, OTHER_SOUNDS = "flac", ("wav", "mp3")  # the browser plays what is there first; all are offered
ENDINGS = MappingProxyType({"continuation": "-continuation.mid"})  # of formats that are no suffix


def take_stem(seed_name: str, take: Take) -> str:
    """What the downloads of a take are called, before their suffix: "nocturne-take-2-seed48213"."""
    return f"{safe_name(seed_name)}-take-{take.label}-seed{take.settings.random_seed}"


def archive_name(seed_name: str, takes: Sequence[Take]) -> str:
    """What the archive of `takes` is called: "nocturne-takes-seed48213.zip"; no number where they have several."""
    numbers = {take.settings.random_seed for take in takes}
    return f"{safe_name(seed_name)}-takes{f'-seed{min(numbers)}' if len(numbers) == 1 else ''}.zip"


def publish(path: Path) -> Path:
    """A copy of the file where the page serves files from; it is swept away when it is old, see page.CACHE_AGE_S."""
    return Path(save_file_to_cache(path, get_upload_folder()))


def first_files(studio: Studio, take: Take, folder: Path, stem: str, render: RenderSettings) -> TakeFiles:
    """MIDI, and the sound that is played; without sound the MIDI is still there. `stem` names the downloads."""
    try:
        paths, problem = studio.export(take, folder, render, (*MIDI_FORMATS, FIRST_SOUND)), ""
    except MusictxError as error:
        paths, problem = studio.export(take, folder, render, MIDI_FORMATS), str(error)
    return TakeFiles({name: publish(path) for name, path in renamed(paths, stem).items()}, problem)


def renamed(paths: Mapping[str, Path], stem: str) -> dict[str, Path]:
    """A take's files, by format, under the names of their downloads."""
    return {name: path.rename(path.with_name(stem + ENDINGS.get(name, f".{name}"))) for name, path in paths.items()}


def all_files(written: TakeFiles, folder: Path) -> TakeFiles:
    """The same with the other formats, made from the sound that was rendered."""
    sound = written.paths.get(FIRST_SOUND)
    if sound is None or is_complete(written):
        return written
    try:
        made = {suffix: convert_audio(sound, folder / f"{sound.stem}.{suffix}") for suffix in OTHER_SOUNDS}
        paths, problem = {suffix: publish(path) for suffix, path in made.items()}, ""
    except MusictxError as error:
        paths, problem = {}, str(error)
    return TakeFiles({**written.paths, **paths}, problem)


def is_complete(written: TakeFiles | None) -> bool:
    """Whether nothing more can be made of a take: every format is there and not swept away, or there is no sound."""
    if written is None:
        return False
    wanted = {*MIDI_FORMATS} if written.problem else {*MIDI_FORMATS, FIRST_SOUND, *OTHER_SOUNDS}
    return wanted <= set(written.paths) and all(path.exists() for path in written.paths.values())
