"""generate, render, checkpoints: from a seed to music and sound."""

from __future__ import annotations

import argparse
import dataclasses
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musictx.cli.command import Bar, Command, print_json, read_number, read_whole, writable_file, writable_folder
from musictx.config import (
    AUDIO_FORMATS,
    MIDI_FORMATS,
    SAMPLE_RATE_HZ,
    SAMPLING_PRESETS,
    SamplingConfig,
)
from musictx.errors import AudioError, SettingsError
from musictx.settings import NUMBER, WHOLE, Setting, settings_of

if TYPE_CHECKING:
    from musictx.config import ComposeSettings
    from musictx.studio import Studio
    from musictx.takes import Progress, Seed

# Of settings whose option is called otherwise; its value is not there unless it is given.
SHORT_OPTIONS = {"random_seed": "seed"}
LARGEST_RANDOM_SEED = 99_999  # of those drawn: short enough to note down


def _generate_arguments(parser: argparse.ArgumentParser) -> None:
    from musictx.config import ComposeSettings

    unset = argparse.SUPPRESS
    parser.add_argument("seed_file", metavar="SEED", help="a .mid file, or the id of a built-in seed such as nocturne")
    parser.add_argument("--out", type=Path, required=True, default=unset, help="folder for take-1.mid, take-1.wav, ...")
    presets = sorted(SAMPLING_PRESETS)
    parser.add_argument("--preset", choices=presets, default="balanced", help="of temperature, top-k and top-p")
    for each in (*settings_of(SamplingConfig), *settings_of(ComposeSettings)):
        setting_argument(parser, each)
    parser.add_argument("--engine", default=None, help="auto, onnx, onnx-int8 or keras; $MUSICTX_ENGINE if not given")
    parser.add_argument("--soundfont", default=None, help="by name (default: the best found)")
    parser.add_argument("--room", type=read_number, default=0.2, help="reverb, 0 to 1")
    formats = (*MIDI_FORMATS, *AUDIO_FORMATS)
    kinds = f"of {', '.join(formats)}; continuation is a MIDI file of the new notes alone, from the join on"
    parser.add_argument("--formats", nargs="+", choices=formats, default=["mid", "wav"], metavar="FORMAT", help=kinds)
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def setting_argument(parser: argparse.ArgumentParser, setting: Setting) -> None:
    """The option of one generation setting, from the table; what a preset sets is not there unless it is given."""
    option = f"--{SHORT_OPTIONS.get(setting.name, setting.name).replace('_', '-')}"
    meaning = f"{setting.meaning}; overrides the preset" if setting.of_preset else setting.meaning
    is_open = setting.of_preset or setting.name in SHORT_OPTIONS
    read: Any = {NUMBER: read_number, WHOLE: read_whole}.get(setting.kind, str)
    default = argparse.SUPPRESS if is_open else setting.default
    parser.add_argument(option, type=read, choices=setting.choices or None, default=default, help=meaning)


def _generate(options: argparse.Namespace) -> None:
    from musictx.config import RenderSettings
    from musictx.python_api import open_studio
    from musictx.takes import sharing_facts, sharing_sentence

    studio, checkpoint = open_studio(options.checkpoint, options.engine)
    settings = _settings(options, checkpoint)
    render = RenderSettings(soundfont=options.soundfont, room=options.room)
    writable_folder(options.out)
    if set(options.formats) & set(AUDIO_FORMATS):
        studio.soundfont(render.soundfont)  # before minutes of composing
    seed = read_seed(studio, options.seed_file)
    with Bar("composing", "s of music") as bar:
        progress = _compose(studio, seed, settings, bar)
    files = [studio.export(take, options.out, render, tuple(options.formats)) for take in progress.takes]
    sharings = [studio.sharing(take) for take in progress.takes]
    if options.json:
        takes = [
            {
                "number": take.number,
                "tokens": take.tokens,
                "seconds": round(take.continuation.duration_s - take.join_s, 2),
                "files": made,
                "shared_passage": None if sharing is None else sharing_facts(sharing),
            }
            for take, made, sharing in zip(progress.takes, files, sharings, strict=True)
        ]
        facts = ("tokens", "tokens_per_second", "first_note_s", "seconds")
        print_json(
            {name: getattr(progress, name) for name in facts} | {"random_seed": settings.random_seed, "takes": takes}
        )
        return
    for made, sharing in zip(files, sharings, strict=True):
        print(*made.values(), *([] if sharing is None else [f"\n  {sharing_sentence(sharing)}"]))
    print(
        f"{progress.seconds:.1f} s of music, {progress.tokens} tokens, {progress.tokens_per_second:.0f} tokens/s, "
        f"random seed {settings.random_seed}"
    )


