"""A take as files to play and to take away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musictx.audio.encode import convert_audio
from musictx.errors import MusictxError
from musictx.takes import RenderSettings, Take
from musictx.ui.stage_view import TakeFiles

if TYPE_CHECKING:
    from musictx.studio import Studio

FIRST_SOUND, OTHER_SOUNDS = "flac", ("wav", "mp3")  # the browser plays what is there first; all are offered


def first_files(studio: Studio, take: Take, folder: Path, stem: str, render: RenderSettings) -> TakeFiles:
    """MIDI, and the sound that is played; without sound the MIDI file is still there. `stem` names the downloads."""
    try:
        paths, problem = studio.export(take, folder, render, ("mid", FIRST_SOUND)), ""
    except MusictxError as error:
        paths, problem = studio.export(take, folder, render, ("mid",)), str(error)
    return TakeFiles({suffix: path.rename(folder / f"{stem}.{suffix}") for suffix, path in paths.items()}, problem)


def all_files(written: TakeFiles) -> TakeFiles:
    """The same with the other formats, made from the sound that was rendered."""
    sound = written.paths.get(FIRST_SOUND)
    if sound is None:
        return written
    try:
        paths, problem = {suffix: convert_audio(sound, sound.with_suffix(f".{suffix}")) for suffix in OTHER_SOUNDS}, ""
    except MusictxError as error:
        paths, problem = {}, str(error)
    return TakeFiles({**written.paths, **paths}, problem)
