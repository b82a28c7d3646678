"""The figures of a model: NLL over whole validation pieces, always without label smoothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from keras import backend, ops

from musictx.errors import TrainingError
from musictx.midi import vocabulary
from musictx.midi.codec import shift_steps
from musictx.model.transformer import MusicTransformer
from musictx.training.dataset import validation_windows
from musictx.training.objective import token_nll
from musictx.types import Ids


@dataclass(frozen=True)
class PieceLoss:
    """What a model makes of one piece. nats: total NLL. tokens, notes, seconds: over how much of it."""

    nats: float
    tokens: int
    notes: int
    seconds: float


@dataclass(frozen=True)
class Figures:
    """Validation NLL in nats, and over what it was measured.

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


class Kept(Protocol):
    """Remembers pieces that were measured before, under the same weights and settings."""

    def find(self, ids: Ids) -> PieceLoss | None:
        """What was found for a piece."""

    def add(self, ids: Ids, loss: PieceLoss) -> None:
        """Remembers what was found for a piece."""


def evaluate(
    model: MusicTransformer,
    pieces: Sequence[Ids],
    window: int | None = None,
    batch_size: int = 1,
    report: Callable[[int, int], None] | None = None,
    kept: Kept | None = None,
) -> Figures:
    """NLL of whole `pieces` in fixed windows.

    Args:
        model: any checkpoint's network.
        pieces: token ids of each piece, START and END included.
        window: tokens read at once; the model's own window if not given.
        batch_size: windows a step, all of one piece.
        report: called with (tokens done, tokens in all) after each step.
        kept: asked for each piece first, and told what was found.

    Raises:
        TrainingError: if the pieces hold no events.
    """
    window = window or model.config.window
    step = _nll_step(model)
    losses: list[PieceLoss] = []
    done, total = 0, sum(len(ids) for ids in pieces)
    for ids in pieces:
        loss = kept.find(ids) if kept else None
        if loss is None:
            measured = 0.0
            rows = validation_windows([ids], window)
            for start in range(0, len(rows), batch_size):
                measured += _summed_nll(step, rows[start : start + batch_size], batch_size)
                if report:
                    report(min(done + (start + batch_size) * window, done + len(ids)), total)
            loss = _loss_of(ids, measured)
            if kept:
                kept.add(ids, loss)
        losses.append(loss)
        done += len(ids)
    return _together(losses, window)


def _loss_of(ids: Ids, nats: float) -> PieceLoss:
    """The first token of a piece is never predicted; it is START where one was encoded."""
    seconds = float(shift_steps(ids).sum()) / vocabulary.STEPS_PER_SECOND
    return PieceLoss(nats, int((ids[1:] < vocabulary.EVENTS).sum()), int((ids < vocabulary.NOTE_OFF).sum()), seconds)


def _together(losses: Sequence[PieceLoss], window: int) -> Figures:
    nats, tokens = sum(loss.nats for loss in losses), sum(loss.tokens for loss in losses)
    notes, seconds = sum(loss.notes for loss in losses), sum(loss.seconds for loss in losses)
    if not tokens:
        raise TrainingError("Nothing to evaluate: the given pieces hold no notes.")
    return Figures(
        nats / tokens, nats / max(notes, 1), nats / max(seconds, 1e-9), tokens, notes, seconds, len(losses), window
    )


def _summed_nll(step: Callable[[Ids, Ids], npt.NDArray[np.float32]], rows: Ids, batch_size: int) -> float:
    """Sum of the NLL in nats over windows (W, T + 1), padded to `batch_size` of them."""
    filled = np.full((batch_size, rows.shape[1]), vocabulary.PAD, np.int32)
    filled[: len(rows)] = rows
    targets = filled[:, 1:]
    counted = targets < vocabulary.EVENTS
    nll = step(filled[:, :-1], np.where(counted, targets, 0))
    return float(nll[counted].sum(dtype=np.float64))


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
