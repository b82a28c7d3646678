"""From the history of symbolic tensors to a graph: nodes, constants, and weights that stay outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from keras import KerasTensor, ops
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from musictx.generation.engines.onnx.quantize import BITS, BLOCK, CODES, SCALES

TYPES: dict[str, int] = {
    "float32": TensorProto.FLOAT,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
    "uint8": TensorProto.UINT8,
}
MICROSOFT = "com.microsoft"  # the runtime's own operators
INT8_PRODUCTS = 4  # accuracy level of MatMulNBits: the left side is rounded to int8 too, as integer units want it


class Call(NamedTuple):
    """One operation as it was called while tracing: with these arguments it gave `output`."""

    operation: Any
    args: tuple[Any, ...]
    output: KerasTensor


class Converter:
    """Writes the graph that leads from inputs to outputs.

    Args:
        inputs: symbolic tensors by name; those of one symbolic shape have one real shape.
        weights: the same for what a checkpoint holds.
        tables: arrays by name that are no weights, yet too large for a graph.
        quantized: names of weight matrices to be read as 8-bit integers, see `quantize`.
        operations: what each Keras operation becomes.

    Attributes:
        outside: name, type and shape of every tensor that is given when the graph is opened.
    """

    def __init__(
        self,
        inputs: Mapping[str, KerasTensor],
        weights: Mapping[str, KerasTensor],
        tables: Mapping[str, npt.NDArray[Any]],
        quantized: Sequence[str],
        operations: Mapping[str, Handler],
    ) -> None:
        self._inputs, self._weights, self._tables = inputs, weights, tables
        self._quantized, self._operations = set(quantized), operations
        self._names = {id(tensor): name for name, tensor in {**inputs, **weights}.items()}
        self._nodes: list[NodeProto] = []
        self._made: dict[tuple[str, ...], str] = {}  # equal nodes are written once
        self._reshaped: dict[str, str] = {}  # output of a Reshape -> its input
        self._constants: dict[str, TensorProto] = {}
        self.outside: dict[str, tuple[str, tuple[int, ...]]] = {}

    def graph(self, name: str, outputs: Mapping[str, KerasTensor]) -> GraphProto:
        """The graph that computes `outputs`, and nothing else."""
        named = {self.name(tensor): output for output, tensor in outputs.items()}
        assert len(named) == len(outputs), "two outputs are the same tensor"
        nodes = _needed(self._nodes, set(named))
        for node in nodes:  # an output has its own name from the start: a copy of the cache would cost more than a step
            for places in (node.input, node.output):
                places[:] = [named.get(place, place) for place in places]
        used = {place for node in nodes for place in node.input}
        self.outside = {place: facts for place, facts in self.outside.items() if place in used}
        constants = [constant for place, constant in self._constants.items() if place in used]
        return helper.make_graph(
            nodes,
            name,
            [_described(place, tensor) for place, tensor in self._inputs.items()],
            [_described(output, tensor) for output, tensor in outputs.items()],
            [*constants, *(_external(place, *facts) for place, facts in self.outside.items())],
        )

    def name(self, tensor: KerasTensor) -> str:
        """The ONNX name of a symbolic tensor; whatever it is made from is converted first."""
        waiting = [tensor]
        while waiting:
            current = waiting[-1]
            if id(current) in self._names:
                waiting.pop()
                continue
            history = current._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            missing = [source for source in node.input_tensors if id(source) not in self._names]
            waiting.extend(missing)
            if not missing:
                operation = type(history.operation).__name__
                assert operation in self._operations, f"the Keras operation {operation} has no ONNX form here"
                call = Call(history.operation, node.arguments.args, current)
                self._names[id(current)] = self._operations[operation](self, call)
        return self._outer(self._names[id(tensor)])

    def _outer(self, name: str) -> str:
        if name in self._weights:
            self.outside[name] = ("float32", tuple(self._weights[name].shape))
        return name

    def value(self, value: Any, dtype: str) -> str:
        """The ONNX name of whatever an operation was given: a tensor of either kind, or a number."""
        if isinstance(value, KerasTensor):
            return self.name(value)
        array = np.asarray(value if np.isscalar(value) else ops.convert_to_numpy(value), dtype)
        for name, table in self._tables.items():
            if array.shape == table.shape and np.array_equal(array, table):
                self.outside[name] = (dtype, array.shape)
                return name
        return self.constant(array)

    def constant(self, array: npt.NDArray[Any]) -> str:
        """A constant inside the graph."""
        tensor = numpy_helper.from_array(array)
        name = f"constant_{len(self._constants)}"
        key = ("constant", str(tensor.data_type), str(array.shape), tensor.raw_data.hex())
        if self._made.setdefault(key, name) == name:
            tensor.name = name
            self._constants[name] = tensor
        return self._made[key]

    def integers(self, *numbers: int) -> str:
        """A row of int64, as shapes and axes are given."""
        return self.constant(np.array(numbers, np.int64))

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Adds a node; the name of its output."""
        key = (kind, *inputs, *(f"{name}={value}" for name, value in sorted(attributes.items())))
        output = f"{kind.lower()}_{len(self._nodes)}"
        if self._made.setdefault(key, output) == output:
            self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return self._made[key]

    def reshape(self, source: str, shape: Sequence[int | None]) -> str:
        """Adds a Reshape; of several in a row only the last remains."""
        source = self._reshaped.get(source, source)
        sizes = [-1 if size is None else size for size in shape]
        output = self.node("Reshape", [source, self.integers(*sizes)])
        self._reshaped[output] = source
        return output

    def product(self, left: str, right: str) -> str:
        """Adds a matrix product; of a quantized matrix with its codes and scales."""
        if right not in self._quantized:
            return self.node("MatMul", [left, right])
        depth, width = self._weights[right].shape
        blocks = -(-depth // BLOCK)
        codes, scales = right + CODES, right + SCALES
        self.outside[codes] = ("uint8", (width, blocks, BLOCK))
        self.outside[scales] = ("float32", (width, blocks))
        facts = {"K": depth, "N": width, "bits": BITS, "block_size": BLOCK, "accuracy_level": INT8_PRODUCTS}
        return self.node("MatMulNBits", [left, codes, scales], domain=MICROSOFT, **facts)

    def like(self, tensor: KerasTensor) -> str:
        """One input for all that are shaped as `tensor`: the caches, whose shape is then read only once."""
        alike = [name for name, other in self._inputs.items() if other.shape == tensor.shape]
        return alike[0] if alike else self.name(tensor)


Handler = Callable[[Converter, Call], str]


def _needed(nodes: Sequence[NodeProto], outputs: set[str]) -> list[NodeProto]:
    """The nodes that lead to `outputs`, in order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if node.output[0] in wanted:
            wanted |= set(node.input)
            kept.append(node)
    return kept[::-1]


def _described(name: str, tensor: KerasTensor) -> Any:
    """An input or output; its sizes that are free bear the names of their axes."""
    axes = ("R", "S", "K") if len(tensor.shape) == 3 else ("B", "T")
    sizes = [axes[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
    return helper.make_tensor_value_info(name, TYPES[tensor.dtype], sizes)


def _external(name: str, dtype: str, shape: tuple[int, ...]) -> TensorProto:
    """An initialiser whose values are given when the graph is opened; the file it names does not exist."""
    tensor = TensorProto(name=name, dims=shape, data_type=TYPES[dtype], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="weights")
    return tensor
