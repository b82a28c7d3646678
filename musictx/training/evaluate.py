"""The figures of a model: NLL over whole held-out pieces, always without label smoothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from keras import backend, ops

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.model.transformer import MusicTransformer
from musictx.training.dataset import Ids, validation_windows
from musictx.training.objective import token_nll


@dataclass(frozen=True)
class Figures:
    """Held-out NLL in nats, and over what it was measured.

    per_token: over the 388 events (START, END and PAD are not counted). per_note: total over
    notes. per_second: total over seconds of music.
    """

    per_token: float
    per_note: float
    per_second: float
    tokens: int
    notes: int
    seconds: float
    pieces: int
    window: int


def evaluate(
    model: MusicTransformer,
    pieces: Sequence[Ids],
    window: int | None = None,
    batch_size: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> Figures:
    """NLL of whole `pieces` in fixed windows.

    Args:
        model: any checkpoint's network.
        pieces: token ids of each piece, START and END included.
        window: tokens read at once; the model's own window if not given.
        batch_size: windows a step.
        report: called with (windows done, windows in all).

    Raises:
        TrainingError: if the pieces hold no events.
    """
    window = window or model.config.window
    rows = validation_windows(pieces, window)
    total, tokens = summed_nll(model, rows, batch_size, report)
    if not tokens:
        raise TrainingError("Nothing to evaluate: the given pieces hold no notes.")
    ids = np.concatenate([np.asarray(piece) for piece in pieces])
    shifts = ids[(ids >= vocabulary.TIME_SHIFT) & (ids < vocabulary.VELOCITY)] - vocabulary.TIME_SHIFT + 1
    notes, seconds = int((ids < vocabulary.NOTE_OFF).sum()), float(shifts.sum()) / vocabulary.STEPS_PER_SECOND
    return Figures(
        total / tokens, total / max(notes, 1), total / max(seconds, 1e-9), tokens, notes, seconds, len(pieces), window
    )


def summed_nll(
    model: MusicTransformer, rows: Ids, batch_size: int, report: Callable[[int, int], None] | None = None
) -> tuple[float, int]:
    """Sum of the NLL in nats, and number of events, over windows (W, T + 1); the last batch is padded."""
    step = _nll_step(model)
    total, tokens = 0.0, 0
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        filled = np.full((batch_size, rows.shape[1]), vocabulary.PAD, np.int32)
        filled[: len(part)] = part
        targets = filled[:, 1:]
        counted = targets < vocabulary.EVENTS
        nll = step(filled[:, :-1], np.where(counted, targets, 0))
        total += float(nll[counted].sum(dtype=np.float64))
        tokens += int(counted.sum())
        if report:
            report(min(start + batch_size, len(rows)), len(rows))
    return total, tokens


def _nll_step(model: MusicTransformer) -> Callable[[Ids, Ids], npt.NDArray[np.float32]]:
    """A compiled forward pass to the NLL of each target, for the active backend."""

    def forward(inputs: object, targets: object) -> object:
        return token_nll(model(inputs, training=False).logits, targets)

    if backend.backend() == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(forward, jit_compile=True)
        return lambda inputs, targets: compiled(tf.constant(inputs), tf.constant(targets)).numpy()  # type: ignore[no-any-return]
    if backend.backend() == "torch":
        import torch

        def without_gradient(inputs: Ids, targets: Ids) -> npt.NDArray[np.float32]:
            with torch.no_grad():
                nll = forward(ops.convert_to_tensor(inputs), ops.convert_to_tensor(targets))
            return ops.convert_to_numpy(nll)  # type: ignore[no-any-return]

        return without_gradient
    import jax

    def stateless(variables: object, inputs: object, targets: object) -> object:
        output, _ = model.stateless_call(*variables, inputs, training=False)  # type: ignore[misc]
        return token_nll(output.logits, targets)

    jitted = jax.jit(stateless)
    variables = (
        [variable.value for variable in model.trainable_variables],
        [variable.value for variable in model.non_trainable_variables],
    )
    return lambda inputs, targets: np.asarray(jitted(variables, inputs, targets))
