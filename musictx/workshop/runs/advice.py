"""What the curves of a run say, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from musictx.workshop.runs.view import Curve

TURNED_NLL = 0.01  # nats per token above its lowest point, from which a validation curve counts as risen
TURNED_CHECKS = 2  # so many checkpoints in a row
MEMORISED_GAP = 0.7  # nats per token between training and validation beyond what the first checkpoint had
SAME_NLL = 0.005  # nats per token: less is no difference
SMOOTHING_SHARE = 0.05  # of a curve's points that its smoothed form averages over


def smoothed(steps: Sequence[int], raw: Sequence[float]) -> Curve:
    """A curve with its exponential moving average, which starts unbiased at the first value."""
    keep = 1.0 - 1.0 / max(1.0, SMOOTHING_SHARE * len(raw))
    total = weight = 0.0
    values = []
    for value in raw:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        values.append(total / weight)
    return Curve(tuple(steps), tuple(raw), tuple(values))


def advice(training: Curve, validation: Curve, before: float | None, live: bool) -> tuple[str, ...]:
    """What the curves suggest; `before` is the base's NLL on the validation pieces, None from scratch."""
    if len(validation.raw) < 1 + TURNED_CHECKS:
        return ()
    lowest = min(validation.raw)
    at = validation.steps[validation.raw.index(lowest)]
    behind = validation.raw[validation.raw.index(lowest) + 1 :]
    sentences = []
    if len(behind) >= TURNED_CHECKS and min(behind[-TURNED_CHECKS:]) > lowest + TURNED_NLL:
        act = "You may stop" if live else "More steps would not help"
        sentences.append(
            f"The validation curve has turned: lowest at step {at:,} ({lowest:.3f}), now {validation.raw[-1]:.3f}. "
            f"{act}; the weights of step {at:,} are kept."
        )
    if before is not None and not live and lowest > before - SAME_NLL:
        sentences.append(
            "The validation pieces were played no better after training than before: too little music, too few steps, "
            "or a learning rate that does not fit."
        )
    return tuple(sentences)


def memorised(training: Curve, validation: Curve) -> str:
    """A warning when training pieces are known far better than validation ones, "" otherwise."""
    if len(validation.raw) < 2 or not training.smoothed:
        return ""
    gap = validation.raw[-1] - training.smoothed[-1]
    # Pieces differ: some validation piece is harder from the start, which is no fault of the training.
    at_first = max(validation.raw[0] - training.raw[0], 0.0)
    if gap - at_first < MEMORISED_GAP:
        return ""
    return (
        f"It has begun to learn these pieces by heart: {training.smoothed[-1]:.2f} nats per token on what it trained "
        f"on, {validation.raw[-1]:.2f} on what it has not seen. It may quote them; more music or fewer steps help."
    )
