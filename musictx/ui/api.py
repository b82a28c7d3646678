"""The page's one public endpoint: /compose, for gradio_client and other programs."""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import tempfile
import threading
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import gradio as gr
from gradio.context import LocalContext

from musictx.config import SAMPLING_PRESETS, ComposeSettings, RenderSettings
from musictx.errors import AudioError, MidiError, MusictxError, SettingsError
from musictx.midi.files import MIDI_SUFFIXES
from musictx.takes import Progress, Seed, Take, sharing_facts
from musictx.ui import text
from musictx.ui.access.stop_flags import part_of
from musictx.ui.compose.handlers import ComposeHandlers
from musictx.ui.controls import (
    DEFAULT_PRESET,
    DEFAULT_ROOM,
    default_checkpoint,
    new_random_seed,
)
from musictx.ui.events import GENERATION
from musictx.ui.forms import COMPOSE, CUSTOM, preset_values, read_settings, read_sound
from musictx.ui.player.downloads import renamed, take_stem

T = TypeVar("T")

LISTEN_EVERY_S = 0.5  # between two looks whether the caller is still there
STOPPED = "The call was cancelled before its music was done."
ROOT = r"(?<![\w/.:\\])(?:[A-Za-z]:)?(?=[/\\][^\s'\"/\\]+[/\\])"  # where a path of this machine begins
BELOW = r"[/\\](?:[^\s'\"/\\]+[/\\])*"  # the folders in front of a file's name
DRAWN = -1  # the random seed of a caller who does not care; the client library needs a default that is not None
SOUNDS = ("wav", "flac", "mp3")
MIDI_NOTES = MappingProxyType({"all": "mid", "continuation": "continuation"})  # of a MIDI file -> its format
# Of /compose, in the order in which they came: programs may give them by position.
FIRST_PARAMETERS = (
    *("seed_file", "preset", "temperature", "top_k", "top_p", "seconds", "variations", "random_seed"),
    *("context_seconds", "focus", "checkpoint", "soundfont", "room", "audio_format", "stay_in_key", "midi_notes"),
)
DESCRIPTION = (
    "Continues a seed MIDI file with the Music Transformer. Returns the MIDI files and the sound files, one a take, "
    "and a dictionary of facts: for each take its seconds of music, tokens, random seed and the longest passage that "
    "it shares with the training data, and the settings used. preset is precise, balanced or creative; with custom, "
    "temperature, top_k and top_p count. Without random_seed one is drawn and told, so that the piece can be repeated."
)


