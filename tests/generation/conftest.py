"""What several tests of the engines need."""

import keras
import pytest

from musictx.config import MODEL_PRESETS
from musictx.model.transformer import MusicTransformer


@pytest.fixture(scope="module")
def model() -> MusicTransformer:
    """The tiny model, its weights scaled up so that its logits are as sharp as a trained one's."""
    keras.utils.set_random_seed(4)
    tiny = MusicTransformer(MODEL_PRESETS["tiny"])
    tiny.set_weights([weights * 3 for weights in tiny.get_weights()])
    return tiny
