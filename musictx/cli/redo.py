"""redo: a range of a MIDI file written anew."""

from __future__ import annotations

import argparse
import dataclasses
import random
import tempfile
from pathlib import Path

from musictx.cli.command import Bar, Command, print_json, read_number, read_whole, writable_file
from musictx.cli.play import LARGEST_RANDOM_SEED, read_seed, setting_argument
from musictx.config import SAMPLING_PRESETS, ComposeSettings, RenderSettings, SamplingConfig
from musictx.errors import SettingsError
from musictx.settings import settings_of

USUAL_CANDIDATES = 8


def _arguments(parser: argparse.ArgumentParser) -> None:
    unset = argparse.SUPPRESS
    parser.add_argument("seed_file", metavar="MIDI", help="a .mid file, or the id of a built-in seed such as nocturne")
    parser.add_argument(
        "--start", type=read_number, required=True, default=unset, help="in seconds from the first note"
    )
    parser.add_argument("--end", type=read_number, required=True, default=unset, help="0.5 to 30 s later")
    parser.add_argument("--out", type=Path, required=True, default=unset, help="the new .mid file")
    parser.add_argument(
        "--candidates", type=read_whole, default=USUAL_CANDIDATES, help="1 to 16; the one that fits best is written"
    )
    presets = sorted(SAMPLING_PRESETS)
    parser.add_argument("--preset", choices=presets, default="balanced", help="of temperature, top-k and top-p")
    others = [each for each in settings_of(ComposeSettings) if each.name in ("random_seed", "checkpoint")]
    for each in (*settings_of(SamplingConfig), *others):
        setting_argument(parser, each)
    parser.add_argument("--engine", default=None, help="auto, onnx, onnx-int8 or keras; $MUSICTX_ENGINE if not given")
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def _redo(options: argparse.Namespace) -> None:
    from musictx.python_api import open_studio

    if options.out.suffix.lower() not in (".mid", ".midi"):
        raise SettingsError(f"--out must end in .mid. Received: {options.out}")
    studio, checkpoint = open_studio(options.checkpoint, options.engine)
    given = {
        each.name: getattr(options, each.name) for each in settings_of(SamplingConfig) if hasattr(options, each.name)
    }
    settings = ComposeSettings(
        dataclasses.replace(SAMPLING_PRESETS[options.preset], **given),
        random_seed=options.seed if hasattr(options, "seed") else random.randint(0, LARGEST_RANDOM_SEED),
        checkpoint=checkpoint,
    )
    writable_file(options.out)
    take = studio.whole_take(read_seed(studio, options.seed_file), settings)
    with Bar("redoing", "candidates") as bar:
        for redone in studio.redo(take, options.start, options.end, settings, options.candidates):
            bar(len(redone.takes), redone.of)
    if not redone.takes:
        raise SettingsError(
            "No candidate reached the end of the range: the model struck keys without letting time pass. "
            "Lower --temperature, or give another --seed."
        )
    with tempfile.TemporaryDirectory(prefix="musictx-") as folder:  # a take-1.mid beside --out stays what it is
        made = studio.export(redone.takes[0], folder, RenderSettings(), ("mid",))["mid"]
        options.out.write_bytes(made.read_bytes())
    if options.json:
        print_json({"file": options.out, "nll": redone.nll, "random_seed": settings.random_seed})
        return
    nll = redone.nll[0]
    fit = "nothing follows" if nll is None else f"{nll:.3f} nats a token of what follows"
    print(f"{options.out}: best of {len(redone.takes)} candidates, {fit}, random seed {settings.random_seed}")


REDO = Command("write a range of a MIDI file anew", _arguments, _redo)
