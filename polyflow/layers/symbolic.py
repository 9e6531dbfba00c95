"""Symbolic tensors: what layers give that are called before there are data; a model is made of these calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .. import tree
from ..errors import TraceError
from ..flow.trace import trace
from ..ops.rules import Spec
from ..tensor import Operators
from ..tensor_shape import TensorShape
from .masking import probed

PROBES = (7, 11)
"""Sizes that stand for an unknown one when a layer is asked for its output's shape."""


class Node:
    """One call of a layer on symbolic tensors.

    Attributes:
        layer: the layer. args, kwargs: what it was called with. outputs: the symbolic tensors it gave, in a structure.
        number: how many calls of the layer came before.
    """

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.outputs: Any = None
        self.number = len(layer._nodes)

    def parents(self) -> list[SymbolicTensor]:
        """The symbolic tensors among the arguments, in order."""
        return list(symbols((self.args, self.kwargs)))

    def gives(self, specs: Sequence[Spec], structure: tree.Structure = None) -> Any:
        """Take these shapes and dtypes for those of the outputs, in this structure; returns the outputs."""
        found = [SymbolicTensor(spec.shape, spec.dtype, self, place) for place, spec in enumerate(specs)]
        self.outputs = tree.unflatten(structure, found)
        layer = self.layer
        if not layer._nodes:
            layer.output_shape = one_or_list([tuple(one.shape) for one in found])
        layer._nodes.append(self)
        return self.outputs


class SymbolicTensor:
    """The output of a layer that was called before there are data: a shape, with None for the batch, and a dtype.

    Python's operators, and indexing, give further ones. Functions of tensors do not take it: a layer does, and
    ``Lambda(function)`` makes a layer of any function.
    """

    def __init__(self, shape: Any, dtype: np.dtype, node: Node, place: int = 0) -> None:
        self.shape, self.dtype, self.node, self.place = TensorShape(shape), dtype, node, place

    @property
    def name(self) -> str:
        """The name of the layer that gives it."""
        return self.node.layer.name

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def get_shape(self) -> TensorShape:
        """The size of each axis."""
        return self.shape

    def numpy(self) -> NoReturn:
        """Raise TraceError: there are no values."""
        raise self._valueless()

    def _valueless(self) -> TraceError:
        return TraceError(
            f"the output of layer {self.name!r} has no values before a model gets data, so functions of tensors do not "
            "take it. Use a layer or an operator, or make a layer of the function: tf.keras.layers.Lambda(function)(x)."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """The operators of NumPy's arrays and numbers on the left; any other function of NumPy's raises TraceError."""
        found = _REFLECTED.get(ufunc)
        if found is None or method != "__call__" or options or not isinstance(inputs[0], (np.ndarray, np.generic)):
            raise self._valueless()
        return _operation(found, *inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise self._valueless()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise self._valueless()

    def __bool__(self) -> bool:
        raise self._valueless()

    def __len__(self) -> int:
        raise self._valueless()

    def __iter__(self) -> Iterator[Any]:
        raise self._valueless()

    def __float__(self) -> float:
        raise self._valueless()

    def __add__(self, other: Any) -> Any:
        return _operation("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operation("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operation("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operation("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operation("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operation("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operation("true_divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operation("true_divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operation("power", self, other)

    def __matmul__(self, other: Any) -> Any:
        return _operation("matmul", self, other)

    def __lt__(self, other: Any) -> Any:
        return _operation("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _operation("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operation("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operation("greater_equal", self, other)

    def __neg__(self) -> Any:
        return _operation("negative", self)

    def __abs__(self) -> Any:
        return _operation("absolute", self)

    def __getitem__(self, key: Any) -> Any:
        return _operation("get_item", self, key)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={tuple(self.shape)}, dtype={self.dtype.name}, name={self.name}>"


_REFLECTED = {np.add: "add", np.subtract: "subtract", np.multiply: "multiply", np.divide: "true_divide"}
"""NumPy's functions behind its arrays' operators, by the operation on symbolic tensors."""


def _operation(name: str, *args: Any) -> Any:
    from .operation import Operation

    return Operation(name)(*args)


def symbols(value: Any) -> Iterator[SymbolicTensor]:
    """The symbolic tensors in a structure, in order."""
    if isinstance(value, SymbolicTensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from symbols(one)
    elif isinstance(value, dict):
        for name in tree.keys(value):
            yield from symbols(value[name])


class SymbolOf:
    """The attribute of a layer for what its first call took or gave, in symbolic tensors.

    It is looked for where no attribute of that name was set.
    """

    def __init__(self, find: Callable[[Node], Any]) -> None:
        self.find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Any, kind: type) -> Any:
        if layer is None:
            return self
        if not layer._nodes:
            layer._call_on_symbols()
        if not layer._nodes:
            raise AttributeError(
                f"layer {layer.name!r} has no {self.name!r}: it was not called on an Input yet, and is in no "
                "Sequential whose input shape is known.",
                name=self.name,
            )
        return self.find(layer._nodes[0])


def one_or_list(found: list[Any]) -> Any:
    """The only item of a list, or the list."""
    return found[0] if len(found) == 1 else found


def called(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a layer, which is built, on arguments with symbolic tensors among them; gives symbolic tensors."""
    return Node(layer, args, kwargs).gives(*_specs(layer, args, kwargs))


def _specs(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Spec], tree.Structure]:
    """The outputs' shapes and dtypes, and their structure, found by tracing for two sizes of what is not known."""
    leaves, structure = tree.flatten((args, kwargs))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, SymbolicTensor)]

    def call(*found: Operators) -> Any:
        filled = list(leaves)
        for place, one in zip(places, found, strict=True):
            filled[place] = one
        args, kwargs = tree.unflatten(structure, filled)
        return probed(layer, layer, *args, **kwargs)

    def traced(probe: int) -> tuple[Any, list[Any]]:
        specs = [
            Spec(tuple(probe if size is None else size for size in leaves[place].shape), leaves[place].dtype)
            for place in places
        ]
        found = trace(call, *specs, backend=layer._place())
        return found.structure, found.graph.outputs[: found.results]

    (result, first), (_, second) = map(traced, PROBES)
    found = [
        Spec(tuple(a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)), one.dtype)  # type: ignore[arg-type]
        for one, other in zip(first, second, strict=True)
    ]
    return found, result
