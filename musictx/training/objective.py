"""What training minimises, and what is reported: cross-entropy with and without smoothing."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from musictx.midi import vocabulary
from musictx.model.transformer import MusicTransformer

Tensor = Any


def token_nll(logits_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """Negative log-likelihood of each target in nats, float32 (B, T)."""
    return losses(logits_BTV, targets_BT, 0.0)[0]


def losses(logits_BTV: Tensor, targets_BT: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """For each target, float32 (B, T): its negative log-likelihood, and its cross-entropy under label smoothing.

    The latter is against (1 - smoothing) one-hot + smoothing uniform (Szegedy et al. 2016). Both from one
    log-softmax, since eager backends would compute a second one.
    """
    log_probabilities = ops.log_softmax(ops.cast(logits_BTV, "float32"), axis=-1)
    nll = -ops.squeeze(ops.take_along_axis(log_probabilities, ops.expand_dims(targets_BT, -1), axis=-1), -1)
    if not smoothing:
        return nll, nll
    return nll, (1.0 - smoothing) * nll - smoothing * ops.mean(log_probabilities, axis=-1)


def mean_where(values_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """Mean of the values where the mask is true; 0 if it is nowhere."""
    weights = ops.cast(mask_BT, values_BT.dtype)
    return ops.sum(values_BT * weights) / ops.maximum(ops.sum(weights), 1.0)


class NextToken(keras.Model):
    """A MusicTransformer wrapped for Keras training steps on any backend.

    `train_on_batch(inputs, targets)` minimises the smoothed cross-entropy over targets that are not
    PAD; the metric "nll" is the same without smoothing.
    """

    def __init__(self, transformer: MusicTransformer, label_smoothing: float) -> None:
        super().__init__(name="next_token", dtype=transformer.dtype_policy)
        self.transformer = transformer
        self.label_smoothing = label_smoothing
        self.nll = keras.metrics.Mean(name="nll")
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Logits (B, T, V) for token ids (B, T)."""
        return self.transformer(inputs, training=training).logits

    def loss_and_nll(self, logits_BTV: Tensor, targets_BT: Tensor) -> tuple[Tensor, Tensor]:
        """The smoothed loss and the plain one, float32 scalars: means over targets that are not PAD."""
        mask = ops.not_equal(targets_BT, vocabulary.PAD)
        nll, smoothed = losses(logits_BTV, targets_BT, self.label_smoothing)
        return mean_where(smoothed, mask), mean_where(nll, mask)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The smoothed loss; tracks the plain one on the way. Called by Keras in each step."""
        loss, nll = self.loss_and_nll(y_pred, y)
        self.nll.update_state(nll)
        return loss
