"""The README of a Space: the head that the Hub reads, then a few words for people."""

from __future__ import annotations

from scripts.space.choice import Checkpoint, Choice, licences
from scripts.space.requirements import PYTHON

MARK = "<!-- Laid out by make space: the folder is replaced when it is laid out again. -->"
SHORT = "A piano co-writer that continues your MIDI"
TAGS = ("music", "piano", "midi", "music-generation", "music-transformer", "onnx")
SUGGESTED = {"zero": "zero-a10g", "cpu": "cpu-basic", "gpu": "t4-small"}
THUMBNAIL = "thumbnail.png"
CODE_LICENCE = "mit"
# Those of the Hub's names for licences that weights are likely to have.
LICENCES = {
    *("mit", "apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"),
    *("cc-by-3.0", "cc-by-sa-3.0", "cc-by-nc-3.0", "cc-by-nc-sa-3.0"),
}
ON = {
    "zero": "It borrows a GPU for each take (ZeroGPU).",
    "cpu": "It runs on the CPU, without a GPU.",
    "gpu": "It runs on the GPU of this Space.",
}


def readme_text(choice: Choice, gradio: str) -> str:
    """The contents of `README.md`; `gradio` is the version of the page's library."""
    return f"---\n{_head(choice, gradio)}---\n\n{MARK}\n\n{_body(choice)}"


def hub_licence(choice: Choice) -> str:
    """The Hub's name for the licence that binds most: of the weights, unless these are as free as the code.

    "other" for one that the Hub has no name for.
    """
    names = [name.lower().replace(" ", "-") for name in licences(choice.checkpoints)]
    stricter = [name if name in LICENCES else "other" for name in names if name != CODE_LICENCE]
    return (stricter or [CODE_LICENCE])[0]


def _head(choice: Choice, gradio: str) -> str:
    lines = [
        "title: musictx",
        "emoji: 🎹",
        "colorFrom: yellow",
        "colorTo: indigo",
        "sdk: gradio",
        f"sdk_version: {gradio}",
        f'python_version: "{PYTHON}"',  # as a string: a number would lose a zero at its end
        "app_file: app.py",
        f"suggested_hardware: {SUGGESTED[choice.hardware]}",
        f"license: {hub_licence(choice)}",
        f"short_description: {SHORT}",
        "tags:",
        *(f"- {tag}" for tag in TAGS),
    ]
    if choice.repo:
        lines.append(f"thumbnail: https://huggingface.co/spaces/{choice.repo}/resolve/main/{THUMBNAIL}")
    if choice.training:
        lines.append("hf_oauth: true")
    return "\n".join(lines) + "\n"


def _body(choice: Choice) -> str:
    weights = "\n".join(_weights(each) for each in choice.checkpoints)
    training = TRAINING if choice.training else ""
    return f"""# musictx

musictx continues your piano music: give it a few seconds as a MIDI file, or pick one of the seeds, and a neural network
writes on, note by note, while the piano roll grows. {ON[choice.hardware]}

## Licences

The code is under the [MIT licence](LICENSE). The weights have their own:

{weights}

The seeds are under CC0, see [assets/seeds](assets/seeds/README.md). What the network learned from is named in words
and not as data sets of the Hub, because the files came from their makers.
{training}
This folder was laid out by `make space` from the musictx repository, which has the tests, the documentation and the
programs that trained the network.
"""


TRAINING = """
## Training

`MUSICTX_TRAINERS=name` in the settings of this Space opens the Train tab for that Hugging Face account.
"""


def _weights(checkpoint: Checkpoint) -> str:
    learned = f", learned from {', '.join(checkpoint.data)}" if checkpoint.data else ""
    return f"- [{checkpoint.title}](checkpoints/{checkpoint.name}/README.md){learned}: {checkpoint.licence}"
