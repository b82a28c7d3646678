"""The optimizers: what they say of the gradients they were given."""

import keras
import numpy as np
import pytest

from musictx.errors import SettingsError
from musictx.training.optimizer import build_optimizer


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_the_norm_is_that_of_the_gradient_before_it_is_clipped(name: str) -> None:
    weights = [keras.Variable(np.zeros((2, 2), np.float32)), keras.Variable(np.zeros(2, np.float32))]
    optimizer = build_optimizer(name, 0.1, 0.0, clip_norm=1.0)
    optimizer.build(weights)
    optimizer.apply([np.full((2, 2), 1.5, np.float32), np.array([4.0, 0.0], np.float32)], weights)
    assert float(keras.ops.convert_to_numpy(optimizer.gradient_norm)) == pytest.approx(5.0)


def test_an_unknown_optimizer_is_named() -> None:
    with pytest.raises(SettingsError, match="sgd"):
        build_optimizer("sgd", 0.1, 0.0, 1.0)