class Api:
    """The endpoint over the same studio and handlers as the page."""

    def __init__(self, music: ComposeHandlers) -> None:
        self._studio, self._stop_flags, self._permit = music.studio, music.stop_flags, music.permit

    async def compose(
        self, given: dict[str, Any], request: gr.Request
    ) -> AsyncIterator[tuple[list[str], list[str], dict[str, Any]]]:
        """See DESCRIPTION; `given` by the names of PARAMETERS. Raises gr.Error with the sentence of a MusictxError.

        The work is done in a thread, so that a call that is cancelled, or whose program is gone, ends here at once and
        the thread with its next chunk.
        """
        try:
            values = {each.name: given[each.name] for each in COMPOSE} | (preset_values(given["preset"]) or {})
            values["random_seed"] = new_random_seed() if given["random_seed"] in (None, DRAWN) else given["random_seed"]
            values["checkpoint"] = given["checkpoint"] or default_checkpoint(self._studio.checkpoints())
            settings = read_settings(values)
            self._permit(settings.checkpoint, None, request)
            written = _formats(given["midi_notes"], given["audio_format"])
            sound = read_sound(self._piano(given["soundfont"]), given["room"])
            # One program may ask for several pieces at once, which all end when it is gone.
            session = part_of(str(request.session_hash), uuid.uuid4())
            stop, folder = self._stop_flags.current(session), tempfile.mkdtemp(prefix="musictx-")
            make = partial(self._make, given["seed_file"], settings, sound, Path(folder), written, stop)
            work = asyncio.ensure_future(asyncio.to_thread(make))
            try:
                yield await _while_wanted(work, stop)
            finally:
                stop.set()
                work.add_done_callback(partial(self._clear, session, stop, folder))
        except MusictxError as error:
            raise gr.Error(self._without_paths(str(error)), print_exception=False) from error

    def _piano(self, name: str) -> str | None:
        """The SoundFont asked for, None for the best one; AudioError, before work starts, if there is none of it."""
        known = [font.name for font in self._studio.soundfonts()]
        if name and name not in known:
            raise AudioError(f"No SoundFont named {name!r}. There are: {', '.join(known)}.")
        return name or None

    def _clear(self, session: str, stop: threading.Event, folder: str, ended: asyncio.Task[Any]) -> None:
        """Frees the place of a call whose thread has ended, and what it wrote."""
        if not ended.cancelled():
            ended.exception()  # asked for, so that nobody logs it: who called has heard of it or is gone
        self._stop_flags.end(session, stop)
        shutil.rmtree(folder, ignore_errors=True)

    def _without_paths(self, sentence: str) -> str:
        """What a caller may read: where things lie on this machine is nobody's business, their names are."""
        folders = asdict(self._studio.folders).values() if hasattr(self._studio, "folders") else ()
        for place in sorted(map(str, [*folders, tempfile.gettempdir(), Path.home()]), key=len, reverse=True):
            sentence = re.sub(re.escape(place) + BELOW, "", sentence).replace(place, Path(place).name)
        return re.sub(ROOT + BELOW, "", sentence)

    def _make(
        self,
        seed_file: str | None,
        settings: ComposeSettings,
        render: RenderSettings,
        folder: Path,
        formats: tuple[str, str],
        stop: threading.Event,
    ) -> tuple[list[str], list[str], dict[str, Any]]:
        """The whole answer; ends with the next chunk, or the next take's files, once `stop` is set."""
        if not seed_file:
            raise MidiError("seed_file is missing: give a .mid file, for example seed_file=handle_file('seed.mid').")
        size, most = Path(seed_file).stat().st_size, self._studio.limits.file_bytes
        if size > most:
            raise MidiError(f"seed_file has {size / 2**20:.1f} MB; a seed may have {most / 2**20:.0f} MB.")
        seed = self._studio.read_seed(seed_file, text.uploaded_name(seed_file))
        progress = deque(self._studio.compose(seed, settings, stop.is_set), maxlen=1).pop()
        return self._write(seed, progress, settings, render, folder, formats, stop)

    def _write(
        self,
        seed: Seed,
        progress: Progress,
        settings: ComposeSettings,
        render: RenderSettings,
        folder: Path,
        formats: tuple[str, str],
        stop: threading.Event,
    ) -> tuple[list[str], list[str], dict[str, Any]]:
        """Files of all takes, of `formats`: MIDI, then sound; and the facts about them."""
        midi, audio = [], []
        for take in progress.takes:
            if stop.is_set():  # nobody waits for the files
                raise SettingsError(STOPPED)
            paths = renamed(self._studio.export(take, folder, render, formats), take_stem(seed.name, take))
            midi.append(str(paths[formats[0]]))
            audio.append(str(paths[formats[1]]))
        facts = {
            "takes": [_facts(take) | {"shared_passage": self._shared(take)} for take in progress.takes],
            "tokens": int(progress.tokens),
            "tokens_per_second": round(float(progress.tokens_per_second), 1),
            "first_note_s": progress.first_note_s,
            "engine": progress.engine,
            "remark": progress.remark,
            "settings": asdict(settings),
        }
        return midi, audio, facts

    def _shared(self, take: Take) -> dict[str, Any] | None:
        """The longest passage of a take that is in the training data; None where nobody can say."""
        found = self._studio.sharing(take)
        return None if found is None else sharing_facts(found)


def _formats(midi_notes: str, audio_format: str) -> tuple[str, str]:
    """What is written of a take, as `Studio.export` names it; SettingsError before work starts."""
    if midi_notes not in MIDI_NOTES:
        raise SettingsError(f"midi_notes must be one of {', '.join(MIDI_NOTES)}. Received: {midi_notes!r}")
    if audio_format not in SOUNDS:
        raise SettingsError(f"audio_format must be one of {', '.join(SOUNDS)}. Received: {audio_format!r}")
    return MIDI_NOTES[midi_notes], audio_format


