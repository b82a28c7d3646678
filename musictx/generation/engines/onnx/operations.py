"""Keras operations as ONNX nodes: what each operation of the traced network becomes.

The network is built of some twenty operations of `keras.ops`. An operation that is not in `OPERATIONS` fails the
export by its name, so a new one in the network asks for its line here.

Shape letters: R rows (batch and heads on one axis), S cached positions, T tokens, K head size.
"""

from __future__ import annotations

import numpy as np
from keras import KerasTensor
from onnx import TensorProto, helper

from musictx.generation.engines.onnx.converter import TYPES, Call, Converter, Handler

END = np.iinfo(np.int64).max  # of a slice: to the end


def _elementwise(kind: str) -> Handler:
    """An operation on tensors and numbers, which take the type of the tensors."""

    def convert(converter: Converter, call: Call) -> str:
        dtype = next(value.dtype for value in call.args if isinstance(value, KerasTensor))
        return converter.node(kind, [converter.value(value, dtype) for value in call.args])

    return convert


def _matmul(converter: Converter, call: Call) -> str:
    left, right = (converter.name(tensor) for tensor in call.args)
    return converter.product(left, right)


def _cast(converter: Converter, call: Call) -> str:
    source = call.args[0]
    if source.dtype == call.output.dtype:
        return converter.name(source)
    return converter.node("Cast", [converter.name(source)], to=TYPES[call.output.dtype])


def _reshape(converter: Converter, call: Call) -> str:
    return converter.reshape(converter.name(call.args[0]), call.operation.newshape)


def _transpose(converter: Converter, call: Call) -> str:
    axes = call.operation.axes or reversed(range(len(call.output.shape)))
    return _permuted(converter, call, list(axes))


def _swapaxes(converter: Converter, call: Call) -> str:
    axes, first, second = list(range(len(call.output.shape))), call.operation.axis1, call.operation.axis2
    axes[first], axes[second] = axes[second], axes[first]
    return _permuted(converter, call, axes)


def _permuted(converter: Converter, call: Call, axes: list[int]) -> str:
    source, shape = call.args[0], call.output.shape
    moving = [axis for axis in axes if source.shape[axis] != 1]
    if moving == sorted(moving) and sum(size is None for size in shape) < 2:
        return converter.reshape(converter.name(source), shape)  # only axes of one element move: nothing to copy
    return converter.node("Transpose", [converter.name(source)], perm=axes)


def _expand_dims(converter: Converter, call: Call) -> str:
    return converter.node("Unsqueeze", [converter.name(call.args[0]), converter.integers(call.operation.axis)])


def _take(converter: Converter, call: Call) -> str:
    table, indices = call.args
    names = [converter.value(table, call.output.dtype), converter.value(indices, "int32")]
    return converter.node("Gather", names, axis=call.operation.axis)


def _get_item(converter: Converter, call: Call) -> str:
    source, key = call.args
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(source.shape) - len(keys) + 1)
    name = converter.name(source)
    cuts = [
        (axis, part.start or 0, END if part.stop is None else part.stop)
        for axis, part in enumerate(keys)
        if isinstance(part, slice) and (part.start or part.stop not in (None, source.shape[axis]))
    ]
    if cuts:
        axes, starts, ends = (converter.integers(*column) for column in zip(*cuts, strict=True))
        name = converter.node("Slice", [name, starts, ends, axes])
    for axis, part in reversed(list(enumerate(keys))):
        if isinstance(part, int):
            name = converter.node("Gather", [name, converter.constant(np.array(part, np.int64))], axis=axis)
    return name


