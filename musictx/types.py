"""Types of arrays that many modules name."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = Any  # of the library `xp` that a function is given: numpy.ndarray, or a tensor of the Keras backend
Ids = npt.NDArray[np.int32]  # token ids
Floats = npt.NDArray[np.float32]
