"""A take as files to play and to take away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from musictx.audio.encode import convert_audio
from musictx.errors import MusictxError
from musictx.takes import RenderSettings, Take
from musictx.ui.stage_view import TakeFiles

if TYPE_CHECKING:
    from musictx.studio import Studio

FIRST_SOUND, OTHER_SOUNDS = "flac", ("wav", "mp3")  # the browser plays what is there first; all are offered


def publish(path: Path) -> Path:
    """A copy of the file where the page serves files from; it is swept away when it is old, see page.CACHE_AGE_S."""
    return Path(save_file_to_cache(path, get_upload_folder()))


def first_files(studio: Studio, take: Take, folder: Path, stem: str, render: RenderSettings) -> TakeFiles:
    """MIDI, and the sound that is played; without sound the MIDI file is still there. `stem` names the downloads."""
    try:
        paths, problem = studio.export(take, folder, render, ("mid", FIRST_SOUND)), ""
    except MusictxError as error:
        paths, problem = studio.export(take, folder, render, ("mid",)), str(error)
    named = {suffix: path.rename(folder / f"{stem}.{suffix}") for suffix, path in paths.items()}
    return TakeFiles({suffix: publish(path) for suffix, path in named.items()}, problem)


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
    wanted = {"mid"} if written.problem else {"mid", FIRST_SOUND, *OTHER_SOUNDS}
    return wanted <= set(written.paths) and all(path.exists() for path in written.paths.values())