def _slice_update(converter: Converter, call: Call) -> str:
    """(R, T, K) written into (R, S, K) from a moving place of S on: a scatter, which writes in place."""
    target, start, update = call.args
    assert len(update.shape) == 3 and start[0] == start[2] == 0, "only the middle axis of three may move"
    tokens = update.shape[1]
    row_count = converter.node("Shape", [converter.like(target)], start=0, end=1)
    bounds = (np.array(0, np.int64), np.array(1, np.int64))
    first, step = (converter.constant(bound) for bound in bounds)
    rows_R = converter.node("Range", [first, converter.node("Squeeze", [row_count]), step])
    rows_R11 = converter.node("Unsqueeze", [rows_R, converter.integers(1, 2)])
    position = converter.node("Cast", [converter.name(start[1])], to=TensorProto.INT64)
    places_T1 = converter.node("Add", [position, converter.constant(np.arange(tokens, dtype=np.int64)[:, None])])
    shape = converter.node("Concat", [row_count, converter.integers(tokens, 1)], axis=0)
    pairs = [converter.node("Expand", [part, shape]) for part in (rows_R11, places_T1)]
    indices_RT2 = converter.node("Concat", pairs, axis=-1)
    return converter.node("ScatterND", [converter.name(target), indices_RT2, converter.name(update)])


def _ones_like(converter: Converter, call: Call) -> str:
    one = helper.make_tensor("value", TYPES[call.output.dtype], [1], [1])
    return converter.node("ConstantOfShape", [converter.node("Shape", [converter.name(call.args[0])])], value=one)


def _cumsum(converter: Converter, call: Call) -> str:
    assert len(call.output.shape) == 1
    return converter.node("CumSum", [converter.name(call.args[0]), converter.integers(0)])


def _clip(converter: Converter, call: Call) -> str:
    bounds = [converter.value(bound, call.output.dtype) for bound in (call.operation.x_min, call.operation.x_max)]
    return converter.node("Clip", [converter.name(call.args[0]), *bounds])


def _where(converter: Converter, call: Call) -> str:
    condition, *values = call.args
    return converter.node(
        "Where", [converter.name(condition), *(converter.value(value, call.output.dtype) for value in values)]
    )


def _softmax(converter: Converter, call: Call) -> str:
    return converter.node("Softmax", [converter.name(call.args[0])], axis=call.operation.axis)


def _layer_norm(converter: Converter, call: Call) -> str:
    names = [converter.name(tensor) for tensor in call.args[:3]]
    return converter.node("LayerNormalization", names, axis=-1, epsilon=call.operation.epsilon)


def _gelu(converter: Converter, call: Call) -> str:
    form = "tanh" if call.operation.approximate else "none"
    return converter.node("Gelu", [converter.name(call.args[0])], approximate=form)


def _relu(converter: Converter, call: Call) -> str:
    return converter.node("Relu", [converter.name(call.args[0])])


def _concatenate(converter: Converter, call: Call) -> str:
    names = [converter.value(part, call.output.dtype) for part in call.args[0]]
    return converter.node("Concat", names, axis=call.operation.axis)


def _pad(converter: Converter, call: Call) -> str:
    before, after = zip(*call.operation.pad_width, strict=True)
    return converter.node("Pad", [converter.name(call.args[0]), converter.integers(*before, *after)])


OPERATIONS: dict[str, Handler] = {
    "Add": _elementwise("Add"),
    "Cast": _cast,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Cumsum": _cumsum,
    "ExpandDims": _expand_dims,
    "Gelu": _gelu,
    "GetItem": _get_item,
    "GreaterEqual": _elementwise("GreaterOrEqual"),
    "LayerNorm": _layer_norm,
    "Matmul": _matmul,
    "Multiply": _elementwise("Mul"),
    "OnesLike": _ones_like,
    "Pad": _pad,
    "Relu": _relu,
    "Reshape": _reshape,
    "SliceUpdate": _slice_update,
    "Softmax": _softmax,
    "Subtract": _elementwise("Sub"),
    "Swapaxes": _swapaxes,
    "Take": _take,
    "Transpose": _transpose,
    "TrueDivide": _elementwise("Div"),
    "Where": _where,
}