def read_seed(studio: Studio, name: str) -> Seed:
    """The file `name`, or the built-in seed of that id."""
    built_in = {seed.id: seed for seed in studio.built_in_seeds()}
    if name in built_in and not Path(name).exists():
        return studio.read_seed(built_in[name].path, built_in[name].title)
    return studio.read_seed(Path(name))


def _settings(options: argparse.Namespace, checkpoint: str) -> ComposeSettings:
    """The preset with what was given beside it; draws a random seed if none was."""
    from musictx.config import ComposeSettings

    known = [each.name for each in settings_of(SamplingConfig)]
    given = {name: getattr(options, name) for name in known if hasattr(options, name)}
    sampling: SamplingConfig = dataclasses.replace(SAMPLING_PRESETS[options.preset], **given)
    number = options.seed if hasattr(options, "seed") else random.randint(0, LARGEST_RANDOM_SEED)
    own = [each.name for each in settings_of(ComposeSettings) if each.name not in ("random_seed", "checkpoint")]
    others = {name: getattr(options, name) for name in own}
    return ComposeSettings(sampling, random_seed=number, checkpoint=checkpoint, **others)


def _compose(studio: Studio, seed: Seed, settings: ComposeSettings, bar: Bar) -> Progress:
    """The last report of a composition, shown as it grows."""
    progress = None
    for progress in studio.compose(seed, settings, lambda: False):
        bar(round(progress.seconds, 1), progress.target_seconds)
        bar.say(f"{progress.tokens_per_second:.0f} tokens/s")
    assert progress is not None, "compose reports at least its end"
    return progress


def _render_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("midi", type=Path, help="a .mid file")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        default=argparse.SUPPRESS,
        help=f"the sound file, by suffix: {', '.join(AUDIO_FORMATS)}",
    )
    parser.add_argument("--soundfont", default=None, help="by name (default: the best found)")
    parser.add_argument("--room", type=read_number, default=0.2, help="reverb, 0 to 1")
    parser.add_argument("--gain", type=read_number, default=1.0, help="loudness after normalisation, 0 to 4")


def _render(options: argparse.Namespace) -> None:
    from musictx.audio.encode import write_audio
    from musictx.config import RenderSettings
    from musictx.midi.files import read_midi
    from musictx.studio import Studio

    if options.out.suffix.lower().removeprefix(".") not in AUDIO_FORMATS:
        raise SettingsError(f"--out must end in .{', .'.join(AUDIO_FORMATS)}. Received: {options.out}")
    settings = RenderSettings(options.soundfont, options.room, options.gain)
    writable_file(options.out)
    notes = read_midi(options.midi).notes
    samples = Studio().render(notes, settings)
    if len(notes) and options.gain and not samples.any():
        raise AudioError(
            f"None of the {len(notes)} notes can be heard on this SoundFont: they are too soft, or beyond its pitches. "
            "Choose another with --soundfont."
        )
    print(write_audio(samples, options.out, SAMPLE_RATE_HZ))


def _checkpoints_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the cards as JSON")


def _checkpoints(options: argparse.Namespace) -> None:
    from musictx.model.card import figure_words
    from musictx.studio import Studio

    cards = Studio().checkpoints()
    if options.json:
        print_json([dataclasses.asdict(card) for card in cards])
        return
    for card in cards:
        print(f"{card.name}: {card.title} ({card.licence})\n  {card.description}")
        for name, figure in card.figures.items():
            print(f"  {name}: {', '.join(figure_words(figure))}")


GENERATE = Command("continue a seed MIDI", _generate_arguments, _generate)
RENDER = Command("play a MIDI file into a sound file", _render_arguments, _render)
CHECKPOINTS = Command("list the checkpoints with their figures", _checkpoints_arguments, _checkpoints)