async def _while_wanted(work: asyncio.Task[T], stop: threading.Event) -> T:
    """Waits for what a thread does; `stop` is set if the program that called hangs up."""
    while not (await asyncio.wait([work], timeout=LISTEN_EVERY_S))[0]:
        if not _is_wanted():
            stop.set()
    return work.result()


def _is_wanted() -> bool:
    """Whether the program that called still listens, as far as Gradio's queue knows."""
    blocks, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    jobs = [job for group in blocks._queue.active_jobs if group for job in group] if blocks else []
    return all(job.alive for job in jobs if job._id == event)


def _facts(take: Take) -> dict[str, Any]:
    """What an API caller wants to know of one take, in plain values."""
    return {
        "number": take.number,
        "seconds": round(max(0.0, take.continuation.duration_s - take.join_s), 3),
        "notes": len(take.continuation),
        "tokens": int(take.tokens),
        "join_s": round(float(take.join_s), 3),
        "random_seed": take.settings.random_seed,
    }


def parameters() -> dict[str, Any]:
    """What /compose takes, by name: components that give types, defaults and words, inside the Blocks being built.

    Programs may give what they ask for by position: what comes later stands last.
    """
    components: dict[str, Any] = {
        "seed_file": gr.File(label="Seed: a .mid or .midi file up to 2 MB", file_types=[*MIDI_SUFFIXES]),
        "preset": gr.Radio([*SAMPLING_PRESETS, CUSTOM], value=DEFAULT_PRESET, label="Preset"),
        "random_seed": gr.Number(DRAWN, label="Random seed; -1: one is drawn and told"),
        "checkpoint": gr.Textbox("", label="Checkpoint by name; empty: the page's default"),
        "soundfont": gr.Textbox("", label="SoundFont by name; empty: the best found"),
        "room": gr.Number(DEFAULT_ROOM, label="Room, 0 dry to 1"),
        "audio_format": gr.Radio([*SOUNDS], value="mp3", label="Format of the sound"),
        "midi_notes": gr.Radio(
            [*MIDI_NOTES], value="all", label="Notes of the MIDI files: all, or the new ones from the join on"
        ),
    }
    for each in COMPOSE:
        if each.name not in components:
            of_custom = " (custom only)" if each.of_preset else ""
            components[each.name] = gr.Number(each.default, label=f"{each.label}: {each.meaning}{of_custom}")
    later = [name for name in components if name not in FIRST_PARAMETERS]
    return {name: components[name] for name in (*FIRST_PARAMETERS, *later)}


def endpoint(api: Api, names: Sequence[str]) -> Callable[..., Any]:
    """The function that Gradio calls, with one parameter for each of `names`: it shows them to programs."""

    async def compose(*values: Any) -> AsyncIterator[tuple[list[str], list[str], dict[str, Any]]]:
        *given, request = values
        async for answer in api.compose(dict(zip(names, given, strict=True)), request):
            yield answer

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    asked = [inspect.Parameter(name, kind) for name in names]
    compose.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*asked, inspect.Parameter("request", kind, annotation=gr.Request)]
    )
    compose.__annotations__ = {"request": gr.Request}
    return compose


def build_api(music: ComposeHandlers) -> None:
    """Adds the endpoint; its components are not on the page."""
    with gr.Row(visible=False):
        inputs = parameters()
        outputs: list[Any] = [
            gr.File(file_count="multiple", label="MIDI files, one a take"),
            gr.File(file_count="multiple", label="Sound files, one a take"),
            gr.JSON(label="Facts about the takes and the settings used"),
        ]
        button = gr.Button("compose")
    button.click(
        endpoint(Api(music), [*inputs]),
        [*inputs.values()],
        outputs,
        api_name="compose",
        api_description=DESCRIPTION,
        concurrency_id=GENERATION,
        concurrency_limit=music.stop_flags.at_once,
    )
