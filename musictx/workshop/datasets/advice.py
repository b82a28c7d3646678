"""What can be expected of a dataset, in plain sentences: how much music there is, and what may go wrong."""

from __future__ import annotations

# Minutes of training music, and what they can do; the last line is for all there is above.
EXPECTATIONS = (
    (
        2.0,
        "Very little music: the model can take over a few turns of phrase, and will soon know these pieces by heart. "
        "Use LoRA and few steps, and add music if you have it.",
    ),
    (
        15.0,
        "A few pieces: enough to shift the model's touch, harmony and figures towards yours with LoRA; not enough to "
        "teach it a form.",
    ),
    (
        90.0,
        "A good handful: enough to teach a style that the base has heard of. LoRA is the safe choice, full fine-tuning "
        "goes further and forgets more.",
    ),
    (
        1200.0,
        "Plenty for fine-tuning in full: the model can become this style. From scratch it would still play haltingly.",
    ),
    (float("inf"), "Enough to train from scratch, given days on a CPU or hours on a GPU; fine-tuning is quicker."),
)


def expectation(training_minutes: float) -> str:
    """What so much training music can be expected to do."""
    return next(sentence for most, sentence in EXPECTATIONS if training_minutes < most)


def dataset_warnings(pieces: int, validation_pieces: int, training_tokens: int, window: int = 512) -> tuple[str, ...]:
    """What may go wrong with a dataset of so many pieces in all."""
    sentences = []
    if not training_tokens:
        sentences.append("Nothing is left to train on. Move a piece into training, or add files.")
    if pieces and not validation_pieces:
        sentences.append(
            "Nothing is held out, so nobody can tell learning from knowing by heart: no curve, no warning, no blind "
            "test. Add pieces, or move one to validation."
        )
    if 0 < training_tokens < window:
        sentences.append("Less music than a single window: every step will see the same notes.")
    return tuple(sentences)
