"""Weight matrices as 8-bit integers: a scale for each block of 32 inputs of each output.

    w[i, o] ~ (code[o, i // 32, i % 32] - 128) * scale[o, i // 32]

The form that ONNX Runtime's MatMulNBits reads. Made when a checkpoint is opened, from the weights as they are
stored: there is no second checkpoint.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BITS, BLOCK = 8, 32
CENTRE, LARGEST = 128, 127  # code of zero; the largest step from it
CODES, SCALES = ":codes", ":scales"  # endings of the two arrays' names


def quantized(matrix: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Codes uint8 (O, I / 32, 32) and scales float32 (O, I / 32) of a matrix (I, O); I is filled up with zeros."""
    depth, width = matrix.shape
    blocks = -(-depth // BLOCK)
    padded = np.zeros((width, blocks * BLOCK), np.float32)
    padded[:, :depth] = matrix.T
    grouped = padded.reshape(width, blocks, BLOCK)
    scales = np.abs(grouped).max(axis=-1) / LARGEST
    scales[scales == 0] = 1.0
    codes = np.rint(grouped / scales[..., None]) + CENTRE
    return codes.astype(np.uint8), scales


def restored(codes: npt.NDArray[np.uint8], scales: npt.NDArray[np.float32], depth: int) -> npt.NDArray[np.float32]:
    """The matrix (depth, O) that codes and scales stand for."""
    width = len(codes)
    values = (codes.astype(np.float32) - CENTRE) * scales[..., None]
    return np.ascontiguousarray(values.reshape(width, -1)[:, :depth].T)
